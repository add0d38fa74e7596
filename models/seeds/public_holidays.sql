MODEL (
  name seeds.public_holidays,
  kind SEED (
    path '../../seeds/public_holidays.csv'
  ),
  description 'One row per country and public holiday on which a deadline may not end. Empty unless a lawyer asks for it.',
  grain (country, holiday_date),
  audits (
    UNIQUE_COMBINATION_OF_COLUMNS(columns := (country, holiday_date)),
    NOT_NULL(columns := (country, holiday_date))
  ),
  columns (
    country TEXT,
    holiday_date DATE,
    name TEXT,
    source TEXT,
    checked_date DATE
  ),
  column_descriptions (
    country = 'ISO 3166-1 alpha-2 code of the country of the school',
    holiday_date = 'Local date of the holiday',
    name = 'Name of the holiday',
    source = 'Where the holiday is laid down',
    checked_date = 'When the row was last compared with its source'
  )
)
