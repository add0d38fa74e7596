MODEL (
  name marts.processing_register,
  kind FULL,
  description 'One row per mart: the record of processing activities (GDPR Art. 30), from the metadata of the models and the reviewed purposes. A mart without a purpose is a finding.',
  grain mart,
  audits (
    UNIQUE_VALUES(columns := (
      mart
    )),
    NOT_NULL(columns := (mart, mart_description, is_documented))
  ),
  column_descriptions (
    mart = 'Name of the mart',
    mart_description = 'What a row of it is',
    mart_grain = 'Columns that identify a row',
    has_person_key = 'Whether its rows are about single people, by key',
    is_documented = 'Whether a reviewed entry exists; false is a finding',
    purpose = 'Why the data is processed',
    lawful_basis = 'Legal basis of the processing',
    subject_categories = 'Whose data it is',
    data_categories = 'Which kinds of data it is',
    recipients = 'Who gets to see it',
    retention = 'When it is erased',
    safeguards = 'Technical and organisational measures',
    source = 'Where the duty to record stands',
    checked_date = 'When the entry was last reviewed'
  )
);

SELECT
  catalog.mart::TEXT AS mart,
  catalog.mart_description::TEXT AS mart_description,
  catalog.mart_grain::TEXT AS mart_grain,
  catalog.has_person_key::BOOLEAN AS has_person_key,
  CAST(NOT purposes.mart IS NULL AS BOOLEAN) AS is_documented,
  purposes.purpose::TEXT AS purpose,
  purposes.lawful_basis::TEXT AS lawful_basis,
  purposes.subject_categories::TEXT AS subject_categories,
  purposes.data_categories::TEXT AS data_categories,
  purposes.recipients::TEXT AS recipients,
  purposes.retention::TEXT AS retention,
  purposes.safeguards::TEXT AS safeguards,
  purposes.source::TEXT AS source,
  purposes.checked_date::DATE AS checked_date
FROM staging.stg_mart_catalog AS catalog
LEFT JOIN seeds.processing_purposes AS purposes
  ON purposes.mart = catalog.mart
