{# Which deliveries are events at all, and which delivery of an event counts. #}

{# Why a delivery cannot be told as an event; NULL where it can. #}
{%- macro rejection_reason(delivery) -%}
    CASE
           WHEN {{ delivery }}.event_id = '' THEN 'missing_event_id'
           WHEN {{ delivery }}.event_at IS NULL THEN 'missing_time'
           WHEN {{ delivery }}.event_at < CAST('{{ var("plausible_from_date") }}' AS DATE)
                OR {{ delivery }}.event_at >= CAST('{{ var("plausible_before_date") }}' AS DATE)
               THEN 'implausible_time'
       END
{%- endmacro -%}

{# The window that numbers the deliveries of an event: by collection, rejected ones last. #}
{%- macro order_of_deliveries(delivery) -%}
    PARTITION BY {{ delivery }}.event_id
               ORDER BY CASE WHEN {{ rejection_reason(delivery) }} IS NULL THEN 0 ELSE 1 END
                      , {{ delivery }}.collected_at
                      , {{ delivery }}.loaded_at
                      , {{ delivery }}.event_at
                      , {{ delivery }}.device_created_at
                      , {{ delivery }}.page_view_id
                      , {{ delivery }}.page_urlpath
                      , {{ delivery }}.member_id
                      , {{ delivery }}.domain_userid
                      , {{ delivery }}.domain_sessionid
{%- endmacro -%}
