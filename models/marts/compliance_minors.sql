MODEL (
  name marts.compliance_minors,
  kind FULL,
  depends_on (
    marts.dim_school
  ),
  description 'One row per school and age band: learners with an active account below the age of digital consent (GDPR Art. 8), and those without consent of a parent.',
  grain (school_key, age_band),
  audits (
    references_dim_school,
    UNIQUE_COMBINATION_OF_COLUMNS(columns := (school_key, age_band)),
    NOT_NULL(columns := (school_key, age_band, learners_total, without_parental_consent)),
    ACCEPTED_VALUES("column" := age_band, is_in := ('unknown', 'under_13', '13_to_15')),
    FORALL(criteria := (
      without_parental_consent <= learners_total
    ))
  ),
  column_descriptions (
    school_key = 'School of the learners',
    age_band = 'under_13, 13_to_15 (below the age of the country), or unknown: no birth date, treated as a child',
    learners_total = 'Learners with an active account below the age',
    without_parental_consent = 'Those whose newest consent for analytics is missing, withdrawn, or not given by a parent'
  )
);

WITH children AS (
  SELECT
    school_key,
    age_band,
    COUNT(*) AS learners_total,
    COUNT(*) FILTER(WHERE
      NOT has_parental_consent) AS without_parental_consent
  FROM intermediate.int_compliance_children
  GROUP BY
    school_key,
    age_band
), schools AS (
  SELECT
    school_key
  FROM marts.dim_school
)
SELECT
  schools.school_key::INT AS school_key,
  bands.age_band::TEXT AS age_band,
  COALESCE(children.learners_total, 0)::INT AS learners_total,
  COALESCE(children.without_parental_consent, 0)::INT AS without_parental_consent
FROM schools
CROSS JOIN (VALUES
  ('unknown'),
  ('under_13'),
  ('13_to_15')) AS bands(age_band)
LEFT JOIN children
  ON children.school_key = schools.school_key AND children.age_band = bands.age_band
