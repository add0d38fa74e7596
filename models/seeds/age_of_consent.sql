MODEL (
  name seeds.age_of_consent,
  kind SEED (
    path '../../seeds/age_of_consent.csv'
  ),
  columns (
    country TEXT,
    age INT,
    valid_from DATE,
    source TEXT,
    checked_on DATE,
    status TEXT
  ),
  grain (country, valid_from),
  audits (
    unique_combination_of_columns(columns := (country, valid_from)),
    not_null(columns := (country, age, valid_from, source, checked_on, status))
  ),
  description 'One row per country and date from which its age of digital consent holds (GDPR Art. 8, COPPA).'
)
