-- One row per funnel × client: the conversion of its accounts, and whether it may be said to differ from the rest's.
WITH ranks AS (
    SELECT tests.funnel_name
         , tests.client_id
         , ROW_NUMBER() OVER (
               PARTITION BY tests.funnel_name
                   ORDER BY tests.p_value
                          , tests.client_id
           ) AS p_value_rank
         , tests.p_value * COUNT(*) OVER (PARTITION BY tests.funnel_name) AS p_value_times_tests
      FROM {{ ref('client_z_tests') }} AS tests
     WHERE tests.is_tested
)

-- Benjamini & Hochberg (1995): the smallest of p × tests / rank, from this rank on
, corrections AS (
    SELECT ranks.funnel_name
         , ranks.client_id
         , MIN(ranks.p_value_times_tests / ranks.p_value_rank) OVER (
               PARTITION BY ranks.funnel_name
                   ORDER BY ranks.p_value_rank
                    ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
           ) AS q_value
      FROM ranks
)

SELECT tests.funnel_name
     , tests.client_id
     , tests.client_name
     , CAST(tests.account_count AS BIGINT) AS account_count
     , CAST(tests.converted_count AS BIGINT) AS converted_count
     , CAST(tests.converted_count AS DOUBLE) / tests.account_count AS conversion_rate
     , {{ wilson_low('tests.converted_count', 'tests.account_count') }} AS conversion_rate_low
     , {{ wilson_high('tests.converted_count', 'tests.account_count') }} AS conversion_rate_high
     , tests.rest_conversion_rate
     , 100 * (CAST(tests.converted_count AS DOUBLE) / tests.account_count - tests.rest_conversion_rate)
       AS difference_in_points
     , tests.z_score
     , tests.p_value
     , corrections.q_value
     , tests.is_tested
     , COALESCE(corrections.q_value < {{ var('significance_level') }}, FALSE) AS is_significant
     , omnibus_tests.omnibus_p_value
     , losses.step_name AS largest_drop_off_step_name
     , tests.account_count >= {{ var('reportable_count') }} AS is_reportable
  FROM {{ ref('client_z_tests') }} AS tests
  LEFT JOIN corrections
    ON corrections.funnel_name = tests.funnel_name
   AND corrections.client_id = tests.client_id
  LEFT JOIN {{ ref('client_omnibus_tests') }} AS omnibus_tests
    ON omnibus_tests.funnel_name = tests.funnel_name
  LEFT JOIN {{ ref('client_step_losses') }} AS losses
    ON losses.funnel_name = tests.funnel_name
   AND losses.client_id = tests.client_id
