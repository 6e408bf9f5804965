-- One row per funnel × person seen at a step of the funnel but never at its first.
SELECT hits.funnel_name
     , hits.person_id
     , MIN(hits.hit_date) AS first_seen_date
  FROM {{ ref('funnel_step_hits') }} AS hits
  LEFT JOIN {{ ref('funnel_first_entries') }} AS entries
    ON entries.funnel_name = hits.funnel_name
   AND entries.person_id = hits.person_id
 WHERE entries.funnel_entry_id IS NULL
 GROUP BY hits.funnel_name
        , hits.person_id
