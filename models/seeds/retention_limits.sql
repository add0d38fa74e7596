MODEL (
  name seeds.retention_limits,
  kind SEED (
    path '../../seeds/retention_limits.csv'
  ),
  description 'One row per source table: how long its rows may be kept, and from which moment on the time counts.',
  grain source_table,
  audits (
    UNIQUE_VALUES(columns := (
      source_table
    )),
    NOT_NULL(columns := (source_table, limit_days, source, checked_date))
  ),
  columns (
    source_table TEXT,
    limit_days INT,
    counted_from TEXT,
    source TEXT,
    checked_date DATE,
    note TEXT
  ),
  column_descriptions (
    source_table = 'Table of the operational database',
    limit_days = 'Days that a row may be kept; a row is overdue from the day after',
    counted_from = 'The timestamp of the row that the days count from',
    source = 'Why the limit is what it is',
    checked_date = 'When the limit was last reviewed',
    note = 'What a reviewer should know'
  )
)
