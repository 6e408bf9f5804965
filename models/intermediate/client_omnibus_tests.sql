-- One row per funnel: one chi-square test of whether the clients' conversion rates differ at all.
WITH totals AS (
    SELECT conversions.funnel_name
         , COUNT(*) - 1 AS degrees_of_freedom
         , CAST(SUM(conversions.converted_count) AS DOUBLE) / SUM(conversions.account_count) AS conversion_rate
      FROM {{ ref('client_account_conversions') }} AS conversions
     GROUP BY conversions.funnel_name
)

, statistics AS (
    SELECT totals.funnel_name
         , totals.degrees_of_freedom
         , {{ exact_sum(
               'POWER(conversions.converted_count - conversions.account_count * totals.conversion_rate, 2)
               / (conversions.account_count * totals.conversion_rate * (1 - totals.conversion_rate))'
             , 'DECIMAL(38, 20)'
           ) }} AS chi_square
      FROM totals
     INNER JOIN {{ ref('client_account_conversions') }} AS conversions
        ON conversions.funnel_name = totals.funnel_name
     WHERE totals.degrees_of_freedom > 0
       AND totals.conversion_rate > 0
       AND totals.conversion_rate < 1
     GROUP BY totals.funnel_name
            , totals.degrees_of_freedom
)

-- The tail of chi-square is a finite sum (Abramowitz & Stegun 26.4.4, 26.4.5) of less terms than there are clients, so
-- the clients themselves count the terms. offset: terms are powers i (even degrees) or i - 1/2 (odd) of chi_square / 2.
, terms AS (
    SELECT statistics.funnel_name
         , statistics.degrees_of_freedom
         , statistics.chi_square
         , ROW_NUMBER() OVER (PARTITION BY statistics.funnel_name ORDER BY conversions.client_id)
           - CASE WHEN MOD(statistics.degrees_of_freedom, 2) = 0 THEN 1.0 ELSE 0.5 END AS exponent
      FROM statistics
     INNER JOIN {{ ref('client_account_conversions') }} AS conversions
        ON conversions.funnel_name = statistics.funnel_name
)

, log_terms AS (
    SELECT terms.funnel_name
         , terms.degrees_of_freedom
         , terms.chi_square
         , terms.exponent
         , terms.exponent * LN(NULLIF(terms.chi_square, 0) / 2) - terms.chi_square / 2
           - SUM(CASE WHEN terms.exponent > 0 THEN LN(terms.exponent) ELSE 0 END) OVER (
               PARTITION BY terms.funnel_name
                   ORDER BY terms.exponent
                    ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
             )
           - CASE WHEN MOD(terms.degrees_of_freedom, 2) = 0 THEN 0 ELSE LN(PI()) / 2 END AS log_term
      FROM terms
)

SELECT log_terms.funnel_name
     , log_terms.degrees_of_freedom
     , log_terms.chi_square
     , CASE
           WHEN log_terms.chi_square = 0 THEN 1.0
           -- too small a sum for decimals; in this order it is the same every time
           ELSE SUM(CASE
                        WHEN log_terms.exponent <= log_terms.degrees_of_freedom / 2.0 - 1 THEN EXP(log_terms.log_term)
                        ELSE 0
                    END) OVER (
                    PARTITION BY log_terms.funnel_name
                        ORDER BY log_terms.exponent
                         ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
                )
                + CASE
                      WHEN MOD(log_terms.degrees_of_freedom, 2) = 0 THEN 0
                      ELSE {{ normal_two_sided_p('SQRT(log_terms.chi_square)') }}
                  END
       END AS omnibus_p_value
  FROM log_terms
QUALIFY ROW_NUMBER() OVER (
            PARTITION BY log_terms.funnel_name
                ORDER BY log_terms.exponent DESC NULLS LAST
        ) = 1
