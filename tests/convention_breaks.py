"""Breaks of conventions: what is changed in files or tables of a copy, and what the rules must say of it.

LINE stands for a line's number.
"""

# ruff: noqa: E501  one edit, one line

from typing import NamedTuple


class Edit(NamedTuple):
    """A change of one file: the first `old` becomes `new`; without `old` the text is added at the end."""

    file: str
    old: str
    new: str


def added(file: str, text: str) -> Edit:
    return Edit(file, "", text)


STAFF, STAFF_YML = "models/intermediate/staff_members.sql", "models/intermediate/staff_members.yml"
ENTRIES, ENTRIES_YML = "models/prod/funnel_entries.sql", "models/prod/funnel_entries.yml"
MEMBERS, MEMBERS_YML = "models/base/members.sql", "models/base/members.yml"
TRENDS_YML = "models/prod/funnel_conversion_trends.yml"
EMPLOYEES_YML = """
version: 2
models:
  - name: employees
    description: One row per employee.
    columns:
      - {name: member_id, description: Id., data_tests: [unique]}
"""

FILES = {
    "layers: no layer": (
        [added("models/marts/employees.sql", "-- One row per employee.\nSELECT 1 AS member_id\n"), added("models/marts/employees.yml", EMPLOYEES_YML)],
        ["models/marts/employees.sql: lies in no layer: move it into models/base, models/intermediate, models/prod"],
    ),
    "layers: base reads base": (
        [added("models/base/clients.sql", "-- {{ ref('members') }}\n")],
        ["models/base/clients.sql: reads members (base), but base reads source only: join them in an intermediate model"],
    ),
    "layers: intermediate reads a source": (
        [added("models/intermediate/device_stays.sql", "-- {{ source('wellthy', 'members') }}\n")],
        ["models/intermediate/device_stays.sql: reads wellthy.members (source), but intermediate reads base and intermediate and seed only: read the base model of that source"],
    ),
    "layers: intermediate reads prod": (
        [added("models/intermediate/client_z_tests.sql", "-- {{ ref('event_accounting') }}\n")],
        ["models/intermediate/client_z_tests.sql: reads event_accounting (prod), but intermediate reads base and intermediate and seed only: move what both need into an intermediate model"],
    ),
    "layers: no contract": (
        [added("models/prod/funnel_page_views.sql", "{{ config(contract={'enforced': false}) }}\n")],
        ["models/prod/funnel_page_views.sql: its contract is not enforced: leave `contract` to dbt_project.yml, which enforces it for all of models/prod"],
    ),
    "layers: no exposure": (
        [Edit("models/prod/exposures.yml", "      - ref('funnel_page_views')\n", "")],
        ["models/prod/exposures.yml: nobody reads funnel_page_views: add ref('funnel_page_views') to the exposure of its readers, or move the model into models/intermediate"],
    ),
    "names: not snake_case": (
        [Edit(STAFF, "first_seen_as_staff_at", "firstSeen_at"), Edit(STAFF_YML, "first_seen_as_staff_at", "firstSeen_at")],
        ["models/intermediate/staff_members.sql: firstSeen_at: write the name in snake_case: lower case, digits, single underscores"],
    ),
    "names: base is not called like its source": (
        [added("models/base/employees.sql", "-- One row per employee.\nSELECT members.user_id AS member_id\n  FROM {{ source('wellthy', 'members') }} AS members\n"), added("models/base/employees.yml", EMPLOYEES_YML)],
        ["models/base/employees.sql: reads the source's table members: name the model members too"],
    ),
    "names: no yml": (
        [added("models/intermediate/employees.sql", "-- One row per employee.\nSELECT 1 AS member_id\n")],
        ["models/intermediate/employees.sql: is described nowhere: write models/intermediate/employees.yml with grain, columns and tests"],
    ),
    "names: described in another yml": (
        [added("models/intermediate/employees.sql", "-- One row per employee.\nSELECT 1 AS member_id\n"), added("models/intermediate/people.yml", EMPLOYEES_YML)],
        ["models/intermediate/people.yml: describes employees: move that into models/intermediate/employees.yml"],
    ),
    "names: a unit test of another model": (
        [Edit("models/base/clients.yml", "    model: clients\n", "    model: members\n")],
        ["models/base/clients.yml: P4_namesakes_are_told_apart_by_their_ids tests members: move it into that model's yml"],
    ),
    "names: a unit test without a rule": (
        [Edit("models/intermediate/reporting_periods.yml", "name: D16_weeks_start", "name: weeks_start")],
        ["models/intermediate/reporting_periods.yml: weeks_start_on_monday_and_months_on_the_first: begin its name with the rule of docs/semantics.md that it holds, such as D2_"],
    ),
    "names: a unit test of no known rule": (
        [Edit("models/intermediate/client_omnibus_tests.yml", "name: D13_the_chi", "name: D99_the_chi")],
        ["models/intermediate/client_omnibus_tests.yml: D99_the_chi_square_test_over_all_clients: docs/semantics.md has no rule D99: name one that it has, or add it there"],
    ),
    "names: a singular test": (
        [added("tests/dbt/staff.sql", "SELECT members.member_id\n  FROM {{ ref('staff_members') }} AS members\n WHERE FALSE\n")],
        [
            "tests/dbt/staff.sql: begin line 1 with `-- Rows: …`, what is wrong with the rows that it finds",
            "tests/dbt/staff.sql: rename it to assert_… with what holds when it finds nothing",
        ],
    ),
    "names: a file that pytest does not read": (
        [added("tests/staff.py", "def test_nothing() -> None:\n    assert True\n")],
        ["tests/staff.py: pytest does not look for tests in a file of that name: rename it to test_staff.py"],
    ),
    "descriptions: no grain on line 1": (
        [Edit("models/intermediate/bot_devices.sql", "-- One row per device", "-- Devices")],
        ["models/intermediate/bot_devices.sql: line 1 does not say what a row is: begin it with `-- One row per …`"],
    ),
    "descriptions: another grain": (
        [Edit("models/intermediate/unentered_people.sql", "-- One row per funnel × person seen", "-- One row per person seen")],
        ["models/intermediate/unentered_people.yml: the description begins `One row per funnel × person seen at a step of the funnel but never at its first`, line 1 of the model `One row per person seen at a step of the funnel but never at its first`: use the same words"],
    ),
    "descriptions: not tested to be unique": (
        [Edit(MEMBERS_YML, "        data_tests: [unique]\n", "")],
        ["models/base/members.yml: nothing tests that members has one row per member account: add `unique` to its key, or dbt_utils.unique_combination_of_columns to its data_tests"],
    ),
    "descriptions: a column without": (
        [Edit(STAFF_YML, "description: First event with the role STAFF (UTC).", "description: ''")],
        ["models/intermediate/staff_members.yml: first_seen_as_staff_at of staff_members has no description: say what it is, and in which unit"],
    ),
    "descriptions: a macro without": (
        [Edit("macros/macros.yml", "description: Nothing to do where the sources are tables.", "description: ''")],
        ["macros/macros.yml: default__create_source_views is not described: say there what it gives and what it takes"],
    ),
    "descriptions: a seed's grain": (
        [Edit("seeds/seeds.yml", "One row per page ×", "All page ×")],
        ["seeds/seeds.yml: calls_to_action: the description does not say what a row is: begin it with `One row per …`"],
    ),
    "descriptions: a seed's columns": (
        [Edit("seeds/calls_to_action.csv", "page_urlpath,element_id", "element_id,page_urlpath")],
        ["seeds/seeds.yml: calls_to_action: describe the columns of seeds/calls_to_action.csv in their order: element_id, page_urlpath"],
    ),
    "columns: _at on a DATE": (
        [Edit(ENTRIES_YML, "name: entered_at, data_type: TIMESTAMP", "name: entered_at, data_type: DATE")],
        ["models/prod/funnel_entries.yml: entered_at is DATE, but _at ends the names of TIMESTAMP columns: cast or rename it"],
    ),
    "columns: is_ on a number": (
        [Edit(TRENDS_YML, "- name: is_complete_period\n        data_type: BOOLEAN", "- name: is_complete_period\n        data_type: INTEGER")],
        ["models/prod/funnel_conversion_trends.yml: is_complete_period is INTEGER, but is_ and has_ begin the names of BOOLEAN columns: cast or rename it"],
    ),
    "columns: a rate without a test": (
        [Edit(TRENDS_YML, '              - "conversion_rate_1d BETWEEN 0 AND 1"\n', "")],
        ["models/prod/funnel_conversion_trends.yml: conversion_rate_1d is not tested to lie in 0..1: add `conversion_rate_1d BETWEEN 0 AND 1` to its test rules_hold"],
    ),
    "columns: an e-mail in prod": (
        [Edit(ENTRIES, "SELECT ", "SELECT NULL AS email, "), Edit(ENTRIES_YML, "    columns:\n", "    columns:\n      - {name: email, data_type: VARCHAR, description: Address.}\n")],
        ["models/prod/funnel_entries.yml: email is personal data by its name: leave it out of prod"],
    ),
    "code: over 100 lines": (
        [added(STAFF, "\n" * 100)],
        ["models/intermediate/staff_members.sql: has 108 lines, 100 are the most: move one step into a model of its own"],
    ),
    "code: an asterisk": (
        [Edit(STAFF, "FROM {{ ref('events') }}", "FROM (SELECT * FROM {{ ref('events') }})")],
        ["models/intermediate/staff_members.sql:LINE: list the columns in place of *"],
    ),
    "code: an asterisk of one relation": (
        [Edit("models/intermediate/device_stays.sql", "SELECT ", "SELECT events.*, ")],
        ["models/intermediate/device_stays.sql:LINE: list the columns in place of *"],
    ),
    "code: a column hidden in a macro": (
        [Edit(STAFF, "first_seen_as_staff_at", "{{ 'first_seen' }}_as_staff_at")],
        ["models/intermediate/staff_members.sql: does not name the column first_seen_as_staff_at of models/intermediate/staff_members.yml: write it here, not in a macro"],
    ),
    "code: the clock": (
        [Edit("models/intermediate/unsettled_events.sql", " WHERE ", " WHERE CURRENT_DATE IS NOT NULL AND ")],
        ["models/intermediate/unsettled_events.sql:LINE: CURRENT_DATE gives other rows at each build: take the time from the data, such as observed_until_at"],
    ),
    "code: DISTINCT without a reason": (
        [Edit(STAFF, "SELECT ", "SELECT DISTINCT ")],
        ["models/intermediate/staff_members.sql:LINE: say beside it in `-- distinct: …` why rows repeat there: SELECT DISTINCT events.member_id"],
    ),
    "code: a model asks for the engine": (
        [added(MEMBERS, "{% if target.type == 'duckdb' %}{% endif %}\n")],
        ["models/base/members.sql:LINE: asks for the target: move what differs between engines into a dispatched macro"],
    ),
    "code: a macro for one engine": (
        [Edit("macros/time.sql", "macro snowflake__utc_timestamp(", "macro default_utc_timestamp("), Edit("macros/macros.yml", "name: snowflake__utc_timestamp", "name: default_utc_timestamp")],
        [
            "macros/time.sql: nothing calls default_utc_timestamp: remove it, and from macros/macros.yml",
            "macros/time.sql: utc_timestamp has no side for snowflake: write the macro snowflake__utc_timestamp",
        ],
    ),
    "unused: a macro": (
        [added("macros/time.sql", "{% macro tomorrow() %}1{% endmacro %}\n"), added("macros/macros.yml", "\n  - name: tomorrow\n    description: The next day.\n")],
        ["macros/time.sql: nothing calls tomorrow: remove it, and from macros/macros.yml"],
    ),
    "unused: a var": (
        [Edit("dbt_project.yml", "  reportable_count: 10\n", "  reportable_count: 10\n  colour: blue\n")],
        ["dbt_project.yml: nothing reads the var colour: remove it"],
    ),
    "unused: a seed's column": (
        [Edit("seeds/calls_to_action.csv", "element_id\n", "element_id,colour\n"), added("seeds/seeds.yml", "      - {name: colour, description: Its colour.}\n")],
        ["seeds/calls_to_action.csv: no model reads the column colour: remove it, and from seeds/seeds.yml"],
    ),
}  # fmt: skip

STAFF_TABLE, ENTRIES_TABLE = "prep.intermediate.staff_members", "prod.product.funnel_entries"
TABLES = {
    "a column that is not described": (
        f"ALTER TABLE {STAFF_TABLE} ADD COLUMN colour VARCHAR",
        ["models/intermediate/staff_members.yml: the table has a column colour: describe it there"],
    ),
    "a described column that is not there": (
        f"ALTER TABLE {STAFF_TABLE} DROP COLUMN first_seen_as_staff_at",
        ["models/intermediate/staff_members.yml: describes first_seen_as_staff_at, which the table does not have: remove it there"],
    ),
    "columns in another order": (
        f"CREATE OR REPLACE TABLE {STAFF_TABLE} AS SELECT first_seen_as_staff_at, member_id FROM {STAFF_TABLE}",
        ["models/intermediate/staff_members.yml: describe the columns in the table's order: first_seen_as_staff_at, member_id"],
    ),
    "_at on a DATE": (
        f"ALTER TABLE {STAFF_TABLE} ALTER first_seen_as_staff_at TYPE DATE",
        ["models/intermediate/staff_members.sql: first_seen_as_staff_at is DATE, but _at ends the names of TIMESTAMP columns: cast or rename it"],
    ),
    "_date on a TIMESTAMP": (
        "ALTER TABLE prep.base.members ALTER account_created_date TYPE TIMESTAMP",
        ["models/base/members.sql: account_created_date is TIMESTAMP, but _date ends the names of DATE columns: cast or rename it"],
    ),
    "is_ on a text": (
        "ALTER TABLE prep.base.members ALTER is_deleted TYPE VARCHAR",
        ["models/base/members.sql: is_deleted is VARCHAR, but is_ and has_ begin the names of BOOLEAN columns: cast or rename it"],
    ),
    "a BOOLEAN without is_": (
        "ALTER TABLE prep.base.members ALTER member_country TYPE BOOLEAN USING TRUE",
        ["models/base/members.sql: member_country is BOOLEAN, but is_ and has_ begin the names of BOOLEAN columns: rename it"],
    ),
    "a rate in whole numbers": (
        "ALTER TABLE prod.product.funnel_conversion_trends ALTER conversion_rate TYPE INTEGER",
        ["models/prod/funnel_conversion_trends.sql: conversion_rate is INTEGER, but rates are DOUBLE: cast or rename it"],
    ),
    "seconds in whole numbers": (
        "ALTER TABLE prod.product.funnel_page_views ALTER dwell_seconds TYPE BIGINT",
        ["models/prod/funnel_page_views.sql: dwell_seconds is BIGINT, but seconds are DOUBLE: cast or rename it"],
    ),
    "a count in fractions": (
        f"ALTER TABLE {ENTRIES_TABLE} ALTER entry_count TYPE DOUBLE",
        ["models/prod/funnel_entries.sql: entry_count is DOUBLE, but _count ends the names of whole numbers (BIGINT, INTEGER): cast or rename it"],
    ),
    "an e-mail in prod": (
        f"UPDATE {ENTRIES_TABLE} SET referrer_host = 'chen.tanaka@example.com' WHERE funnel_entry_id = (SELECT MIN(funnel_entry_id) FROM {ENTRIES_TABLE})",
        ["models/prod/funnel_entries.sql: referrer_host holds e-mail addresses: leave it out of prod"],
    ),
    "an IP address in prod": (
        f"UPDATE {ENTRIES_TABLE} SET referrer_host = '68.173.116.x' WHERE funnel_entry_id = (SELECT MIN(funnel_entry_id) FROM {ENTRIES_TABLE})",
        ["models/prod/funnel_entries.sql: referrer_host holds IP addresses: leave it out of prod"],
    ),
    "a member's name in prod": (
        f"UPDATE {ENTRIES_TABLE} SET referrer_host = 'by chen tanaka' WHERE funnel_entry_id = (SELECT MIN(funnel_entry_id) FROM {ENTRIES_TABLE})",
        ["models/prod/funnel_entries.sql: referrer_host holds names of members: leave it out of prod"],
    ),
}  # fmt: skip
