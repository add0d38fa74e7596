MODEL (
  name seeds.response_deadlines,
  kind SEED (
    path '../../seeds/response_deadlines.csv'
  ),
  description 'One row per country and legal regime: time allowed for answering a request of a data subject.',
  grain (country, regime),
  audits (
    UNIQUE_COMBINATION_OF_COLUMNS(columns := (country, regime)),
    NOT_NULL(columns := (country, regime, source, checked_date)),
    ACCEPTED_VALUES("column" := regime, is_in := ('gdpr', 'ferpa'))
  ),
  columns (
    country TEXT,
    regime TEXT,
    response_months INT,
    response_days INT,
    source TEXT,
    checked_date DATE,
    note TEXT
  ),
  column_descriptions (
    country = 'ISO 3166-1 alpha-2 code of the country of the school; * is every country',
    regime = 'gdpr or ferpa',
    response_months = 'Calendar months from the day of receipt; empty when the regime counts days',
    response_days = 'Days from the day of receipt; empty when the regime counts months',
    source = 'Where the rule stands',
    checked_date = 'When the rule was last compared with its source',
    note = 'What a reviewer should know'
  )
)
