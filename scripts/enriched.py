"""One statement that turns lines of Snowplow's enriched TSV into rows of atomic.events, and says why some cannot be."""

from __future__ import annotations

from collections.abc import Iterator

from scripts.atomic import atomic_columns, camel_case, enriched_fields

_TYPES = {
    "s": "VARCHAR",
    "t": "TIMESTAMP WITH TIME ZONE",
    "i": "INTEGER",
    "d": "DOUBLE",
    "b": "BOOLEAN",
    "m": "DECIMAL(18, 2)",
}
_PLACES = {name: place for place, name in enumerate(enriched_fields(), 1)}
_JSON = ("contexts", "unstruct_event", "derived_contexts")
_REQUIRED = ("event_id", "collector_tstamp")  # without these a row could be nobody's and at no time
_SHOWN = 60  # characters of a value that is told


def typed_sql(structures: dict[str, str]) -> str:
    """Return a SELECT over `lines (number, text, loaded_at)`, lines of 131 fields; events without loaded_at count as
    loaded when they were enriched, or else collected.

    It gives `number`, `reason` (why the line is no event, or NULL) and the 129 atomic columns, then one column for each
    of `structures`: name, such as contexts_com_acme_user_1 or unstruct_event_com_acme_click_1, → DuckDB type of the
    Lake Loader's column. Fields of structures are snake_case; in the JSON they are camelCase or snake_case.
    """
    columns = [f"{_value(name, kind)} AS {name}" for name, kind, _ in atomic_columns() if name != "load_tstamp"]
    columns.append(
        f"COALESCE(loaded_at, {_value('etl_tstamp', 't')}, {_value('collector_tstamp', 't')}) AS load_tstamp"
    )
    columns += [f"{_structure(name, declared)} AS {name}" for name, declared in structures.items()]
    return f"""
        WITH split AS (SELECT number, loaded_at, STRING_SPLIT(text, CHR(9)) AS f FROM lines)
           , parsed AS (
             SELECT number, loaded_at, f
                  , TRY_CAST({_text("contexts")} AS JSON) AS contexts
                  , TRY_CAST({_text("unstruct_event")} AS JSON) AS unstruct_event
                  , TRY_CAST({_text("derived_contexts")} AS JSON) AS derived_contexts
               FROM split)
           , entries AS (
             SELECT number, loaded_at, f, contexts, unstruct_event, derived_contexts
                  , LIST_CONCAT(
                        FROM_JSON(COALESCE(contexts -> '$.data', '[]'), '["JSON"]')
                      , FROM_JSON(COALESCE(derived_contexts -> '$.data', '[]'), '["JSON"]')
                    ) AS entries
                  , unstruct_event -> '$.data' AS event
               FROM parsed)
        SELECT number
             , NULLIF(CONCAT_WS('; ', {", ".join(_reasons())}), '') AS reason
             , {", ".join(columns)}
          FROM entries
    """


def _text(name: str) -> str:
    return f"NULLIF(f[{_PLACES[name]}], '')"


def _value(name: str, kind: str) -> str:
    if kind == "s":
        return _text(name)
    if kind == "t":  # enriched timestamps are UTC and say so nowhere
        return f"TRY_CAST({_text(name)} || '+00' AS TIMESTAMP WITH TIME ZONE)"
    return f"TRY_CAST({_text(name)} AS {_TYPES[kind]})"


def _reasons() -> Iterator[str]:
    """Yield one expression for each field that may be wrong: words, or NULL."""
    for name, kind, _ in atomic_columns():
        if name == "load_tstamp":
            continue
        if kind != "s":
            yield _reason(name, f"{_value(name, kind)} IS NULL", f"is no {_TYPES[kind].lower()}")
        if name in _REQUIRED:
            yield f"CASE WHEN {_text(name)} IS NULL THEN '{name} is missing' END"
    for name in _JSON:
        yield _reason(name, f"{name} IS NULL", "is no JSON")


def _reason(name: str, is_wrong: str, words: str) -> str:
    return (
        f"CASE WHEN {_text(name)} IS NOT NULL AND {is_wrong}"
        f" THEN '{name} {words}: ' || LEFT({_text(name)}, {_SHOWN}) END"
    )


def _structure(name: str, declared: str) -> str:
    """Return the expression for a column of contexts (a list), or of a self-describing event."""
    if name.startswith("contexts_"):
        fields = _fields("entry", declared.removesuffix("[]"))
        is_wanted = f"{_column_of('entry')} = '{name.removeprefix('contexts_')}'"
        return f"NULLIF([{fields} FOR entry IN entries IF {is_wanted}], [])"
    is_it = f"{_column_of('event')} = '{name.removeprefix('unstruct_event_')}'"
    return f"CASE WHEN {is_it} THEN {_fields('event', declared)} END"


def _column_of(json: str) -> str:
    """Return an expression for the Lake Loader's name: iglu:com.acme/webPage/jsonschema/1-0-2 → com_acme_web_page_1."""
    named = f"REGEXP_REPLACE({json} ->> '$.schema', '^iglu:([^/]+)/([^/]+)/jsonschema/(\\d+)-.*$', '\\1_\\2_\\3')"
    snake = f"REGEXP_REPLACE({named}, '([a-z0-9])([A-Z])', '\\1_\\2', 'g')"
    return f"LOWER(REGEXP_REPLACE({snake}, '[.-]', '_', 'g'))"


def _fields(json: str, declared: str) -> str:
    """Return a structure of the declared fields, read from the data of an entry."""
    fields = []
    for part in declared.removeprefix("STRUCT(").removesuffix(")").split(", "):
        name, kind = part.split(maxsplit=1)
        value = f"COALESCE({json} ->> '$.data.{camel_case(name)}', {json} ->> '$.data.{name}')"
        fields.append(f"'{name}': TRY_CAST({value} AS {kind})")
    return f"{{{', '.join(fields)}}}"
