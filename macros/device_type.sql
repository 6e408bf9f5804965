{# Kind of device, by YAUAA's class, else by the type of Snowplow's own parser. #}
{%- macro device_type(event) -%}
    CASE LOWER(COALESCE({{ event }}.device_class, {{ event }}.dvce_type, 'unknown'))
           WHEN 'phone' THEN 'phone'
           WHEN 'mobile' THEN 'phone'
           WHEN 'desktop' THEN 'desktop'
           WHEN 'computer' THEN 'desktop'
           WHEN 'tablet' THEN 'tablet'
           WHEN 'unknown' THEN 'unknown'
           ELSE 'other'
       END
{%- endmacro -%}
