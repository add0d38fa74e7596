MODEL (
  name seeds.processing_purposes,
  kind SEED (
    path '../../seeds/processing_purposes.csv',
    csv_settings (keep_default_na = FALSE, na_values = (
        ''
    ))
  ),
  description 'One row per mart: what a record of processing activities has to say about it (GDPR Art. 30).',
  grain mart,
  audits (
    UNIQUE_VALUES(columns := (
      mart
    )),
    NOT_NULL(columns := (mart, purpose, data_categories, recipients, retention, safeguards))
  ),
  columns (
    mart TEXT,
    purpose TEXT,
    lawful_basis TEXT,
    subject_categories TEXT,
    data_categories TEXT,
    recipients TEXT,
    retention TEXT,
    safeguards TEXT,
    source TEXT,
    checked_date DATE
  ),
  column_descriptions (
    mart = 'Name of the mart',
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
)
