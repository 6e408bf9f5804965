-- One row per event × funnel × step: an event that counts for a step of a funnel.
SELECT events.event_id
     , step_keys.funnel_name
     , step_keys.step_order
     , events.person_id
     , events.event_at AS hit_at
     , {{ reporting_date('events.event_at') }} AS hit_date
  FROM {{ ref('member_events') }} AS events
 INNER JOIN {{ ref('funnel_step_keys') }} AS step_keys
    ON step_keys.event_name = events.event_name
   AND step_keys.step_key IS NOT DISTINCT FROM events.step_key
 WHERE events.exclusion_reason IS NULL
   AND {{ reporting_date('events.event_at') }} >= COALESCE(step_keys.valid_from_date, CAST('1970-01-01' AS DATE))
   AND {{ reporting_date('events.event_at') }} <= COALESCE(step_keys.valid_to_date, CAST('9999-12-31' AS DATE))
