-- One row per entry: what the person was, and where they came from, when they entered.
-- page_loads that start a visit are the rows of page_views; what was done on a page is not asked here
WITH landings AS (
    SELECT entries.funnel_entry_id
         , clients.client_id
      FROM {{ ref('funnel_first_entries') }} AS entries
     INNER JOIN {{ ref('page_loads') }} AS visits
        ON visits.person_id = entries.person_id
       AND visits.is_visit_start
       AND visits.viewed_at <= entries.entered_at
     INNER JOIN {{ ref('clients') }} AS clients
        ON clients.landing_page_urlpath = visits.page_urlpath
   QUALIFY ROW_NUMBER() OVER (
               PARTITION BY entries.funnel_entry_id
                   ORDER BY visits.viewed_at DESC NULLS LAST
                          , clients.client_id ASC
           ) = 1
)

SELECT entries.funnel_entry_id
     , entries.funnel_name
     , entries.person_id
     , events.member_id
     , clients.client_id
     , clients.client_label
     , CASE
           WHEN members.client_id IS NOT NULL THEN 'member'
           WHEN landings.client_id IS NOT NULL THEN 'landing_page'
           ELSE 'unknown'
       END AS client_attribution
     , members.account_created_at
     , events.device_type
     , events.geo_country
     , members.member_country
     , clients.client_size
     , clients.client_industry
     , clients.eligibility_verification_method
     , CASE
           WHEN session_starts.event_id IS NULL THEN NULL
           ELSE COALESCE(session_starts.referrer_host, 'direct')
       END AS referrer_host
  FROM {{ ref('funnel_first_entries') }} AS entries
 INNER JOIN {{ ref('member_events') }} AS events
    ON events.event_id = entries.event_id
  LEFT JOIN {{ ref('members') }} AS members
    ON members.member_id = events.member_id
  LEFT JOIN landings
    ON landings.funnel_entry_id = entries.funnel_entry_id
   AND events.member_id IS NULL -- an account without a client has none, wherever it landed
  LEFT JOIN {{ ref('clients') }} AS clients
    ON clients.client_id = COALESCE(members.client_id, landings.client_id)
  LEFT JOIN {{ ref('page_loads') }} AS session_starts
    ON session_starts.domain_sessionid = events.domain_sessionid
   AND session_starts.visit_number = 1
   AND session_starts.is_visit_start
