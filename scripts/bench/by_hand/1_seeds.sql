-- The seeds, and what a path, a time and a period are.
CREATE TEMP MACRO BARE_PATH(path) AS SPLIT_PART(SPLIT_PART(LOWER(path), '?', 1), '#', 1);

CREATE TEMP MACRO NORMALISED_PATH(path) AS
    CASE
        WHEN BARE_PATH(path) LIKE '%_/' THEN LEFT(BARE_PATH(path), LENGTH(BARE_PATH(path)) - 1)
        ELSE BARE_PATH(path)
    END;

-- a cast would ask the calendar of a time zone for every row
CREATE TEMP MACRO UTC(stamp) AS MAKE_TIMESTAMP(EPOCH_US(stamp));

CREATE TEMP TABLE funnel_definitions AS
SELECT * REPLACE (
           COALESCE(valid_from_date, DATE '1970-01-01') AS valid_from_date
         , COALESCE(valid_to_date, DATE '9999-12-31') AS valid_to_date
       )
     , CAST(DENSE_RANK() OVER (ORDER BY funnel_name) AS TINYINT) AS funnel_no
     , valid_from_date IS NOT NULL AS has_valid_from_date
  FROM READ_CSV(
           GETVARIABLE('funnel_definitions')
         , columns = {
               'funnel_name': 'VARCHAR', 'step_order': 'INTEGER', 'step_name': 'VARCHAR', 'match_type': 'VARCHAR'
             , 'match_value': 'VARCHAR', 'is_optional': 'BOOLEAN', 'conversion_window_days': 'INTEGER'
             , 'valid_from_date': 'DATE', 'valid_to_date': 'DATE'
           }
       );

CREATE TEMP TABLE calls_to_action AS
SELECT NORMALISED_PATH(page_urlpath) AS page_urlpath
     , HASH(element_id) AS element_key
  FROM READ_CSV(GETVARIABLE('calls_to_action'), all_varchar = TRUE);

CREATE TEMP TABLE funnels AS
SELECT DISTINCT steps.funnel_no
     , steps.funnel_name
     , steps.conversion_window_days
  FROM funnel_definitions AS steps;

CREATE TEMP TABLE step_names AS
SELECT DISTINCT steps.funnel_no
     , steps.funnel_name
     , steps.step_order
     , steps.step_name
  FROM funnel_definitions AS steps;

CREATE TEMP MACRO PERIODS_OF(reported_date) AS TABLE
    SELECT 'week' AS grain, CAST(DATE_TRUNC('week', reported_date) AS DATE) AS period_start_date
     UNION ALL
    SELECT 'month', CAST(DATE_TRUNC('month', reported_date) AS DATE)
     UNION ALL
    SELECT 'all', NULL;
