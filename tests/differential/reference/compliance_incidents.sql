SELECT incident_id, school_id, subjects_affected, is_open, is_late AS is_notified_late FROM incident
