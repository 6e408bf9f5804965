-- One row per device that a robot drives: by its own signals, or by more funnel steps a day than a person takes.
WITH signals AS (
    SELECT events.domain_userid
         , events.bot_signal AS bot_reason
      FROM {{ ref('events') }} AS events
     WHERE events.bot_signal IS NOT NULL
       AND events.rejection_reason IS NULL
       AND events.domain_userid IS NOT NULL

     UNION ALL

    SELECT events.domain_userid
         , 'step_hits' AS bot_reason
      FROM {{ ref('unique_events') }} AS events
     INNER JOIN {{ ref('funnel_step_keys') }} AS step_keys
        ON step_keys.event_name = events.event_name
       AND step_keys.step_key IS NOT DISTINCT FROM events.step_key
     WHERE events.domain_userid IS NOT NULL
       AND {{ applies_on('step_keys', reporting_date('events.event_at')) }}
     GROUP BY events.domain_userid
            , step_keys.funnel_name
            , CAST(events.event_at AS DATE)
    HAVING COUNT(*) > {{ var('bot_step_hits_per_day') }}
)

SELECT signals.domain_userid
     , MIN(signals.bot_reason) AS bot_reason
  FROM signals
 GROUP BY signals.domain_userid
