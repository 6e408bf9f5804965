-- Rows: clients whose accounts or conversions in the comparison are not their mature entries with an account.
WITH counts AS (
    SELECT entries.funnel_name
         , COALESCE(entries.client_id, 'unknown') AS client_id
         , 1 AS entry_count
         , CASE WHEN entries.is_converted THEN 1 ELSE 0 END AS converted_entry_count
         , 0 AS compared_account_count
         , 0 AS compared_converted_count
      FROM {{ ref('funnel_entries') }} AS entries
     WHERE entries.is_mature
       AND entries.account_created_at IS NOT NULL

     UNION ALL

    SELECT comparison.funnel_name
         , comparison.client_id
         , 0 AS entry_count
         , 0 AS converted_entry_count
         , comparison.account_count AS compared_account_count
         , comparison.converted_count AS compared_converted_count
      FROM {{ ref('funnel_client_comparison') }} AS comparison
)

SELECT counts.funnel_name
     , counts.client_id
     , SUM(counts.entry_count) AS entry_count
     , SUM(counts.compared_account_count) AS compared_account_count
     , SUM(counts.converted_entry_count) AS converted_entry_count
     , SUM(counts.compared_converted_count) AS compared_converted_count
  FROM counts
 GROUP BY counts.funnel_name
        , counts.client_id
HAVING SUM(counts.entry_count) <> SUM(counts.compared_account_count)
    OR SUM(counts.converted_entry_count) <> SUM(counts.compared_converted_count)
