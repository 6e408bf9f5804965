-- One row per funnel × client: its accounts' conversion against everybody else's, by the pooled z test.
WITH clients AS (
    SELECT conversions.funnel_name
         , conversions.client_id
         , conversions.client_name
         , conversions.account_count
         , conversions.converted_count
         , SUM(conversions.account_count) OVER (PARTITION BY conversions.funnel_name)
           - conversions.account_count AS rest_account_count
         , SUM(conversions.converted_count) OVER (PARTITION BY conversions.funnel_name)
           - conversions.converted_count AS rest_converted_count
      FROM {{ ref('client_account_conversions') }} AS conversions
)

, scores AS (
    SELECT clients.funnel_name
         , clients.client_id
         , clients.client_name
         , clients.account_count
         , clients.converted_count
         , CAST(clients.rest_converted_count AS DOUBLE) / NULLIF(clients.rest_account_count, 0) AS rest_conversion_rate
         , {{ two_proportion_z(
               'clients.converted_count', 'clients.account_count'
             , 'clients.rest_converted_count', 'clients.rest_account_count'
           ) }} AS z_score
         , clients.client_id <> 'unknown'
           AND clients.account_count >= {{ var('tested_account_count') }}
           AND clients.converted_count >= {{ var('tested_outcome_count') }}
           AND clients.account_count - clients.converted_count >= {{ var('tested_outcome_count') }}
           AND clients.rest_account_count > 0 AS is_tested
      FROM clients
)

SELECT scores.funnel_name
     , scores.client_id
     , scores.client_name
     , scores.account_count
     , scores.converted_count
     , scores.rest_conversion_rate
     , scores.z_score
     , scores.is_tested
     , CASE WHEN scores.is_tested THEN {{ normal_two_sided_p('scores.z_score') }} END AS p_value
  FROM scores
