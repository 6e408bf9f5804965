{# Why an event's own fields say that a robot sent it; NULL where nothing does, a missing user agent included. #}
{%- macro bot_signal(event) -%}
    CASE
           WHEN {{ event }}.is_listed_robot THEN 'iab'
           WHEN {{ event }}.agent_class LIKE 'Robot%' OR {{ event }}.agent_class IN ('Spy', 'Hacker') THEN 'yauaa'
           {%- for sign in [
               'bot/', 'bot;', 'bot)', 'spider', 'crawl', 'slurp', 'headless', 'phantomjs', 'bingpreview',
               'facebookexternalhit', 'pingdom',
           ] %}
           WHEN {{ event }}.useragent LIKE '%{{ sign }}%' THEN 'user_agent'
           {%- endfor %}
       END
{%- endmacro -%}
