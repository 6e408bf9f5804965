"""Statements for Snowflake that unload a sample of people under pseudonyms, or load tables from a laptop."""

from __future__ import annotations

import re

import duckdb

from scripts.atomic import camel_case
from scripts.snowflake.source_tables import snowflake_type
from scripts.sources import Source

# What tells one person, device, visit, page view or event from another. All else is unloaded as it is: a column that
# joins models/base/sources.yml stands here too if it identifies anybody.
IDENTIFIERS = frozenset(
    {
        "event_id",
        "user_id",
        "domain_userid",
        "domain_sessionid",
        "contexts_com_snowplowanalytics_snowplow_web_page_1.id",
        "contexts_com_wellthy_user_2.user_id",
    }
)
DOWNLOAD_DIR = "/tmp/care_sample"
_NAME = r"[A-Za-z_][A-Za-z0-9_$]*"
# A user's or a named stage, and a path on it; a transforming COPY reads from no others.
_STAGE = re.compile(rf"@(~|({_NAME}\.){{0,2}}{_NAME})(/[A-Za-z0-9_][A-Za-z0-9_.=-]*)*/?")


def checked_database(name: str) -> str:
    """Return the name of a database.

    Raises:
        ValueError: it would have to be quoted.
    """
    if not re.fullmatch(_NAME, name):
        raise ValueError(f"not the name of a database, such as raw_dev_anna: {name!r}")
    return name


def checked_stage(stage: str) -> str:
    """Return a stage with its path, without a slash at the end.

    Raises:
        ValueError: it is no user's or named stage, or its name or path would have to be quoted.
    """
    if not _STAGE.fullmatch(stage):
        raise ValueError(f"not a stage, such as @~/care_sample or @raw.public.care/sample: {stage!r}")
    return stage.rstrip("/")


def checked_share(text: str) -> float:
    """Return the share of people.

    Raises:
        ValueError: it is no number above 0 and up to 1.
    """
    try:
        share = float(text)
    except ValueError:
        share = 0.0
    if not 0 < share <= 1:
        raise ValueError(f"not a share of the people, above 0 and up to 1, such as 0.01: {text!r}")
    return share


def folder_of(source: Source) -> str:
    """Return a table's folder on a stage and in what is downloaded from there: wellthy/members."""
    return source.name.replace(".", "/")


def sample_sql(sources: list[Source], share: float, stage: str, raw: str, prep: str) -> str:
    """Return the statements that unload a share of the people, each with all there is, under pseudonyms.

    Who is chosen, and each pseudonym, depends on nothing but the id and the salt; nobody knows the salt.
    """
    chosen = {
        "snowplow.events": f""" WHERE events.event_id IN (
           SELECT member_events.event_id
             FROM {prep}.intermediate.member_events AS member_events
            WHERE {_is_chosen("member_events.person_id", share)}
       )
""",
        "wellthy.members": f" WHERE {_is_chosen('members.user_id', share)}\n",
        "wellthy.clients": "",  # employers, not people
    }
    unloads = [_unload(source, chosen[source.name], stage, raw) for source in sources]
    folders = [folder_of(source) for source in sources]
    gets = [f"--   GET {stage}/{folder}/ file://{DOWNLOAD_DIR}/{folder}/;" for folder in folders]
    return "\n".join(
        [
            f"-- About {share * 100:g}% of the people, each with every event, under pseudonyms.",
            "SET salt = (SELECT RANDSTR(32, RANDOM()) || UUID_STRING());",
            "-- Nobody knows it, so nobody can undo the pseudonyms, nor unload the same sample again. For that, set a",
            "-- secret of your own instead, and know that the query history shows it:",
            "--   SET salt = '<32 random characters>';",
            "",
            *unloads,
            "-- Next in a shell, for nobody else to read:",
            f"--   (umask 077 && mkdir {DOWNLOAD_DIR} && cd {DOWNLOAD_DIR} && mkdir -p {' '.join(folders)})",
            "-- in SnowSQL or `snow sql` (a worksheet cannot GET):",
            *gets,
            f"--   REMOVE {stage}/;",
            "-- and here:",
            f"--   python -m scripts.snowflake.transfer convert {DOWNLOAD_DIR} DATA_DIR",
        ]
    )


def _is_chosen(person: str, share: float) -> str:
    """Compare the hash's hexadecimal digits as text, which sorts them like the numbers that they are."""
    bound = "g" if share == 1 else f"{int(share * 16**16):016x}"
    return f"SHA2($salt || 'person' || {person}, 256) < '{bound}'"


def _unload(source: Source, condition: str, stage: str, raw: str) -> str:
    _, schema, table = source.relation.split(".")
    columns = [f"{_unloaded(table, name, declared)} AS {name}" for name, declared in source.types.items()]
    # a file that another unload left there would mix two samples
    return f"""REMOVE {stage}/{folder_of(source)}/;
COPY INTO {stage}/{folder_of(source)}/ FROM (
SELECT {_listed(columns)}
  FROM {raw}.{schema}.{table} AS {table}
{condition}) FILE_FORMAT = (TYPE = PARQUET) HEADER = TRUE INCLUDE_QUERY_ID = TRUE;
"""


def _unloaded(table: str, name: str, declared: str) -> str:
    """Return the SQL of a column: lists and structs as JSON text of the declared fields, in snake_case."""
    column = f"{table}.{name}"
    kind = snowflake_type(declared)
    if kind not in ("ARRAY", "OBJECT"):
        return _pseudonym(column) if name in IDENTIFIERS else f"CAST({column} AS {kind})"
    if kind == "OBJECT":
        return f"CASE WHEN {column} IS NOT NULL THEN TO_JSON({_rebuilt(column, name, '', declared)}) END"
    first = f"GET_PATH({column}, '[0]')"  # models read no other, and trackers attach one
    rebuilt = _rebuilt(column, name, "[0].", declared.removesuffix("[]"))
    return f"CASE WHEN {first} IS NOT NULL THEN TO_JSON(ARRAY_CONSTRUCT({rebuilt})) END"


def _rebuilt(column: str, name: str, path: str, declared: str) -> str:
    fields = []
    for field, kind in duckdb.dtype(declared).children:
        value = f"CAST(GET_PATH({column}, '{path}{camel_case(field)}') AS {kind})"
        fields.append(f"'{field}', {_pseudonym(value) if f'{name}.{field}' in IDENTIFIERS else value}")
    return f"OBJECT_CONSTRUCT_KEEP_NULL({', '.join(fields)})"


def _pseudonym(value: str) -> str:
    return f"SHA2($salt || {value}, 256)"


def load_sql(sources: list[Source], folder: str, stage: str, raw: str) -> str:
    """Return the statements that make the source tables in a database and fill them from a folder of staged files."""
    return "\n".join(
        [f"CREATE DATABASE IF NOT EXISTS {raw};", "", *(_load(each, folder, stage, raw) for each in sources)]
    )


def _load(source: Source, folder: str, stage: str, raw: str) -> str:
    _, schema, table = source.relation.split(".")
    relation, place = f"{raw}.{schema}.{table}", f"{stage}/{folder_of(source)}/"
    columns = [f"{name} {snowflake_type(declared)}" for name, declared in source.types.items()]
    values = [_loaded(name, snowflake_type(declared)) for name, declared in source.types.items()]
    return f"""CREATE SCHEMA IF NOT EXISTS {raw}.{schema};
CREATE TABLE {relation} ( -- not OR REPLACE: what is there stays
       {_listed(columns)}
);
REMOVE {place};
PUT 'file://{folder}/{folder_of(source)}/*.parquet' {place} AUTO_COMPRESS = FALSE OVERWRITE = TRUE;
COPY INTO {relation} FROM (
SELECT {_listed(values)}
  FROM {place}
) FILE_FORMAT = (TYPE = PARQUET USE_LOGICAL_TYPE = TRUE);
"""


def _loaded(name: str, kind: str) -> str:
    return f"PARSE_JSON($1:{name}::VARCHAR)::{kind}" if kind in ("ARRAY", "OBJECT") else f"$1:{name}::{kind}"


def _listed(columns: list[str]) -> str:
    return "\n     , ".join(columns)
