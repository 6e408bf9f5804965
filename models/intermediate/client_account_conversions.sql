-- One row per funnel × client: the mature entries of people with an account, and how many of them converted.
SELECT entries.funnel_name
     , COALESCE(dimensions.client_id, 'unknown') AS client_id
     , COALESCE(dimensions.client_label, 'Unknown client') AS client_name
     , COUNT(*) AS account_count
     , COUNT(entries.converted_at) AS converted_count
  FROM {{ ref('funnel_first_entries') }} AS entries
 INNER JOIN {{ ref('funnel_entry_dimensions') }} AS dimensions
    ON dimensions.funnel_entry_id = entries.funnel_entry_id
 WHERE entries.is_mature
   AND dimensions.account_created_at IS NOT NULL
 GROUP BY entries.funnel_name
        , COALESCE(dimensions.client_id, 'unknown')
        , COALESCE(dimensions.client_label, 'Unknown client')
