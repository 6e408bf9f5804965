-- One row per entry × segment: the values by which the funnel tables are cut.
SELECT dimensions.funnel_entry_id
     , segments.segment_name
     , COALESCE(
           CASE segments.segment_name
               WHEN 'all' THEN 'all'
               WHEN 'device' THEN dimensions.device_type
               WHEN 'country' THEN dimensions.geo_country
               WHEN 'client' THEN dimensions.client_label
               WHEN 'client_industry' THEN dimensions.client_industry
               WHEN 'client_size' THEN dimensions.client_size
               WHEN 'eligibility_method' THEN dimensions.eligibility_verification_method
               WHEN 'referrer' THEN dimensions.referrer_host
           END
         , 'unknown'
       ) AS segment_value
  FROM {{ ref('funnel_entry_dimensions') }} AS dimensions
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
