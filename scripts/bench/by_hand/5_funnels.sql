-- Entries: first attempts, and the steps that they reached.

-- One row per funnel × date × step: the steps of those who enter on that date.
CREATE TEMP TABLE daily_steps AS
WITH dates AS (
    SELECT DISTINCT hits.funnel_no
         , CAST(hits.hit_at AS DATE) AS entered_date
      FROM hits
)

SELECT dates.funnel_no
     , dates.entered_date
     , CAST(steps.step_order AS TINYINT) AS step_order
     , steps.step_name
     , steps.is_optional
     , steps.conversion_window_days
     , CAST(COUNT(*) FILTER (NOT steps.is_optional) OVER (entered ORDER BY steps.step_order) AS TINYINT)
       AS required_number
     , CAST(COUNT(*) FILTER (NOT steps.is_optional) OVER entered AS TINYINT) AS required_count
  FROM dates
 INNER JOIN funnel_definitions AS steps
    ON steps.funnel_no = dates.funnel_no
   AND dates.entered_date BETWEEN steps.valid_from_date AND steps.valid_to_date
WINDOW entered AS (PARTITION BY dates.funnel_no, dates.entered_date);

-- One row per funnel × person × time at the first step.
CREATE TEMP TABLE attempts AS
SELECT hits.funnel_no
     , hits.person_no
     , hits.hit_at AS started_at
     , MIN(hits.event_no) AS event_no
     , COUNT(*) AS hit_count
     , FIRST(steps.conversion_window_days) AS conversion_window_days
     , FIRST(steps.required_count) AS required_count
  FROM hits
 INNER JOIN daily_steps AS steps
    ON steps.funnel_no = hits.funnel_no
   AND steps.entered_date = CAST(hits.hit_at AS DATE)
   AND steps.step_order = hits.step_order
 WHERE steps.required_number = 1
   AND NOT steps.is_optional
 GROUP BY hits.funnel_no
        , hits.person_no
        , hits.hit_at;

CREATE TEMP TABLE first_attempts AS
SELECT CAST(ROW_NUMBER() OVER () AS INTEGER) AS entry_no
     , attempts.funnel_no
     , attempts.person_no
     , MIN(attempts.started_at) AS entered_at
     , CAST(MIN(attempts.started_at) AS DATE) AS entered_date
     , MIN(attempts.started_at) + TO_DAYS(FIRST(attempts.conversion_window_days)) AS window_ends_at
     , ARG_MIN(attempts.event_no, attempts.started_at) AS event_no
     , ARG_MIN(attempts.required_count, attempts.started_at) AS required_count
     , CAST(COUNT(*) AS INTEGER) AS entry_count
  FROM attempts
 GROUP BY attempts.funnel_no
        , attempts.person_no;

-- Of several events at the first step at one time, the one with the smallest id tells what the person was.
UPDATE first_attempts
   SET event_no = tied.event_no
  FROM (
        SELECT attempts.funnel_no
             , attempts.person_no
             , attempts.started_at
             , ARG_MIN(person_events.event_no, person_events.event_id) AS event_no
          FROM attempts
         INNER JOIN hits
            ON hits.funnel_no = attempts.funnel_no
           AND hits.person_no = attempts.person_no
           AND hits.hit_at = attempts.started_at
         INNER JOIN daily_steps AS steps
            ON steps.funnel_no = hits.funnel_no
           AND steps.entered_date = CAST(hits.hit_at AS DATE)
           AND steps.step_order = hits.step_order
           AND steps.required_number = 1
           AND NOT steps.is_optional
         INNER JOIN person_events
            ON person_events.event_no = hits.event_no
         WHERE attempts.hit_count > 1
         GROUP BY ALL
       ) AS tied
 WHERE tied.funnel_no = first_attempts.funnel_no
   AND tied.person_no = first_attempts.person_no
   AND tied.started_at = first_attempts.entered_at;

-- One row per entry × hit within its window.
CREATE TEMP TABLE entry_hits AS
SELECT entries.entry_no
     , hits.step_order
     , CASE WHEN NOT steps.is_optional THEN steps.required_number END AS required_number
     , hits.hit_at
     , hits.event_no
  FROM hits
 INNER JOIN first_attempts AS entries
    ON entries.funnel_no = hits.funnel_no
   AND entries.person_no = hits.person_no
   AND hits.hit_at BETWEEN entries.entered_at AND entries.window_ends_at
 INNER JOIN daily_steps AS steps
    ON steps.funnel_no = entries.funnel_no
   AND steps.entered_date = entries.entered_date
   AND steps.step_order = hits.step_order;

-- One row per entry × step seen.
CREATE TEMP TABLE first_hits AS
SELECT entry_hits.entry_no
     , entry_hits.step_order
     , FIRST(entry_hits.required_number) AS required_number
     , MIN(entry_hits.hit_at) AS first_hit_at
     , COUNT(*) AS hit_count
  FROM entry_hits
 GROUP BY entry_hits.entry_no
        , entry_hits.step_order;

-- One row per entry: when each required step was reached, as far as first hits tell: they do if they are in order.
CREATE TEMP TABLE chains AS
WITH firsts AS (
    SELECT first_hits.entry_no
         , MAX(first_hits.step_order) AS furthest_step_order_seen
         , COUNT(first_hits.required_number) AS required_count_seen
         , MIN(CASE WHEN first_hits.required_number = 1 THEN first_hits.first_hit_at END) AS reached_1
         , MIN(CASE WHEN first_hits.required_number = 2 THEN first_hits.first_hit_at END) AS hit_2
         , MIN(CASE WHEN first_hits.required_number = 3 THEN first_hits.first_hit_at END) AS hit_3
         , MIN(CASE WHEN first_hits.required_number = 4 THEN first_hits.first_hit_at END) AS hit_4
         , MIN(CASE WHEN first_hits.required_number = 5 THEN first_hits.first_hit_at END) AS hit_5
         , MIN(CASE WHEN first_hits.required_number = 6 THEN first_hits.first_hit_at END) AS hit_6
         , MIN(CASE WHEN first_hits.required_number = 7 THEN first_hits.first_hit_at END) AS hit_7
         , MIN(CASE WHEN first_hits.required_number = 8 THEN first_hits.first_hit_at END) AS hit_8
         , MIN(CASE WHEN first_hits.required_number = 9 THEN first_hits.first_hit_at END) AS hit_9
         , MIN(CASE WHEN first_hits.required_number = 10 THEN first_hits.first_hit_at END) AS hit_10
         , MIN(CASE WHEN first_hits.required_number = 11 THEN first_hits.first_hit_at END) AS hit_11
         , MIN(CASE WHEN first_hits.required_number = 12 THEN first_hits.first_hit_at END) AS hit_12
      FROM first_hits
     GROUP BY first_hits.entry_no
)

SELECT firsts.entry_no
     , firsts.furthest_step_order_seen
     , firsts.required_count_seen
     , CASE WHEN hit_2 >= reached_1 THEN hit_2 END AS reached_2
     , CASE WHEN hit_3 >= reached_2 THEN hit_3 END AS reached_3
     , CASE WHEN hit_4 >= reached_3 THEN hit_4 END AS reached_4
     , CASE WHEN hit_5 >= reached_4 THEN hit_5 END AS reached_5
     , CASE WHEN hit_6 >= reached_5 THEN hit_6 END AS reached_6
     , CASE WHEN hit_7 >= reached_6 THEN hit_7 END AS reached_7
     , CASE WHEN hit_8 >= reached_7 THEN hit_8 END AS reached_8
     , CASE WHEN hit_9 >= reached_8 THEN hit_9 END AS reached_9
     , CASE WHEN hit_10 >= reached_9 THEN hit_10 END AS reached_10
     , CASE WHEN hit_11 >= reached_10 THEN hit_11 END AS reached_11
     , CASE WHEN hit_12 >= reached_11 THEN hit_12 END AS reached_12
     , [
           reached_1, reached_2, reached_3, reached_4, reached_5, reached_6
         , reached_7, reached_8, reached_9, reached_10, reached_11, reached_12
       ] AS reached
     , COALESCE(hit_2 < reached_1, FALSE)
       OR COALESCE(hit_3 < reached_2, FALSE)
       OR COALESCE(hit_4 < reached_3, FALSE)
       OR COALESCE(hit_5 < reached_4, FALSE)
       OR COALESCE(hit_6 < reached_5, FALSE)
       OR COALESCE(hit_7 < reached_6, FALSE)
       OR COALESCE(hit_8 < reached_7, FALSE)
       OR COALESCE(hit_9 < reached_8, FALSE)
       OR COALESCE(hit_10 < reached_9, FALSE)
       OR COALESCE(hit_11 < reached_10, FALSE)
       OR COALESCE(hit_12 < reached_11, FALSE) AS is_out_of_order
  FROM firsts;

-- What first hits cannot tell: entries whose steps came out of order, and later attempts of people who did not convert.
CREATE TEMP TABLE exact_attempts AS
WITH unconverted AS (
    SELECT entries.funnel_no
         , entries.person_no
         , entries.entry_no
         , entries.entered_at
      FROM first_attempts AS entries
     INNER JOIN chains
        ON chains.entry_no = entries.entry_no
     WHERE entries.entry_count > 1
       AND chains.reached[entries.required_count] IS NULL
)

, last_hits AS (
    SELECT hits.funnel_no
         , hits.person_no
         , MAX(hits.hit_at) AS last_hit_at
      FROM hits
     INNER JOIN daily_steps AS steps
        ON steps.funnel_no = hits.funnel_no
       AND steps.entered_date = CAST(hits.hit_at AS DATE)
       AND steps.step_order = hits.step_order
     WHERE steps.required_number = steps.required_count
     GROUP BY hits.funnel_no
            , hits.person_no
)

SELECT entries.entry_no
     , entries.entered_at AS started_at
     , entries.funnel_no
     , entries.person_no
     , entries.window_ends_at
     , TRUE AS is_first
  FROM first_attempts AS entries
 INNER JOIN chains
    ON chains.entry_no = entries.entry_no
 WHERE chains.is_out_of_order

 UNION ALL

SELECT unconverted.entry_no
     , attempts.started_at
     , attempts.funnel_no
     , attempts.person_no
     , attempts.started_at + TO_DAYS(attempts.conversion_window_days) AS window_ends_at
     , FALSE AS is_first
  FROM unconverted
 INNER JOIN attempts
    ON attempts.funnel_no = unconverted.funnel_no
   AND attempts.person_no = unconverted.person_no
   AND attempts.started_at > unconverted.entered_at
 INNER JOIN last_hits
    ON last_hits.funnel_no = attempts.funnel_no
   AND last_hits.person_no = attempts.person_no
   AND last_hits.last_hit_at >= attempts.started_at;

CREATE TEMP TABLE exact_chains AS
WITH RECURSIVE relevant_hits AS MATERIALIZED (
    SELECT hits.funnel_no
         , hits.person_no
         , hits.step_order
         , hits.hit_at
      FROM hits
     WHERE hits.person_no IN (SELECT exact_attempts.person_no FROM exact_attempts)
)

, chain AS (
    SELECT exact_attempts.entry_no
         , exact_attempts.started_at
         , exact_attempts.funnel_no
         , exact_attempts.person_no
         , exact_attempts.window_ends_at
         , exact_attempts.is_first
         , 1 AS required_number
         , exact_attempts.started_at AS reached_at
      FROM exact_attempts

     UNION ALL

    SELECT chain.entry_no
         , chain.started_at
         , chain.funnel_no
         , chain.person_no
         , chain.window_ends_at
         , chain.is_first
         , chain.required_number + 1 AS required_number
         , MIN(hits.hit_at) AS reached_at
      FROM chain
     INNER JOIN daily_steps AS steps
        ON steps.funnel_no = chain.funnel_no
       AND steps.entered_date = CAST(chain.started_at AS DATE)
       AND steps.required_number = chain.required_number + 1
       AND NOT steps.is_optional
     INNER JOIN relevant_hits AS hits
        ON hits.funnel_no = chain.funnel_no
       AND hits.person_no = chain.person_no
       AND hits.step_order = steps.step_order
       AND hits.hit_at BETWEEN chain.reached_at AND chain.window_ends_at
     GROUP BY ALL
)

SELECT chain.entry_no
     , chain.is_first
     , chain.started_at
     , LIST(chain.reached_at ORDER BY chain.required_number) AS reached
  FROM chain
 GROUP BY chain.entry_no
        , chain.is_first
        , chain.started_at;

CREATE TEMP TABLE observation AS
SELECT MAX(deliveries.event_at) AS observed_until_at
  FROM deliveries
 WHERE deliveries.event_at > COALESCE(deliveries.collected_at, deliveries.loaded_at) + INTERVAL 5 MINUTE IS NOT TRUE;

CREATE TEMP TABLE entries AS
WITH converted_later AS (
    SELECT DISTINCT exact_chains.entry_no
      FROM exact_chains
     INNER JOIN first_attempts
        ON first_attempts.entry_no = exact_chains.entry_no
     INNER JOIN daily_steps AS steps
        ON steps.funnel_no = first_attempts.funnel_no
       AND steps.entered_date = CAST(exact_chains.started_at AS DATE)
     WHERE LEN(exact_chains.reached) = steps.required_count
)

SELECT attempts.entry_no
     , attempts.funnel_no
     , attempts.person_no
     , attempts.event_no
     , attempts.entered_at
     , attempts.entered_date
     , attempts.window_ends_at
     , attempts.entry_count
     , COALESCE(exact_chains.reached, chains.reached) AS reached_ats
     , CAST(LIST_COUNT(reached_ats) AS TINYINT) AS furthest_required_number
     , reached_ats[attempts.required_count] AS converted_at
     , COALESCE(converted_at, attempts.window_ends_at) AS measured_until_at
     , chains.furthest_step_order_seen
     , chains.required_count_seen
     , converted_at IS NOT NULL OR converted_later.entry_no IS NOT NULL AS is_converted_ever
     , observation.observed_until_at
     , attempts.window_ends_at <= observation.observed_until_at AS is_mature
  FROM first_attempts AS attempts
 INNER JOIN chains
    ON chains.entry_no = attempts.entry_no
  LEFT JOIN exact_chains
    ON exact_chains.entry_no = attempts.entry_no
   AND exact_chains.is_first
  LEFT JOIN converted_later
    ON converted_later.entry_no = attempts.entry_no
 CROSS JOIN observation;
