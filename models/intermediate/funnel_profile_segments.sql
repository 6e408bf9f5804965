-- One row per profile × segment: the values by which the funnel tables are cut, numbered.
WITH segment_values AS (
    SELECT profiles.profile_number
         , profiles.funnel_name
         , segments.segment_name
         , CASE segments.segment_name
               WHEN 'all' THEN 'all'
               WHEN 'device' THEN profiles.device_type
               WHEN 'country' THEN profiles.geo_country
               WHEN 'client' THEN profiles.client_label
               WHEN 'client_industry' THEN profiles.client_industry
               WHEN 'client_size' THEN profiles.client_size
               WHEN 'eligibility_method' THEN profiles.eligibility_verification_method
               WHEN 'referrer' THEN profiles.referrer_host
           END AS segment_value
      FROM {{ ref('funnel_profiles') }} AS profiles
     CROSS JOIN (
            VALUES ('all')
                 , ('device')
                 , ('country')
                 , ('client')
                 , ('client_industry')
                 , ('client_size')
                 , ('eligibility_method')
                 , ('referrer')
           ) AS segments (segment_name)
)

SELECT segment_values.profile_number
     , CAST(DENSE_RANK() OVER (
           ORDER BY segment_values.funnel_name
                  , segment_values.segment_name
                  , segment_values.segment_value
       ) AS INTEGER) AS segment_number
     , segment_values.funnel_name
     , segment_values.segment_name
     , segment_values.segment_value
  FROM segment_values
