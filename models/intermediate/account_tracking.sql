-- One row per funnel × grain × period × segment: how many of the accounts created in it entered the funnel.
WITH funnels AS (
    SELECT steps.funnel_name
      FROM {{ ref('funnel_definitions') }} AS steps
     GROUP BY steps.funnel_name
)

-- few rows, before they are spread over segments and periods
, accounts AS (
    SELECT funnels.funnel_name
         , members.account_created_date
         , members.client_id
         , COUNT(*) AS account_count
         , COUNT(entries.funnel_entry_id) AS tracked_account_count
      FROM {{ ref('members') }} AS members
     CROSS JOIN funnels
      LEFT JOIN {{ ref('staff_members') }} AS staff_members
        ON staff_members.member_id = members.member_id
      LEFT JOIN {{ ref('funnel_first_entries') }} AS entries
        ON entries.funnel_name = funnels.funnel_name
       AND entries.person_id = members.member_id
     WHERE staff_members.member_id IS NULL
     GROUP BY funnels.funnel_name
            , members.account_created_date
            , members.client_id
)

, segment_accounts AS (
    SELECT accounts.funnel_name
         , accounts.account_created_date
         , segments.segment_name
         , COALESCE(
               CASE segments.segment_name
                   WHEN 'all' THEN 'all'
                   WHEN 'client' THEN clients.client_label
                   WHEN 'client_industry' THEN clients.client_industry
                   WHEN 'client_size' THEN clients.client_size
                   WHEN 'eligibility_method' THEN clients.eligibility_verification_method
               END
             , 'unknown'
           ) AS segment_value
         , accounts.account_count
         , accounts.tracked_account_count
      FROM accounts
      LEFT JOIN {{ ref('clients') }} AS clients
        ON clients.client_id = accounts.client_id
     CROSS JOIN (
            VALUES ('all')
                 , ('client')
                 , ('client_industry')
                 , ('client_size')
                 , ('eligibility_method')
           ) AS segments (segment_name)
)

SELECT segment_accounts.funnel_name
     , periods.grain
     , periods.period_start_date
     , segment_accounts.segment_name
     , segment_accounts.segment_value
     , SUM(segment_accounts.account_count) AS account_count
     , SUM(segment_accounts.tracked_account_count) AS tracked_account_count
  FROM segment_accounts
 INNER JOIN {{ ref('reporting_periods') }} AS periods
    ON periods.reported_date = segment_accounts.account_created_date
 GROUP BY segment_accounts.funnel_name
        , periods.grain
        , periods.period_start_date
        , segment_accounts.segment_name
        , segment_accounts.segment_value
