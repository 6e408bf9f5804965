-- One row per funnel × combination of what its entries are cut by: a profile that many entries share, with a number.
SELECT CAST(ROW_NUMBER() OVER (
           ORDER BY dimensions.funnel_name
                  , COALESCE(dimensions.device_type, 'unknown')
                  , COALESCE(dimensions.geo_country, 'unknown')
                  , COALESCE(dimensions.client_label, 'unknown')
                  , COALESCE(dimensions.client_industry, 'unknown')
                  , COALESCE(dimensions.client_size, 'unknown')
                  , COALESCE(dimensions.eligibility_verification_method, 'unknown')
                  , COALESCE(dimensions.referrer_host, 'unknown')
       ) AS INTEGER) AS profile_number
     , dimensions.funnel_name
     , COALESCE(dimensions.device_type, 'unknown') AS device_type
     , COALESCE(dimensions.geo_country, 'unknown') AS geo_country
     , COALESCE(dimensions.client_label, 'unknown') AS client_label
     , COALESCE(dimensions.client_industry, 'unknown') AS client_industry
     , COALESCE(dimensions.client_size, 'unknown') AS client_size
     , COALESCE(dimensions.eligibility_verification_method, 'unknown') AS eligibility_verification_method
     , COALESCE(dimensions.referrer_host, 'unknown') AS referrer_host
  FROM {{ ref('funnel_entry_dimensions') }} AS dimensions
 GROUP BY dimensions.funnel_name
        , COALESCE(dimensions.device_type, 'unknown')
        , COALESCE(dimensions.geo_country, 'unknown')
        , COALESCE(dimensions.client_label, 'unknown')
        , COALESCE(dimensions.client_industry, 'unknown')
        , COALESCE(dimensions.client_size, 'unknown')
        , COALESCE(dimensions.eligibility_verification_method, 'unknown')
        , COALESCE(dimensions.referrer_host, 'unknown')
