-- Which deliveries count, and whose they are: told of whole stays, of single events only where a stay has no answer.

-- What is no event, and what was delivered before, is counted and goes.
CREATE TEMP TABLE left_out AS
SELECT deliveries.rowid AS event_no
     , CAST(deliveries.loaded_at AS DATE) AS load_date
     , CASE
           WHEN deliveries.event_key IS NULL THEN 'missing_event_id'
           WHEN deliveries.event_at IS NULL THEN 'missing_time'
           ELSE 'implausible_time'
       END AS reason
  FROM deliveries
 WHERE deliveries.event_key IS NULL
    OR deliveries.event_at IS NULL
    OR deliveries.event_at < DATE '2000-01-01'
    OR deliveries.event_at >= DATE '2100-01-01';

DELETE FROM deliveries
 WHERE deliveries.rowid IN (SELECT left_out.event_no FROM left_out);

CREATE TEMP TABLE robot_devices AS
SELECT DISTINCT deliveries.device_key
  FROM deliveries
 WHERE deliveries.is_robot
   AND deliveries.device_key IS NOT NULL;

CREATE TEMP TABLE staff_members AS
SELECT DISTINCT deliveries.member_id
  FROM deliveries
 WHERE deliveries.is_staff
   AND deliveries.member_id IS NOT NULL;

CREATE TEMP TABLE repeats AS
WITH repeated AS (
    SELECT deliveries.event_key
      FROM deliveries
     GROUP BY deliveries.event_key
    HAVING COUNT(*) > 1
)

SELECT deliveries.rowid AS event_no
     , CAST(deliveries.loaded_at AS DATE) AS load_date
  FROM deliveries
 INNER JOIN repeated
    ON repeated.event_key = deliveries.event_key
QUALIFY ROW_NUMBER() OVER (
            PARTITION BY deliveries.event_key
                ORDER BY deliveries.collected_at
                       , deliveries.loaded_at
                       , deliveries.event_at
        ) > 1;

DELETE FROM deliveries
 WHERE deliveries.rowid IN (SELECT repeats.event_no FROM repeats);

INSERT INTO left_out
SELECT repeats.event_no
     , repeats.load_date
     , 'duplicate' AS reason
  FROM repeats;

-- A device that takes more than 200 steps of a funnel on a day is a robot's as well.
INSERT INTO robot_devices
SELECT deliveries.device_key
  FROM deliveries
 INNER JOIN step_kinds
    ON step_kinds.kind_no = deliveries.kind_no
 WHERE CAST(deliveries.event_at AS DATE) BETWEEN step_kinds.valid_from_date AND step_kinds.valid_to_date
   AND deliveries.device_key IN (
           SELECT busy.device_key
             FROM deliveries AS busy
            WHERE busy.event_id IS NOT NULL
            GROUP BY busy.device_key
           HAVING COUNT(*) > 200
       )
 GROUP BY deliveries.device_key
        , step_kinds.funnel_no
        , CAST(deliveries.event_at AS DATE)
HAVING COUNT(*) > 200;

-- One row per stay.
CREATE TEMP TABLE stays AS
SELECT deliveries.stay_key
     , FIRST(deliveries.device_key) AS device_key
     , FIRST(deliveries.session_key) AS session_key
     , FIRST(deliveries.member_id) AS member_id
     , ANY_VALUE(deliveries.domain_userid) AS domain_userid
     , MIN(deliveries.event_at) AS first_at
     , MAX(deliveries.event_at) AS last_at
  FROM deliveries
 GROUP BY deliveries.stay_key;

CREATE TEMP TABLE anonymous_stays AS
WITH pairs AS (
    SELECT stays.stay_key
         , stays.device_key
         , stays.session_key
         , stays.first_at
         , stays.last_at
         , signed.member_id
         , signed.session_key AS signed_session_key
         , signed.first_at AS signed_first_at
         , signed.last_at AS signed_last_at
         , signed.first_at >= stays.last_at AS is_next
         , signed.last_at < stays.first_at AS is_previous
         , signed.first_at < stays.last_at AND signed.last_at >= stays.first_at AS is_inner
      FROM stays
     INNER JOIN stays AS signed
        ON signed.device_key = stays.device_key
       AND signed.member_id IS NOT NULL
     WHERE stays.member_id IS NULL
)

, surroundings AS (
    SELECT pairs.stay_key
         , FIRST(pairs.device_key) AS device_key
         , FIRST(pairs.session_key) AS session_key
         , FIRST(pairs.first_at) AS first_at
         , FIRST(pairs.last_at) AS last_at
         , COUNT(*) FILTER (pairs.is_inner) AS inner_count
         , ANY_VALUE(pairs.member_id) FILTER (pairs.is_inner) AS inner_member_id
         , ANY_VALUE(pairs.signed_session_key) FILTER (pairs.is_inner) AS inner_session_key
         , ANY_VALUE(pairs.signed_last_at) FILTER (pairs.is_inner) AS inner_last_at
         , MIN(pairs.signed_first_at) FILTER (pairs.is_next) AS next_at
         , ARG_MIN(pairs.member_id, pairs.signed_first_at) FILTER (pairs.is_next) AS next_member_id
         , ARG_MAX(pairs.member_id, pairs.signed_last_at) FILTER (pairs.is_previous) AS previous_member_id
         , ARG_MAX(pairs.signed_session_key, pairs.signed_last_at) FILTER (pairs.is_previous) AS previous_session_key
      FROM pairs
     GROUP BY pairs.stay_key
)

-- next: a member comes within 30 days of all of the stay; inner: one is seen in the middle of it and nobody else can be
-- meant; previous: the last one before it was there in the same session; each: its events may be of different people
SELECT surroundings.stay_key
     , surroundings.device_key
     , CASE
           WHEN inner_count = 0 AND next_at <= first_at + INTERVAL 30 DAY THEN 'next'
           WHEN inner_count = 0 AND (next_at IS NULL OR next_at > last_at + INTERVAL 30 DAY)
               THEN CASE WHEN previous_session_key = session_key THEN 'previous' ELSE 'nobody' END
           WHEN inner_count = 1
                AND inner_session_key = session_key
                AND inner_last_at <= first_at + INTERVAL 30 DAY
                AND (next_member_id IS NULL OR next_member_id = inner_member_id)
               THEN 'inner'
           ELSE 'each'
       END AS verdict
     , CASE verdict
           WHEN 'next' THEN next_member_id
           WHEN 'previous' THEN previous_member_id
           WHEN 'inner' THEN inner_member_id
       END AS member_id
  FROM surroundings;

CREATE TEMP TABLE found_members AS
WITH sightings AS (
    SELECT events.rowid AS event_no
         , events.stay_key
         , events.event_at
         , events.session_key
         , events.member_id
         , FIRST_VALUE(events.member_id IGNORE NULLS) OVER from_here AS next_member_id
         , FIRST_VALUE(CASE WHEN events.member_id IS NOT NULL THEN events.event_at END IGNORE NULLS) OVER from_here
           AS next_at
         , LAST_VALUE(events.member_id IGNORE NULLS) OVER until_here AS previous_member_id
         , LAST_VALUE(
               CASE WHEN events.member_id IS NOT NULL THEN COALESCE(events.session_key, 0) END IGNORE NULLS
           ) OVER until_here AS previous_session_key
      FROM deliveries AS events
     WHERE events.device_key IN (SELECT stays.device_key FROM anonymous_stays AS stays WHERE stays.verdict = 'each')
    WINDOW from_here AS (
               PARTITION BY events.device_key
                   ORDER BY events.event_at, events.member_id IS NOT NULL, events.event_key
                    ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
           )
         , until_here AS (
               PARTITION BY events.device_key
                   ORDER BY events.event_at, events.member_id IS NOT NULL, events.event_key
                    ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
           )
)

, candidates AS (
    SELECT sightings.event_no
         , CASE
               WHEN sightings.next_at <= sightings.event_at + INTERVAL 30 DAY THEN sightings.next_member_id
               WHEN sightings.previous_session_key = sightings.session_key THEN sightings.previous_member_id
           END AS member_id
      FROM sightings
     WHERE sightings.member_id IS NULL
       AND sightings.stay_key IN (SELECT stays.stay_key FROM anonymous_stays AS stays WHERE stays.verdict = 'each')
)

SELECT candidates.event_no
     , candidates.member_id
  FROM candidates
 WHERE candidates.member_id IS NOT NULL;

-- from here on those events are like signed-in ones, in stays of their own
UPDATE deliveries
   SET member_id = found_members.member_id
     , stay_key = HASH(deliveries.stay_key, found_members.member_id)
  FROM found_members
 WHERE found_members.event_no = deliveries.rowid;

INSERT INTO stays
SELECT deliveries.stay_key
     , FIRST(deliveries.device_key)
     , FIRST(deliveries.session_key)
     , FIRST(deliveries.member_id)
     , ANY_VALUE(deliveries.domain_userid)
     , MIN(deliveries.event_at)
     , MAX(deliveries.event_at)
  FROM deliveries
 INNER JOIN found_members
    ON found_members.event_no = deliveries.rowid
 GROUP BY deliveries.stay_key;

CREATE TEMP TABLE owners AS
SELECT stays.stay_key
     , COALESCE(stays.member_id, anonymous_stays.member_id) AS member_id
     , stays.domain_userid
     , stays.device_key
     , CASE
           WHEN stays.device_key IN (SELECT robots.device_key FROM robot_devices AS robots) THEN 'bot'
           WHEN stays.member_id IS NULL AND stays.device_key IS NULL THEN 'missing_key'
           WHEN COALESCE(stays.member_id, anonymous_stays.member_id) IN (
                    SELECT staff.member_id FROM staff_members AS staff
                )
               THEN 'staff'
       END AS exclusion_reason
  FROM stays
  LEFT JOIN anonymous_stays
    ON anonymous_stays.stay_key = stays.stay_key;

CREATE TEMP TABLE people AS
SELECT CAST(ROW_NUMBER() OVER () AS INTEGER) AS person_no
     , COALESCE(owners.member_id, 'anon:' || ANY_VALUE(owners.domain_userid)) AS person_id
     , owners.member_id
     , CASE WHEN owners.member_id IS NULL THEN owners.device_key END AS anonymous_device_key
  FROM owners
 WHERE owners.exclusion_reason IS NULL
 GROUP BY owners.member_id
        , CASE WHEN owners.member_id IS NULL THEN owners.device_key END;

CREATE TEMP TABLE excluded_stays AS
SELECT owners.stay_key
     , owners.exclusion_reason
  FROM owners
 WHERE owners.exclusion_reason IS NOT NULL;

CREATE TEMP TABLE stay_people AS
SELECT owners.stay_key
     , people.person_no
  FROM owners
 INNER JOIN people
    ON people.member_id IS NOT DISTINCT FROM owners.member_id
   AND people.anonymous_device_key IS NOT DISTINCT FROM CASE WHEN owners.member_id IS NULL THEN owners.device_key END
 WHERE owners.exclusion_reason IS NULL;

CREATE TABLE event_accounting AS
WITH modelled_kinds AS (
    SELECT kinds.kind_no
      FROM kinds
     WHERE kinds.kind_no IN (SELECT step_kinds.kind_no FROM step_kinds)
        OR kinds.page_urlpath IN (
               SELECT step_kinds.page_urlpath FROM step_kinds WHERE step_kinds.event_name = 'page_view'
           )
)

, counts AS (
    SELECT CAST(deliveries.loaded_at AS DATE) AS load_date
         , CASE WHEN deliveries.is_robot THEN 'bot' ELSE excluded_stays.exclusion_reason END AS exclusion_reason
         , deliveries.kind_no
         , COUNT(*) AS event_count
      FROM deliveries
      LEFT JOIN excluded_stays
        ON excluded_stays.stay_key = deliveries.stay_key
     GROUP BY ALL
)

, reasons AS (
    SELECT counts.load_date
         , COALESCE(
               counts.exclusion_reason
             , CASE WHEN modelled_kinds.kind_no IS NULL THEN 'outside_funnels' ELSE 'modelled' END
           ) AS reason
         , counts.event_count
      FROM counts
      LEFT JOIN modelled_kinds
        ON modelled_kinds.kind_no = counts.kind_no

     UNION ALL

    SELECT left_out.load_date
         , left_out.reason
         , COUNT(*) AS event_count
      FROM left_out
     GROUP BY ALL
)

SELECT reasons.load_date
     , reasons.reason
     , CAST(SUM(reasons.event_count) AS BIGINT) AS event_count
  FROM reasons
 GROUP BY ALL;
