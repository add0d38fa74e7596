MODEL (
  name staging.stg_contents,
  kind VIEW,
  description 'Contents of lessons as the source has them.'
);

SELECT
  contents.id::TEXT AS content_id,
  contents.lesson_key::INT AS lesson_key,
  contents.kind::TEXT AS kind,
  contents.title::TEXT AS title
FROM raw.contents
