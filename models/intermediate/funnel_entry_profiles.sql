-- One row per entry: the number of its profile.
SELECT dimensions.funnel_entry_id
     , profiles.profile_number
  FROM {{ ref('funnel_entry_dimensions') }} AS dimensions
 INNER JOIN {{ ref('funnel_profiles') }} AS profiles
    ON profiles.funnel_name = dimensions.funnel_name
   AND profiles.device_type = COALESCE(dimensions.device_type, 'unknown')
   AND profiles.geo_country = COALESCE(dimensions.geo_country, 'unknown')
   AND profiles.client_label = COALESCE(dimensions.client_label, 'unknown')
   AND profiles.client_industry = COALESCE(dimensions.client_industry, 'unknown')
   AND profiles.client_size = COALESCE(dimensions.client_size, 'unknown')
   AND profiles.eligibility_verification_method = COALESCE(dimensions.eligibility_verification_method, 'unknown')
   AND profiles.referrer_host = COALESCE(dimensions.referrer_host, 'unknown')
