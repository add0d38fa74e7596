MODEL (
  name staging.stg_mart_catalog,
  kind VIEW,
  description 'One row per mart that the project defines.',
  grain mart
);

SELECT
  mart,
  description AS mart_description,
  grain AS mart_grain,
  has_person_key,
  is_compliance
FROM raw.mart_catalog
