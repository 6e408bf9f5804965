-- One row per member account.
SELECT members.user_id AS member_id
     , members.client_id
     , members.country AS member_country
     , members.is_eligibility_verified
     , COALESCE(members._fivetran_deleted, FALSE) AS is_deleted

     -- timestamps (UTC)
     , {{ utc_timestamp('members.created') }} AS account_created_at
     , {{ reporting_date(utc_timestamp('members.created')) }} AS account_created_date
  FROM {{ source('wellthy', 'members') }} AS members
