MODEL (
  name marts.class_mastery,
  kind FULL,
  depends_on (marts.dim_course, marts.dim_school),
  description 'One row per class that takes a course, over the learners enrolled in it.',
  grain class_key,
  audits (
    unique_values(columns := (
      class_key
    )),
    not_null(
      columns := (
        class_key,
        course_key,
        school_key,
        learners,
        beginning_count,
        developing_count,
        proficient_count,
        mastered_count,
        not_enough_data_count
      )
    ),
    references_dim_class,
    references_dim_course,
    references_dim_school,
    forall(
      criteria := (
        beginning_count + developing_count + proficient_count + mastered_count + not_enough_data_count = learners
      )
    )
  ),
  column_descriptions (
    class_key = 'Class',
    course_key = 'Course that the class takes',
    school_key = 'School of the class',
    learners = 'Learners enrolled',
    average_mastery = 'Mean course mastery (0..100) of those who have one; NULL when nobody has',
    average_knowledge = 'Mean knowledge (0..1) of those with evidence; NULL when nobody has any',
    beginning_count = 'Learners at that level',
    developing_count = 'Learners at that level',
    proficient_count = 'Learners at that level',
    mastered_count = 'Learners at that level',
    not_enough_data_count = 'Learners with fewer than 3 pieces of evidence'
  )
);

WITH members AS (
  SELECT
    dim_class.class_key,
    dim_class.course_key,
    dim_class.school_key,
    fct_enrollment.user_key
  FROM marts.dim_class
  LEFT JOIN (
    SELECT
      fct_enrollment.class_key,
      fct_enrollment.user_key
    FROM marts.fct_enrollment
    INNER JOIN intermediate.int_users /* learners only */
      ON int_users.user_key = fct_enrollment.user_key AND int_users.is_learner
    WHERE
      fct_enrollment.is_enrolled
  ) AS fct_enrollment
    ON fct_enrollment.class_key = dim_class.class_key
  WHERE
    NOT dim_class.course_key IS NULL
), levels AS (
  SELECT
    members.class_key,
    members.course_key,
    members.school_key,
    members.user_key,
    mastery.mastery::DECIMAL(18, 12) AS mastery, /* sums of decimals do not depend on their order */
    mastery.knowledge::DECIMAL(18, 16) AS knowledge,
    COALESCE(mastery.level, 'not_enough_data') AS level
  FROM members
  LEFT JOIN marts.learner_course_mastery AS mastery
    ON mastery.user_key = members.user_key AND mastery.course_key = members.course_key
)
SELECT
  levels.class_key::INT AS class_key,
  levels.course_key::INT AS course_key,
  levels.school_key::INT AS school_key,
  COUNT(levels.user_key)::INT AS learners,
  CAST(SUM(levels.mastery)::DOUBLE / NULLIF(COUNT(levels.mastery), 0) AS DOUBLE) AS average_mastery,
  CAST(SUM(levels.knowledge)::DOUBLE / NULLIF(COUNT(levels.knowledge), 0) AS DOUBLE) AS average_knowledge,
  COUNT(levels.user_key) FILTER(WHERE
    levels.level = 'beginning')::INT AS beginning_count,
  COUNT(levels.user_key) FILTER(WHERE
    levels.level = 'developing')::INT AS developing_count,
  COUNT(levels.user_key) FILTER(WHERE
    levels.level = 'proficient')::INT AS proficient_count,
  COUNT(levels.user_key) FILTER(WHERE
    levels.level = 'mastered')::INT AS mastered_count,
  COUNT(levels.user_key) FILTER(WHERE
    levels.level = 'not_enough_data')::INT AS not_enough_data_count
FROM levels
GROUP BY
  levels.class_key,
  levels.course_key,
  levels.school_key
