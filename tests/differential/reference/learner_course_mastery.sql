SELECT mastery.*, person.school_id FROM mastery JOIN person ON person.user_id = mastery.user_id
