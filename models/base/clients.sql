-- One row per client (employer).
{%- set landing_path = normalised_path("REGEXP_REPLACE(clients.client_landing_page_url, '^[a-zA-Z]+://[^/?#]*', '')") %}

SELECT clients.id AS client_id
     , clients.name AS client_name
     , CASE
           WHEN COUNT(*) OVER (PARTITION BY clients.name) > 1 THEN clients.name || ' (' || clients.id || ')'
           ELSE clients.name
       END AS client_label
     , clients.client_size
     , clients.client_industry
     , clients.verification_type AS eligibility_verification_method
     , NULLIF(
           NULLIF({{ landing_path }}, '')
         , '/' -- the home page is nobody's own landing page
       ) AS landing_page_urlpath
     , COALESCE(clients.is_archived, FALSE) AS is_archived
     , COALESCE(clients._fivetran_deleted, FALSE) AS is_deleted

     -- timestamps (UTC)
     , {{ utc_timestamp('clients.created') }} AS created_at
  FROM {{ source('wellthy', 'clients') }} AS clients
