-- One row per funnel × grain × period × segment: how many of the accounts created in it entered the funnel.
WITH funnels AS (
    SELECT steps.funnel_name
      FROM {{ ref('funnel_definitions') }} AS steps
     GROUP BY steps.funnel_name
)

, accounts AS (
    SELECT members.member_id
         , members.account_created_date
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
      FROM {{ ref('members') }} AS members
      LEFT JOIN {{ ref('clients') }} AS clients
        ON clients.client_id = members.client_id
      LEFT JOIN {{ ref('staff_members') }} AS staff_members
        ON staff_members.member_id = members.member_id
     CROSS JOIN (
            VALUES ('all')
                 , ('client')
                 , ('client_industry')
                 , ('client_size')
                 , ('eligibility_method')
           ) AS segments (segment_name)
     WHERE staff_members.member_id IS NULL
)

SELECT funnels.funnel_name
     , periods.grain
     , periods.period_start_date
     , accounts.segment_name
     , accounts.segment_value
     , COUNT(*) AS account_count
     , COUNT(entries.funnel_entry_id) AS tracked_account_count
  FROM accounts
 CROSS JOIN funnels
 INNER JOIN {{ ref('reporting_periods') }} AS periods
    ON periods.reported_date = accounts.account_created_date
  LEFT JOIN {{ ref('funnel_first_entries') }} AS entries
    ON entries.funnel_name = funnels.funnel_name
   AND entries.person_id = accounts.member_id
 GROUP BY funnels.funnel_name
        , periods.grain
        , periods.period_start_date
        , accounts.segment_name
        , accounts.segment_value
