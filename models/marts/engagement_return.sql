MODEL (
  name marts.engagement_return,
  kind FULL,
  depends_on (
    marts.dim_school
  ),
  description 'One row per scope (each school, and the platform), local date on which users became active again, and their last active date before it.',
  grain (scope, scope_key, return_date, last_date),
  audits (
    unique_by_blocks(
      keys := (scope, scope_key, last_date),
      number := DATE_DIFF('DAY', '1970-01-01'::DATE, return_date)
    ),
    not_null(columns := (scope, scope_key, return_date, last_date, users)),
    accepted_values("column" := scope, is_in := ('school', 'platform')),
    references_dim_school("column" := scope_key),
    forall(criteria := (users > 0, last_date < return_date - 1))
  ),
  column_descriptions (
    scope = 'school or platform',
    scope_key = 'Key of the school; 0 for the platform',
    return_date = 'Local date that begins a run of active dates. The distinct users of any dates from S to E are those active on S, and those who return after S, up to E, and were last active before S',
    last_date = 'Last active local date before that run; 31 December 1899 for the first run of a user',
    users = 'Users, any role'
  )
);

WITH scopes AS (
  SELECT
    'school' AS scope,
    int_engagement_returns.school_key AS scope_key,
    int_engagement_returns.return_date,
    int_engagement_returns.last_date,
    int_engagement_returns.users
  FROM intermediate.int_engagement_returns
  UNION ALL
  SELECT
    'platform',
    0,
    int_engagement_returns.return_date,
    int_engagement_returns.last_date,
    SUM(int_engagement_returns.users)
  FROM intermediate.int_engagement_returns
  GROUP BY
    int_engagement_returns.return_date,
    int_engagement_returns.last_date
)
SELECT
  scopes.scope::TEXT AS scope,
  scopes.scope_key::INT AS scope_key,
  scopes.return_date::DATE AS return_date,
  COALESCE(scopes.last_date, '1899-12-31'::DATE)::DATE AS last_date,
  scopes.users::INT AS users
FROM scopes
