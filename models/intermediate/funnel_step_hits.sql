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
   AND {{ applies_on('step_keys', reporting_date('events.event_at')) }}
