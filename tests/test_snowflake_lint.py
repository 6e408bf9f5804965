"""The lint of compiled statements: each DuckDB-ism that is planted has its finding, and what is legal has none."""

# ruff: noqa: E501  one statement, one line

import duckdb
import pytest

from scripts.snowflake.lint import findings, lint_all

# Name, a SELECT in our style with one DuckDB-ism, and words of its finding. The SELECT can be a CTE of any model.
PLANTED = [
    # clauses
    ("filter_where", "SELECT COUNT(*) FILTER (WHERE visits.ping_count > 1) AS visit_count FROM prep.intermediate.page_views AS visits", "FILTER (WHERE visits.ping_count > 1): Snowflake has none, write COUNT(CASE"),
    ("distinct_on", "SELECT DISTINCT ON (visits.person_id) visits.person_id FROM prep.intermediate.page_views AS visits", "DISTINCT ON (visits.person_id): Snowflake has none, write QUALIFY"),
    ("qualify_without_window", "SELECT visits.person_id FROM prep.intermediate.page_views AS visits QUALIFY visits.visit_number = 1", "write WHERE or HAVING"),
    ("from_first", "FROM prep.intermediate.page_views", "SELECT first, then FROM"),
    ("from_first_in_brackets", "SELECT visits.person_id FROM (FROM prep.intermediate.page_views) AS visits", "SELECT first, then FROM"),
    ("from_before_select", "WITH visits AS (SELECT 1 AS person_id) FROM visits SELECT visits.person_id", "SELECT first, then FROM"),
    ("semi_join", "SELECT visits.person_id FROM prep.intermediate.page_views AS visits SEMI JOIN prep.base.members AS members ON members.member_id = visits.person_id", "SEMI JOIN prep.base.members: Snowflake has none, write WHERE EXISTS"),
    ("anti_join", "SELECT visits.person_id FROM prep.intermediate.page_views AS visits ANTI JOIN prep.base.members AS members ON members.member_id = visits.person_id", "NOT EXISTS"),
    ("asof_join", "SELECT visits.person_id FROM prep.intermediate.page_views AS visits ASOF JOIN prep.base.members AS members ON members.account_created_at <= visits.viewed_at", "ASOF JOIN prep.base.members: not as on Snowflake"),
    ("positional_join", "SELECT visits.person_id FROM prep.intermediate.page_views AS visits POSITIONAL JOIN prep.base.members AS members", "POSITIONAL JOIN prep.base.members: not as on Snowflake"),
    ("pivot", "PIVOT prep.intermediate.page_views ON device_type USING COUNT(*) GROUP BY person_id", "PIVOT prep.intermediate.page_views: not as on Snowflake: write CASE"),
    ("unpivot", "UNPIVOT prep.intermediate.page_views ON dwell_seconds, engaged_seconds INTO NAME measure VALUE seconds", "UNPIVOT prep.intermediate.page_views: not as on Snowflake: write CASE"),
    ("using_sample", "SELECT visits.person_id FROM prep.intermediate.page_views AS visits USING SAMPLE 10%", "USING SAMPLE 10%: not as on Snowflake"),
    ("tablesample", "SELECT visits.person_id FROM prep.intermediate.page_views AS visits TABLESAMPLE 10%", "TABLESAMPLE 10%: not as on Snowflake"),
    ("limit_percent", "SELECT visits.person_id FROM prep.intermediate.page_views AS visits ORDER BY visits.viewed_at LIMIT 10%", "LIMIT 10%: Snowflake knows no percent"),
    ("trailing_comma_in_select", "SELECT visits.person_id, visits.viewed_at, FROM prep.intermediate.page_views AS visits", "visits.viewed_at, FROM: no comma after the last"),
    ("trailing_comma_in_call", "SELECT COALESCE(visits.scroll_depth_rate, 0,) AS depth FROM prep.intermediate.page_views AS visits", "0,): no comma after the last"),
    ("except_all", "SELECT members.member_id FROM prep.base.members AS members EXCEPT ALL SELECT staff.member_id FROM prep.intermediate.staff_members AS staff", "EXCEPT ALL: Snowflake has none"),
    ("materialized", "WITH visits AS MATERIALIZED (SELECT 1 AS person_id) SELECT visits.person_id FROM visits", "AS MATERIALIZED: Snowflake has none"),
    ("named_window", "SELECT SUM(visits.ping_count) OVER by_person AS ping_count FROM prep.intermediate.page_views AS visits WINDOW by_person AS (PARTITION BY visits.person_id)", "Snowflake names no windows"),
    ("reserved_word", "SELECT visits.page_view_id AS sample FROM prep.intermediate.page_views AS visits", "»AS sample«: Snowflake's grammar cannot read"),
    ("table_from_file", "SELECT visits.person_id FROM 'page_views.parquet' AS visits", "Snowflake's grammar cannot read"),
    ("columns", "SELECT MAX(COLUMNS(*)) FROM prep.intermediate.page_views", "COLUMNS(*): not in scripts/snowflake/functions.txt"),
    # lists, structs and JSON
    ("list_literal", "SELECT visits.person_id FROM prep.intermediate.page_views AS visits WHERE visits.visit_number IN [1, 2]", "[1, 2]: a list"),
    ("list_comprehension", "SELECT [number * 2 FOR number IN RANGE(3)] AS numbers", "[number * 2 FOR number IN RANGE(3)]: a list"),
    ("list_function", "SELECT LIST_SUM(LIST(visits.ping_count)) AS ping_count FROM prep.intermediate.page_views AS visits", "LIST_SUM(LIST(visits.ping_count)): Snowflake has no such function of lists"),
    ("lambda", "SELECT LIST_FILTER(LIST(visits.ping_count), pings -> pings > 1) AS ping_counts FROM prep.intermediate.page_views AS visits", "pings -> pings: Snowflake has neither"),
    ("lambda_in_words", "SELECT LIST_FILTER(LIST(visits.ping_count), LAMBDA pings : pings > 1) AS ping_counts FROM prep.intermediate.page_views AS visits", "pings : pings: a path into a VARIANT"),
    ("unnest", "SELECT UNNEST(LIST(visits.page_view_id)) AS page_view_id FROM prep.intermediate.page_views AS visits", "UNNEST(LIST(visits.page_view_id)): Snowflake has no such function of lists"),
    ("list_contains_operator", "SELECT LIST(visits.visit_number) @> LIST(1) AS is_first FROM prep.intermediate.page_views AS visits", "@> LIST: Snowflake has none for lists"),
    ("list_contained_operator", "SELECT LIST(1) <@ LIST(visits.visit_number) AS is_first FROM prep.intermediate.page_views AS visits", "<@ LIST: Snowflake has none for lists"),
    ("list_overlap_operator", "SELECT LIST(visits.visit_number) && LIST(1) AS is_first FROM prep.intermediate.page_views AS visits", "&& LIST: Snowflake has none: write AND"),
    ("subscript", "SELECT events.contexts_com_wellthy_user_2[1] AS user_context FROM raw.atomic.events AS events", "events.contexts_com_wellthy_user_2[1]: a list, or its elements, which Snowflake counts from 0"),
    ("slice", "SELECT visits.page_urlpath[1:5] AS path_start FROM prep.intermediate.page_views AS visits", "visits.page_urlpath[1:5]: a list, or its elements"),
    ("subscript_of_variant", "SELECT events.contexts_com_wellthy_user_2[0]['userId'] AS user_id FROM raw.atomic.events AS events", "events.contexts_com_wellthy_user_2[0]: a list, or its elements"),
    ("path_of_variant", "SELECT events.unstruct_event_com_wellthy_funnel_1:stepName AS step_name FROM raw.atomic.events AS events", ":stepName: a path into a VARIANT"),
    ("alias_before_colon", "SELECT person: visits.person_id FROM prep.intermediate.page_views AS visits", "person: visits.person_id: a path into a VARIANT on Snowflake, an alias"),
    ("struct_field_with_table", "SELECT events.unstruct_event_com_wellthy_funnel_1.step_name AS step_name FROM raw.atomic.events AS events", "events.unstruct_event_com_wellthy_funnel_1.step_name: a struct's field"),
    ("struct_field", "SELECT unstruct_event_com_wellthy_funnel_1.step_name AS step_name FROM raw.atomic.events AS events", "unstruct_event_com_wellthy_funnel_1.step_name: a struct's field"),
    ("struct_field_of_other_scope", "SELECT names.step_name FROM (SELECT unstruct_event_com_wellthy_funnel_1.step_name FROM raw.atomic.events AS events) AS names CROSS JOIN prep.base.members AS unstruct_event_com_wellthy_funnel_1", "unstruct_event_com_wellthy_funnel_1.step_name: a struct's field"),
    ("struct_field_of_brackets", "SELECT (events.unstruct_event_com_wellthy_funnel_1).step_name AS step_name FROM raw.atomic.events AS events", ".step_name: the field of a struct"),
    ("struct_literal", "SELECT {'page': visits.page_urlpath} AS page FROM prep.intermediate.page_views AS visits", "{'page': visits.page_urlpath}: a struct on DuckDB"),
    ("json_arrow", "SELECT events.unstruct_event_com_wellthy_funnel_1 -> 'step_name' AS step_name FROM raw.atomic.events AS events", "-> 'step_name': Snowflake has neither DuckDB's JSON"),
    ("json_text_arrow", "SELECT events.unstruct_event_com_wellthy_funnel_1 ->> 'step_name' AS step_name FROM raw.atomic.events AS events", "->> 'step_name': Snowflake has no DuckDB JSON"),
    ("named_argument", "SELECT entries.value AS user_context FROM raw.atomic.events AS events, LATERAL FLATTEN(input => events.contexts_com_wellthy_user_2, outer => TRUE) AS entries", "outer => TRUE: named arguments"),
    # functions
    ("mean_of_whole_numbers", "SELECT AVG(visits.ping_count) AS ping_count FROM prep.intermediate.page_views AS visits", "AVG(visits.ping_count): Snowflake keeps six decimals"),
    ("epoch", "SELECT EPOCH(visits.viewed_at) AS viewed_seconds FROM prep.intermediate.page_views AS visits", "EPOCH(visits.viewed_at): Snowflake has none: write the macro seconds_between"),
    ("strftime", "SELECT STRFTIME(visits.viewed_at, '%Y-%m') AS viewed_month FROM prep.intermediate.page_views AS visits", "Snowflake has none: write CAST(DATE_TRUNC(…) AS DATE)"),
    ("quantile_cont", "SELECT QUANTILE_CONT(visits.dwell_seconds, 0.9) AS p90_seconds FROM prep.intermediate.page_views AS visits", "write PERCENTILE_CONT"),
    ("bool_or", "SELECT BOOL_OR(visits.is_dwell_capped) AS is_capped FROM prep.intermediate.page_views AS visits", "write MAX(CASE WHEN … THEN 1 ELSE 0 END) = 1"),
    ("arg_max", "SELECT ARG_MAX(visits.page_urlpath, visits.viewed_at) AS last_path FROM prep.intermediate.page_views AS visits", "ARG_MAX(visits.page_urlpath, visits.viewed_at): Snowflake has none: write QUALIFY"),
    ("max_by", "SELECT MAX_BY(visits.page_urlpath, visits.viewed_at) AS last_path FROM prep.intermediate.page_views AS visits", "takes NULL otherwise on Snowflake"),
    ("range", "SELECT numbers.number FROM RANGE(10) AS numbers (number)", "RANGE(10): Snowflake has none: number rows"),
    ("generate_series", "SELECT numbers.number FROM GENERATE_SERIES(1, 10) AS numbers (number)", "GENERATE_SERIES(1, 10): Snowflake has none: number rows"),
    ("method_call", "SELECT visits.page_urlpath.lower() AS path FROM prep.intermediate.page_views AS visits", "visits.page_urlpath.lower(): not in scripts/snowflake/functions.txt"),
    ("unknown_function", "SELECT JARO_SIMILARITY(visits.page_urlpath, '/chat') AS similarity FROM prep.intermediate.page_views AS visits", "not in scripts/snowflake/functions.txt"),
    ("trim_of_characters", "SELECT TRIM(visits.page_urlpath, '/') AS path FROM prep.intermediate.page_views AS visits", "not the same on Snowflake when told what to cut off"),
    ("greatest", "SELECT GREATEST(visits.dwell_seconds, 0) AS dwell_seconds FROM prep.intermediate.page_views AS visits", "one NULL makes it NULL on Snowflake, not on DuckDB: write CASE"),
    ("concat", "SELECT CONCAT(visits.person_id, '/', visits.page_urlpath) AS visit FROM prep.intermediate.page_views AS visits", "one NULL makes it NULL on Snowflake, not on DuckDB: write ||"),
    ("try_cast", "SELECT TRY_CAST(events.event_id AS TIMESTAMP) AS event_at FROM prep.base.events AS events", "Snowflake tries only strings"),
    ("count_of_nothing", "SELECT COUNT() AS visit_count FROM prep.intermediate.page_views AS visits", "Snowflake wants COUNT(*)"),
    ("regexp_replace_all", "SELECT REGEXP_REPLACE(visits.page_urlpath, '[0-9]+', 'n', 'g') AS path FROM prep.intermediate.page_views AS visits", "Snowflake replaces every match"),
    ("regexp_replace_anywhere", "SELECT REGEXP_REPLACE(visits.page_urlpath, '[0-9]+', 'n') AS path FROM prep.intermediate.page_views AS visits", "Snowflake replaces every match"),
    # dates and times
    ("date_trunc_uncast", "SELECT DATE_TRUNC('week', visits.viewed_at) AS viewed_week FROM prep.intermediate.page_views AS visits", "write CAST(DATE_TRUNC(…) AS DATE)"),
    ("date_trunc_cast_to_text", "SELECT CAST(DATE_TRUNC('week', visits.viewed_at) AS VARCHAR) AS viewed_week FROM prep.intermediate.page_views AS visits", "write CAST(DATE_TRUNC(…) AS DATE)"),
    ("date_part", "SELECT CAST(DATE_TRUNC('decade', visits.viewed_at) AS DATE) AS viewed_decade FROM prep.intermediate.page_views AS visits", "decade is no part of a date on Snowflake"),
    ("interval_without_quotes", "SELECT visits.viewed_at + INTERVAL 1 DAY AS ends_at FROM prep.intermediate.page_views AS visits", "INTERVAL 1 DAY: not as on Snowflake: write dbt.dateadd"),
    ("interval_with_unit_outside", "SELECT visits.viewed_at + INTERVAL '1' DAY AS ends_at FROM prep.intermediate.page_views AS visits", "INTERVAL '1' DAY: not as on Snowflake: write dbt.dateadd"),
    ("interval_times_number", "SELECT visits.viewed_at + visits.visit_number * INTERVAL '1 day' AS ends_at FROM prep.intermediate.page_views AS visits", "Snowflake multiplies no interval"),
    ("difference_of_timestamps", "SELECT entries.window_ends_at - entries.entered_at AS window_length FROM prep.intermediate.funnel_first_entries AS entries", "entries.window_ends_at - entries.entered_at: Snowflake subtracts no timestamps"),
    ("at_time_zone", "SELECT CAST(visits.viewed_at AT TIME ZONE 'UTC' AS DATE) AS viewed_date FROM prep.intermediate.page_views AS visits", "AT TIME ZONE 'UTC': Snowflake has none"),
    # types
    ("hugeint", "SELECT visits.ping_count::HUGEINT AS ping_count FROM prep.intermediate.page_views AS visits", "::HUGEINT"),
    ("list_type", "SELECT CAST(NULL AS INT[]) AS numbers", "INT[]: a list"),
    ("list_type_by_colons", "SELECT NULL::VARCHAR[] AS names", "VARCHAR[]: a list"),
    ("struct_type", "SELECT CAST(NULL AS STRUCT(page VARCHAR)) AS page", "STRUCT(page VARCHAR)"),
    ("timestamp_with_time_zone", "SELECT CAST(visits.viewed_at AS TIMESTAMP WITH TIME ZONE) AS viewed_at FROM prep.intermediate.page_views AS visits", "TIMESTAMP WITH TIME ZONE: no type of both engines"),
    ("numeric_without_scale", "SELECT CAST(visits.dwell_seconds AS NUMERIC) AS dwell_seconds FROM prep.intermediate.page_views AS visits", "NUMERIC: no decimals on Snowflake"),
    # windows and orders
    ("ignore_nulls_inside", "SELECT FIRST_VALUE(visits.device_type IGNORE NULLS) OVER (PARTITION BY visits.person_id ORDER BY visits.viewed_at ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS device_type FROM prep.intermediate.page_views AS visits", "IGNORE NULLS): write the macro first_known or last_known"),
    ("window_without_order", "SELECT ROW_NUMBER() OVER (PARTITION BY visits.person_id) AS visit_number FROM prep.intermediate.page_views AS visits", "Snowflake wants an ORDER BY in this window"),
    ("last_value_without_frame", "SELECT LAST_VALUE(visits.page_urlpath) OVER (PARTITION BY visits.person_id ORDER BY visits.viewed_at) AS last_path FROM prep.intermediate.page_views AS visits", "Snowflake looks at the whole partition"),
    ("distinct_in_ordered_window", "SELECT COUNT(DISTINCT visits.page_urlpath) OVER (PARTITION BY visits.person_id ORDER BY visits.viewed_at) AS path_count FROM prep.intermediate.page_views AS visits", "Snowflake takes no ORDER BY in this window"),
    ("median_in_ordered_window", "SELECT MEDIAN(visits.dwell_seconds) OVER (ORDER BY visits.viewed_at) AS median_seconds FROM prep.intermediate.page_views AS visits", "Snowflake takes no ORDER BY in this window"),
    ("frame_of_groups", "SELECT SUM(visits.ping_count) OVER (ORDER BY visits.viewed_at GROUPS BETWEEN 1 PRECEDING AND CURRENT ROW) AS ping_count FROM prep.intermediate.page_views AS visits", "»GROUPS BETWEEN 1 PRECEDING AND CURRENT ROW«"),
    ("order_in_aggregate", "SELECT SUM(visits.ping_count ORDER BY visits.viewed_at) AS ping_count FROM prep.intermediate.page_views AS visits", "Snowflake has no ORDER BY among the arguments"),
    ("descending_nulls", "SELECT ROW_NUMBER() OVER (ORDER BY visits.page_urlpath, visits.scroll_depth_rate DESC) AS depth_rank FROM prep.intermediate.page_views AS visits", "visits.scroll_depth_rate DESC has NULL first on Snowflake"),
    # booleans
    ("max_of_comparison", "SELECT MAX(visits.ping_count > 1) AS is_active FROM prep.intermediate.page_views AS visits", "Snowflake's MAX takes no BOOLEAN"),
    ("min_of_flag", "SELECT MIN(visits.is_dwell_capped) AS is_capped FROM prep.intermediate.page_views AS visits", "Snowflake's MIN takes no BOOLEAN"),
    ("sum_of_not", "SELECT SUM(NOT visits.is_dwell_capped) AS whole_count FROM prep.intermediate.page_views AS visits", "Snowflake's SUM takes no BOOLEAN"),
    ("min_of_and", "SELECT MIN((visits.ping_count > 1 AND visits.visit_number = 1)) AS is_active FROM prep.intermediate.page_views AS visits", "Snowflake's MIN takes no BOOLEAN"),
    ("max_of_case", "SELECT MAX(CASE WHEN visits.ping_count > 1 THEN TRUE ELSE FALSE END) OVER () AS is_active FROM prep.intermediate.page_views AS visits", "Snowflake's MAX takes no BOOLEAN"),
    ("max_of_coalesce", "SELECT MAX(COALESCE(visits.ping_count > 1, FALSE)) AS is_active FROM prep.intermediate.page_views AS visits", "Snowflake's MAX takes no BOOLEAN"),
    ("max_of_colons", "SELECT MAX(visits.ping_count::BOOLEAN) AS is_active FROM prep.intermediate.page_views AS visits", "Snowflake's MAX takes no BOOLEAN"),
    ("max_of_cast", "SELECT MAX(CAST(visits.ping_count AS BOOLEAN)) AS is_active FROM prep.intermediate.page_views AS visits", "Snowflake's MAX takes no BOOLEAN"),
    # subqueries
    ("exists_in_select", "SELECT EXISTS (SELECT 1 FROM prep.base.members AS members WHERE members.member_id = visits.person_id) AS is_member FROM prep.intermediate.page_views AS visits", "only in WHERE: join it instead"),
    ("exists_in_case", "SELECT visits.person_id FROM prep.intermediate.page_views AS visits WHERE CASE WHEN NOT EXISTS (SELECT 1 FROM prep.base.members AS members WHERE members.member_id = visits.person_id) THEN TRUE END", "only in WHERE: join it instead"),
    ("exists_in_on", "SELECT visits.person_id FROM prep.intermediate.page_views AS visits LEFT JOIN prep.base.members AS members ON EXISTS (SELECT 1 FROM prep.base.clients AS clients WHERE clients.client_id = members.client_id)", "only in WHERE: join it instead"),
    ("in_select_list", "SELECT visits.person_id IN (SELECT members.member_id FROM prep.base.members AS members) AS is_member FROM prep.intermediate.page_views AS visits", "only in WHERE: join it instead"),
    ("any_in_having", "SELECT visits.person_id FROM prep.intermediate.page_views AS visits GROUP BY visits.person_id HAVING COUNT(*) > ANY (SELECT COUNT(*) FROM prep.base.members AS members)", "only in WHERE: join it instead"),
    ("exists_beside_or", "SELECT visits.person_id FROM prep.intermediate.page_views AS visits WHERE visits.visit_number = 1 OR EXISTS (SELECT 1 FROM prep.base.members AS members WHERE members.member_id = visits.person_id)", "no correlated subquery beside OR"),
    ("correlated_value_in_select", "SELECT (SELECT MAX(members.client_id) FROM prep.base.members AS members WHERE members.member_id = visits.person_id) AS client_id FROM prep.intermediate.page_views AS visits", "a correlated value only in WHERE"),
    ("correlated_value_with_limit", "SELECT visits.person_id FROM prep.intermediate.page_views AS visits WHERE visits.device_type = (SELECT events.device_type FROM prep.base.events AS events WHERE events.page_view_id = visits.page_view_id LIMIT 1)", "a correlated value only in WHERE and of an aggregate"),
    # operators
    ("whole_division", "SELECT visits.ping_count // 2 AS half_count FROM prep.intermediate.page_views AS visits", "visits.ping_count // 2: begins a comment on Snowflake"),
    ("power_by_stars", "SELECT visits.dwell_seconds ** 2 AS squared FROM prep.intermediate.page_views AS visits", "visits.dwell_seconds ** 2: Snowflake has none: write POWER"),
    ("power_by_caret", "SELECT visits.dwell_seconds ^ 2 AS squared FROM prep.intermediate.page_views AS visits", "visits.dwell_seconds ^ 2: Snowflake has none: write POWER"),
    ("double_equals", "SELECT visits.person_id FROM prep.intermediate.page_views AS visits WHERE visits.visit_number == 1", "visits.visit_number == 1: Snowflake has none: write ="),
    ("regular_expression", "SELECT visits.person_id FROM prep.intermediate.page_views AS visits WHERE visits.page_urlpath ~ '/chat.*'", "visits.page_urlpath ~ '/chat.*': Snowflake has none: write LIKE"),
    ("not_regular_expression", "SELECT visits.person_id FROM prep.intermediate.page_views AS visits WHERE visits.page_urlpath !~ '/chat.*'", "Snowflake has none: write NOT LIKE"),
    ("like_operator", "SELECT visits.person_id FROM prep.intermediate.page_views AS visits WHERE visits.page_urlpath ~~ '/chat%'", "~~ '/chat%': Snowflake has none: write LIKE"),
    ("starts_with_operator", "SELECT visits.person_id FROM prep.intermediate.page_views AS visits WHERE visits.page_urlpath ^@ '/chat'", "write LIKE 'x%'"),
    ("glob", "SELECT visits.person_id FROM prep.intermediate.page_views AS visits WHERE visits.page_urlpath GLOB '/chat*'", "GLOB '/chat*': Snowflake has none, write LIKE"),
    ("similar_to", "SELECT visits.person_id FROM prep.intermediate.page_views AS visits WHERE visits.page_urlpath SIMILAR TO '/chat.*'", "SIMILAR TO '/chat.*': Snowflake has none, write LIKE"),
    ("collate", "SELECT visits.person_id FROM prep.intermediate.page_views AS visits WHERE visits.device_type COLLATE NOCASE = 'PHONE'", "COLLATE NOCASE: not as on Snowflake"),
    ("bits", "SELECT visits.visit_number & 1 AS odd FROM prep.intermediate.page_views AS visits", "visits.visit_number & 1: no operator that means the same"),
    ("dollar_quotes", "SELECT $$it's$$ AS quote", "no parameter and no $$ in a model"),
    ("arithmetic_on_string", "SELECT '1' + visits.visit_number AS next_number FROM prep.intermediate.page_views AS visits", "'1' + visits.visit_number: arithmetic with a string"),
    ("arithmetic_with_string", "SELECT visits.visit_number * '2' AS double_number FROM prep.intermediate.page_views AS visits", "arithmetic with a string"),
    # literals and names
    ("quoted_name", 'SELECT visits."person_id" FROM prep.intermediate.page_views AS visits', '"person_id": names in quotes keep their case'),
    ("quoted_alias", 'SELECT visits.person_id AS "Person" FROM prep.intermediate.page_views AS visits', '"Person": names in quotes keep their case'),
    ("backslash", r"SELECT visits.person_id FROM prep.intermediate.page_views AS visits WHERE visits.page_urlpath LIKE '/chat\_%' ESCAPE '\'", r"'/chat\_%': \ is an escape on Snowflake"),
    ("escape_string", r"SELECT E'one\ttwo' AS words", "Snowflake has no such strings"),
    ("neighbouring_strings", "SELECT 'one'\n     'two' AS words", "'one' 'two': Snowflake joins no neighbouring strings"),
    ("number_with_underscores", "SELECT visits.person_id FROM prep.intermediate.page_views AS visits WHERE visits.dwell_seconds > 1_800", "1_800: Snowflake has no such numbers"),
]  # fmt: skip
# Snowflake's own syntax, which DuckDB cannot read at all.
SNOWFLAKE_ONLY = {"path_of_variant"}

LEGAL = {
    "qualify": "SELECT visits.person_id FROM prep.intermediate.page_views AS visits WHERE NOT visits.is_dwell_capped QUALIFY ROW_NUMBER() OVER (PARTITION BY visits.person_id ORDER BY visits.viewed_at, visits.event_id) = 1",
    "qualify_with_window_in_select": "SELECT visits.person_id, COUNT(*) OVER (PARTITION BY visits.person_id) AS visit_count FROM prep.intermediate.page_views AS visits QUALIFY visit_count = 2 -- not one",
    "qualify_of_groups": "SELECT steps.step_order, MIN(steps.step_name) AS step_name FROM prep.base.funnel_definitions AS steps GROUP BY steps.step_order QUALIFY steps.step_order <> COALESCE(LAG(steps.step_order) OVER (ORDER BY steps.step_order), 0) + 1",
    "values": "SELECT grains.grain FROM (VALUES ('week'), ('month'), ('all')) AS grains (grain)",
    "distinct_from": "SELECT entries.person_id FROM prod.product.funnel_entries AS entries WHERE entries.is_converted IS DISTINCT FROM entries.is_mature AND entries.converted_at IS NOT DISTINCT FROM entries.entered_at",
    "like_escape": "SELECT steps.step_name FROM prep.base.funnel_definitions AS steps WHERE 'page_view /a' LIKE REPLACE(steps.match_value, '_', '^_') ESCAPE '^' OR steps.match_value LIKE '%_/'",
    "median_and_percentiles": "SELECT MEDIAN(steps.dwell_seconds) AS p50, PERCENTILE_CONT(0.9) WITHIN GROUP (ORDER BY steps.dwell_seconds) AS p90 FROM prod.product.funnel_entry_steps AS steps",
    "boolean_columns": "SELECT COALESCE(visits.open_seconds > 1800, FALSE) AS is_capped, visits.click_seconds IS NOT NULL AS has_click, earlier.is_after < visits.is_after AS is_later FROM visits LEFT JOIN visits AS earlier ON earlier.is_after < visits.is_after",
    "boolean_as_number": "SELECT AVG(CAST(CASE WHEN visits.is_dwell_capped THEN 1 ELSE 0 END AS DOUBLE)) AS capped_rate, AVG(visits.dwell_seconds) AS dwell_seconds, SUM(CASE WHEN NOT visits.is_mature THEN 1 ELSE 0 END) AS open_count, MAX(CAST(visits.is_mature AS INTEGER)) AS mature, MAX(COALESCE(visits.ping_count, 0)) AS ping_count FROM visits",
    "group_by_expressions": "SELECT LOWER(visits.path) AS path, COUNT(DISTINCT visits.person_id) AS person_count FROM visits GROUP BY LOWER(visits.path) HAVING COUNT(*) > 1 ORDER BY 2, person_count",
    "group_by_position": "SELECT visits.path, COUNT(*) AS visit_count FROM visits GROUP BY 1 ORDER BY COUNT(*) DESC, visits.path LIMIT 10",
    "descending_with_nulls": "SELECT visits.path FROM visits ORDER BY visits.depth DESC NULLS LAST, COALESCE(visits.number, 0) DESC, visits.path ASC",
    "three_part_names": "select count(*) as n_records from prep.intermediate.page_views where event_id is not null group by event_id having count(*) > 1",
    "table_name_without_alias": "SELECT page_views.person_id FROM prep.intermediate.page_views LEFT JOIN members ON members.member_id = page_views.person_id",
    "chained_ctes": "WITH a AS (SELECT e.x FROM prep.base.events AS e), b AS (SELECT a.x AS y FROM a WHERE a.x > (SELECT MAX(a.x) FROM a)) SELECT b.y FROM b UNION ALL SELECT a.x AS y FROM a",
    "union": "SELECT a.x FROM a UNION SELECT b.x FROM b EXCEPT SELECT c.x FROM c ORDER BY x",
    "frames": "SELECT SUM(CASE WHEN steps.is_optional THEN 0 ELSE 1 END) OVER (PARTITION BY steps.funnel_name ORDER BY steps.step_order ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS required_number, LEAD(steps.step_order) OVER (PARTITION BY steps.funnel_name ORDER BY steps.step_order) AS next_step FROM steps",
    "ignore_nulls_outside": "SELECT FIRST_VALUE(e.member_id) IGNORE NULLS OVER (PARTITION BY e.domain_userid ORDER BY e.event_at ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS next_member_id FROM prep.base.events AS e",
    "fields_by_path": "SELECT CAST(GET_PATH(events.contexts_com_wellthy_user_2, '[0].userId') AS VARCHAR) AS user_id, get_path(events.contexts_com_wellthy_user_2, '[0].isX')::BOOLEAN AS is_x, CAST(PARSE_JSON('[{\"a\": 1}]') AS ARRAY) AS json FROM raw.atomic.events AS events",
    "dates": "SELECT CAST(date_trunc('week', e.seen_date) AS DATE) AS week, CAST(dateadd(day, 7, DATE_TRUNC('week', e.seen_date)) AS DATE) AS next_week, datediff(millisecond, e.start_at, e.end_at) / 1000.0 AS seconds, CAST(CONVERT_TIMEZONE('UTC', 'America/New_York', e.loaded_at) AS DATE) AS loaded_date, e.day_date + 1 AS next_date, CAST(DATE_TRUNC('hour', e.start_at) AS TIMESTAMP) AS start_hour FROM e",
    "date_literals": "SELECT CAST('1970-01-01' AS DATE) AS epoch_date, TIMESTAMP '2026-05-01' + INTERVAL '1 day' AS next_at, DATE '2026-05-01' - 1 AS before",
    "types": "SELECT CAST(a.x AS NUMERIC(38, 9)) AS n, a.x::VARCHAR AS v, CAST(a.y AS TIMESTAMP_NTZ) AS t, CAST(NULL AS BIGINT) AS i FROM a",
    "subqueries_in_where": "SELECT e.x FROM prep.base.events AS e WHERE (e.x = 1 OR e.y = 2) AND NOT EXISTS (SELECT 1 FROM m WHERE m.x = e.x) AND e.y IN (SELECT m.y FROM m WHERE m.y >= (SELECT COALESCE(MAX(o.y), 0) FROM o)) AND (e.x = 3 OR e.y NOT IN (SELECT m.z FROM m))",
    "correlated_aggregate_in_where": "SELECT e.x FROM prep.base.events AS e WHERE e.x = (SELECT MAX(m.x) FROM m WHERE m.y = e.y)",
    "value_in_select": "SELECT e.x, (SELECT MAX(m.x) FROM m) AS newest FROM prep.base.events AS e",
    "derived_table": "SELECT counts.x FROM (SELECT e.x FROM prep.base.events AS e UNION ALL SELECT m.x FROM m) AS counts CROSS JOIN m AS other WHERE counts.x = other.x",
    "regexp_replace": "SELECT REGEXP_REPLACE(clients.url, '^[a-zA-Z]+://[^/?#]*', '') AS path, REGEXP_REPLACE(clients.url, '/+$', '') AS bare FROM clients",
    "words_in_comments_and_strings": "SELECT 'it''s COUNT(*) FILTER (WHERE x) -> [1] \"name\" // 2 -- no' AS text /* x[1] :: int[] \\ 'a' 'b' */ FROM a -- don't ~ ^ $1 \"quoted\"\n WHERE a.x = '' AND a.y <> '×'",
    "upper_case_quotes": 'SELECT "A"."X_1" AS x FROM "PREP"."BASE"."A" AS "A"',
    "arithmetic": "SELECT 2 * EXP(-ABS(s.z) * ABS(s.z) / 2) / 2.506628274631 - 1e-3 + MOD(s.a, 2) % 2 + POWER(s.z, 2) * PI() AS p FROM s WHERE -s.z <> -1 AND s.z != 2 AND s.z>=-1",
    "case_of_value": "SELECT CASE grains.grain WHEN 'week' THEN 'w' ELSE grains.grain || '/' || SPLIT_PART(LOWER(grains.x), '?', 1) END AS g FROM grains",
    "surrogate_key": "select md5(cast(coalesce(cast(e.a as TEXT), '_null_') || '-' || coalesce(cast(e.b as TEXT), '_null_') as TEXT)) as k from e",
}  # fmt: skip


@pytest.mark.parametrize(("sql", "words"), [case[1:] for case in PLANTED], ids=[case[0] for case in PLANTED])
def test_what_only_duckdb_understands_is_found(sql: str, words: str) -> None:
    found = findings(f"WITH planted AS (\n    {sql}\n)\n\nSELECT planted.* FROM planted")
    assert [line for line in found if words in line], found


@pytest.mark.parametrize("sql", [case[1] for case in PLANTED if case[0] not in SNOWFLAKE_ONLY])
def test_duckdb_reads_what_is_planted(sql: str) -> None:
    assert len(duckdb.extract_statements(f"WITH planted AS ({sql}) SELECT planted.* FROM planted")) == 1


@pytest.mark.parametrize("sql", LEGAL.values(), ids=LEGAL.keys())
def test_what_both_engines_understand_has_no_finding(sql: str) -> None:
    assert findings(sql) == []


def test_a_finding_is_said_once_in_the_order_of_the_text() -> None:
    sql = "SELECT e.a ** 2 AS b, EPOCH(e.c) AS d, e.a ** 2 AS f, MAX(e.g = 1) AS h, e.a ** 3 AS i FROM prep.base.events AS e"
    assert [line.split(":")[0] for line in findings(sql)] == ["e.a ** 2", "EPOCH(e.c)", "MAX(e.g = 1)", "e.a ** 3"]


NO_SELECT = [
    "",
    "-- nothing\n",
    "SELECT",
    ")",
    "🦆 ?",
    "SELECT 1; SELECT 2",
    "SUMMARIZE prep.base.events",
    "VALUES (1)",
]
UNFINISHED = ["SELECT (1", "SELECT 'open", "WITH a AS (SELECT 1", "SELECT COUNT(FROM x", "SELECT MAX( FROM a"]


@pytest.mark.parametrize("sql", NO_SELECT + UNFINISHED)
def test_what_is_no_select_is_a_finding_and_never_an_error(sql: str) -> None:
    assert findings(sql) != []


def test_many_statements_are_linted_at_once_and_only_those_with_findings_come_back() -> None:
    statements = {name: sql for name, sql, _ in PLANTED[:3]} | {"legal": LEGAL["values"]}
    found = lint_all(statements, processes=2)
    assert found == {name: findings(sql) for name, sql, _ in PLANTED[:3]}
    assert list(found) == [name for name, _, _ in PLANTED[:3]]
