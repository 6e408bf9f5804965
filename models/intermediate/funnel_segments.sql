-- One row per funnel × segment × value: its number, by which rows are grouped instead of by three texts.
SELECT segments.segment_number
     , segments.funnel_name
     , segments.segment_name
     , segments.segment_value
  FROM {{ ref('funnel_profile_segments') }} AS segments
 GROUP BY segments.segment_number
        , segments.funnel_name
        , segments.segment_name
        , segments.segment_value
