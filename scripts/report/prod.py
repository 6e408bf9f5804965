"""Read what the page shows: prod.duckdb, with the settings that stand behind its columns."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from scripts.databases import DatabaseError, Row, literal, rows_of
from scripts.databases import opened as opened_database
from scripts.settings import Settings, read_settings

_FUNNELS = """
SELECT funnel_name
  FROM product.funnel_conversion_trends
 WHERE grain = 'all'
   AND segment_name = 'all'
 ORDER BY entry_count DESC
        , funnel_name
"""


class ReportError(Exception):
    """The page cannot be made; the message says why and what to do."""


@dataclass(frozen=True)
class Funnel:
    """A funnel of the page."""

    name: str
    id: str
    """The name as a part of ids, files and fragments: letters, digits and hyphens."""


@dataclass(frozen=True)
class Prod:
    """The opened database."""

    connection: duckdb.DuckDBPyConnection
    settings: Settings

    def ask(self, sql: str) -> list[Row]:
        """Return the rows of a query."""
        return rows_of(self.connection.execute(sql))

    def funnels(self) -> list[Funnel]:
        """Return the funnels that people entered, the largest first."""
        found: list[Funnel] = []
        for number, row in enumerate(self.ask(_FUNNELS), start=1):
            slug = re.sub("[^a-z0-9]+", "-", row["funnel_name"].lower()).strip("-")[:40].strip("-")
            is_free = slug and slug not in {funnel.id for funnel in found}
            found.append(Funnel(row["funnel_name"], slug if is_free else f"{slug or 'funnel'}-{number}"))
        return found

    def sql(self, text: str, funnel: Funnel | None = None) -> str:
        """Return the statement with the funnel's name and the settings filled in, as it runs and as it is shown."""
        values = {name: str(value) for name, value in vars(self.settings).items()}
        if funnel:
            values["funnel_name"] = literal(funnel.name)
        return re.sub(r"\$(\w+)", lambda match: values[match[1]], text).strip("\n")


@contextlib.contextmanager
def opened(warehouse_dir: Path) -> Iterator[Prod]:
    """Open the folder's prod.duckdb, read only.

    Raises:
        ReportError: there is none, or it is not what `make build` makes.
    """
    try:
        with opened_database(warehouse_dir / "prod.duckdb") as connection:
            yield Prod(connection, read_settings())
    except DatabaseError as error:
        raise ReportError(str(error)) from error
