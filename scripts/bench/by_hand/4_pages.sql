-- Page views in the order of their session, and hits of funnel steps.

-- One row per page view or step of a person.
CREATE TEMP TABLE person_events AS
SELECT deliveries.rowid AS event_no
     , stay_people.person_no
     , deliveries.kind_no
     , deliveries.event_at
     , deliveries.session_key
     , deliveries.page_view_key
     , deliveries.event_id
  FROM deliveries
 INNER JOIN stay_people
    ON stay_people.stay_key = deliveries.stay_key
 WHERE deliveries.event_id IS NOT NULL
   AND NOT deliveries.is_robot;

-- A page view id that comes twice in a session counts once, as the first.
CREATE TEMP TABLE repeated_loads AS
WITH repeated AS (
    SELECT person_events.page_view_key
      FROM person_events
     INNER JOIN kinds
        ON kinds.kind_no = person_events.kind_no
       AND kinds.event_name = 'page_view'
     WHERE person_events.page_view_key IS NOT NULL
     GROUP BY person_events.page_view_key
    HAVING COUNT(*) > 1
)

SELECT person_events.event_no
  FROM person_events
 INNER JOIN kinds
    ON kinds.kind_no = person_events.kind_no
   AND kinds.event_name = 'page_view'
 INNER JOIN repeated
    ON repeated.page_view_key = person_events.page_view_key
QUALIFY ROW_NUMBER() OVER (
            PARTITION BY person_events.page_view_key
                ORDER BY person_events.event_at
                       , person_events.event_id
        ) > 1;

-- One row per load of a page.
CREATE TEMP TABLE loads AS
SELECT person_events.event_no
     , person_events.person_no
     , person_events.session_key
     , person_events.page_view_key
     , person_events.event_id
     , kinds.path_no
     , person_events.event_at AS viewed_at
     , NOT COALESCE(
           person_events.session_key IS NOT NULL
           AND kinds.page_urlpath IS NOT NULL
           AND kinds.path_no = LAG(kinds.path_no) OVER timeline
           AND person_events.event_at <= LAG(person_events.event_at) OVER timeline + INTERVAL 2 SECOND
         , FALSE
       ) AS is_visit_start
     , CASE WHEN person_events.session_key IS NOT NULL THEN LEAD(person_events.event_at) OVER timeline END
       AS next_viewed_at
     , ROW_NUMBER() OVER timeline AS load_number
  FROM person_events
 INNER JOIN kinds
    ON kinds.kind_no = person_events.kind_no
   AND kinds.event_name = 'page_view'
 WHERE person_events.event_no NOT IN (SELECT repeated_loads.event_no FROM repeated_loads)
WINDOW timeline AS (
           PARTITION BY person_events.session_key
               ORDER BY person_events.event_at
                      , person_events.event_id
       );
-- A page loaded again within two seconds is one visit, which goes on to the load after both.
CREATE TEMP TABLE double_fires AS
SELECT loads.event_no
     , loads.page_view_key
     , loads.is_visit_start
     , LAST_VALUE(CASE WHEN loads.is_visit_start THEN loads.event_no END IGNORE NULLS) OVER (
           PARTITION BY loads.session_key
               ORDER BY loads.load_number
       ) AS visit_event_no
     , FIRST_VALUE(CASE WHEN loads.is_visit_start THEN loads.viewed_at END IGNORE NULLS) OVER (
           PARTITION BY loads.session_key
               ORDER BY loads.load_number
                ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
       ) AS next_viewed_at
  FROM loads
 WHERE loads.session_key IN (SELECT repeated.session_key FROM loads AS repeated WHERE NOT repeated.is_visit_start);

UPDATE loads
   SET next_viewed_at = double_fires.next_viewed_at
  FROM double_fires
 WHERE double_fires.event_no = loads.event_no;

CREATE TEMP TABLE hits AS
SELECT step_kinds.funnel_no
     , CAST(step_kinds.step_order AS TINYINT) AS step_order
     , person_events.person_no
     , person_events.event_at AS hit_at
     , person_events.event_no
  FROM person_events
 INNER JOIN step_kinds
    ON step_kinds.kind_no = person_events.kind_no
 WHERE CAST(person_events.event_at AS DATE) BETWEEN step_kinds.valid_from_date AND step_kinds.valid_to_date;
