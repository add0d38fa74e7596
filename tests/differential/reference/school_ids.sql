SELECT school_id FROM school ORDER BY code
