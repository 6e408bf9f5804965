-- One row per funnel × client that lost anybody: the required step at which most people with an account were lost.
SELECT entries.funnel_name
     , COALESCE(dimensions.client_id, 'unknown') AS client_id
     , times.step_name
     , COUNT(*) AS lost_count
  FROM {{ ref('funnel_first_entries') }} AS entries
 INNER JOIN {{ ref('funnel_entry_dimensions') }} AS dimensions
    ON dimensions.funnel_entry_id = entries.funnel_entry_id
 INNER JOIN {{ ref('funnel_step_times') }} AS times
    ON times.funnel_entry_id = entries.funnel_entry_id
 WHERE entries.is_mature
   AND dimensions.account_created_at IS NOT NULL
   AND NOT times.is_optional
   AND times.reached_at IS NULL
   AND times.previous_required_reached_at IS NOT NULL
 GROUP BY entries.funnel_name
        , COALESCE(dimensions.client_id, 'unknown')
        , times.step_order
        , times.step_name
QUALIFY ROW_NUMBER() OVER (
            PARTITION BY entries.funnel_name
                       , COALESCE(dimensions.client_id, 'unknown')
                ORDER BY COUNT(*) DESC
                       , times.step_order
        ) = 1
