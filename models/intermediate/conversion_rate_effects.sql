-- One row per funnel × grain × period: its rate's change since the period before, split into mix and rate by client.
WITH periods AS (
    SELECT conversions.funnel_name
         , conversions.grain
         , conversions.period_start_date
         , CAST(SUM(conversions.mature_entry_count) AS DOUBLE) AS entry_count
         , CAST(SUM(conversions.converted_count) AS DOUBLE) AS converted_count
         , LAG(conversions.period_start_date) OVER (
               PARTITION BY conversions.funnel_name
                          , conversions.grain
                   ORDER BY conversions.period_start_date
           ) AS previous_period_start_date
      FROM {{ ref('client_period_conversions') }} AS conversions
     GROUP BY conversions.funnel_name
            , conversions.grain
            , conversions.period_start_date
)

-- every client of the two periods, each period's figures in columns of their own
, clients AS (
    SELECT periods.funnel_name
         , periods.grain
         , periods.period_start_date
         , conversions.client_id
         , SUM(CASE
                   WHEN conversions.period_start_date = periods.period_start_date THEN conversions.mature_entry_count
                   ELSE 0
               END) AS entry_count
         , SUM(CASE
                   WHEN conversions.period_start_date = periods.period_start_date THEN conversions.converted_count
                   ELSE 0
               END) AS converted_count
         , SUM(CASE
                   WHEN conversions.period_start_date = periods.period_start_date THEN 0
                   ELSE conversions.mature_entry_count
               END) AS previous_entry_count
         , SUM(CASE
                   WHEN conversions.period_start_date = periods.period_start_date THEN 0
                   ELSE conversions.converted_count
               END) AS previous_converted_count
      FROM periods
     INNER JOIN {{ ref('client_period_conversions') }} AS conversions
        ON conversions.funnel_name = periods.funnel_name
       AND conversions.grain = periods.grain
       AND conversions.period_start_date IN (periods.period_start_date, periods.previous_period_start_date)
     GROUP BY periods.funnel_name
            , periods.grain
            , periods.period_start_date
            , conversions.client_id
)

, client_rates AS (
    SELECT clients.funnel_name
         , clients.grain
         , clients.period_start_date
         , clients.entry_count / periods.entry_count AS entry_share
         , clients.converted_count / periods.entry_count AS converted_share
         , clients.previous_entry_count / previous.entry_count AS previous_entry_share

         -- a client that is new in the period is held against everybody's rate before
         , COALESCE(
               CAST(clients.previous_converted_count AS DOUBLE) / NULLIF(clients.previous_entry_count, 0)
             , previous.converted_count / previous.entry_count
           ) AS previous_rate
      FROM clients
     INNER JOIN periods
        ON periods.funnel_name = clients.funnel_name
       AND periods.grain = clients.grain
       AND periods.period_start_date = clients.period_start_date
     INNER JOIN periods AS previous
        ON previous.funnel_name = periods.funnel_name
       AND previous.grain = periods.grain
       AND previous.period_start_date = periods.previous_period_start_date
)

SELECT client_rates.funnel_name
     , client_rates.grain
     , client_rates.period_start_date
     , {{ exact_sum(
           '(client_rates.entry_share - client_rates.previous_entry_share) * client_rates.previous_rate'
         , 'DECIMAL(38, 24)'
       ) }} AS mix_effect
     , {{ exact_sum(
           'client_rates.converted_share - client_rates.entry_share * client_rates.previous_rate'
         , 'DECIMAL(38, 24)'
       ) }} AS rate_effect
  FROM client_rates
 GROUP BY client_rates.funnel_name
        , client_rates.grain
        , client_rates.period_start_date
