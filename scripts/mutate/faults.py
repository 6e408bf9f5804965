"""Faults of a query: each place that an operator can break, under a name that stays while the place does."""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import sqlglot
from sqlglot import exp

from scripts.mutate.operators import OPERATORS

_NOT_OURS = "_dbt_utils_"
"""What dbt-utils writes into a query; its own tests are its authors' concern."""
_ROUNDS = 6
"""From this many places on that differ in numbers only they are one loop's, and broken together."""
_PLACE = re.compile(r"\b(?:prep|prod|raw)\.\w+\.|__dbt__cte__")
"""What stands before a table's name: its database and schema, or dbt's mark of a unit test's rows."""
_LONGEST = 90  # characters of a shown expression


@dataclass(frozen=True)
class Site:
    """One node of a query that an operator breaks."""

    position: int
    """Among the nodes of the query."""
    operator: str
    variant: int
    """Among what the operator yields."""
    before: str
    after: str


@dataclass(frozen=True)
class Fault:
    """One change of a query, in one place or in every round of a loop."""

    name: str
    operator: str
    before: str
    after: str
    sites: tuple[Site, ...]
    parts: tuple[Fault, ...] = ()
    """Where several are made at once: those."""

    @classmethod
    def joined(cls, parts: list[Fault]) -> Fault:
        """Return one that makes all of these."""
        sites = tuple(site for part in parts for site in part.sites)
        return cls(parts[0].name, parts[0].operator, parts[0].before, parts[0].after, sites, tuple(parts))

    def __str__(self) -> str:
        return f"{self.before} → {self.after or 'nothing'}"


def parse(sql: str) -> exp.Expression:
    """Parse a query of DuckDB's."""
    return sqlglot.parse_one(sql, dialect="duckdb")


def _text(node: exp.Expression) -> str:
    if isinstance(node, exp.Null):
        return ""
    if isinstance(node, exp.Join):
        node = node.copy()
        node.set("on", None)
    text = " ".join(node.sql(dialect="duckdb", comments=False).replace('"', "").split())
    return _PLACE.sub("", text)


def _short(text: str) -> str:
    """Cut a long expression, and tell it from others that begin alike."""
    if len(text) <= _LONGEST:
        return text
    return f"{text[:_LONGEST]}… {hashlib.sha256(text.encode()).hexdigest()[:4]}"


def _sites(tree: exp.Expression) -> Iterator[Site]:
    for position, node in enumerate(tree.walk()):
        for name, operator in OPERATORS.items():
            for variant, (before, after, _) in enumerate(operator(node)):
                if _NOT_OURS not in (text := _text(before)):
                    yield Site(position, name, variant, text, _text(after))


def faults_of(sql: str) -> list[Fault]:
    """Return every fault of a query. A name says what stood there; a number tells equal places apart."""
    alike: dict[tuple[str, str, str], list[Site]] = defaultdict(list)
    for site in _sites(parse(sql)):
        alike[site.operator, *(re.sub(r"\d+", "N", text) for text in (site.before, site.after))].append(site)
    groups = []
    for sites in alike.values():
        groups += [sites] if len(sites) >= _ROUNDS else [[site] for site in sites]
    seen: Counter[str] = Counter()
    faults = []
    for group in sorted(groups, key=lambda sites: sites[0].position):
        first = group[0]
        before, after = _short(first.before), _short(first.after)
        name = f"{first.operator}: {before}" + (f" → {after}" if after else "")
        seen[name] += 1
        numbered = f"{name} #{seen[name]}" if seen[name] > 1 else name
        faults.append(Fault(numbered, first.operator, before, after, tuple(group)))
    return faults


def broken(sql: str, fault: Fault) -> str:
    """Return the query with the fault in it."""
    tree = parse(sql)
    nodes = list(tree.walk())
    # inner nodes come later: they are broken first, as what is outside takes them along
    for site in sorted(fault.sites, key=lambda site: -site.position):
        node = nodes[site.position]
        _, _, replacement = list(OPERATORS[site.operator](node))[site.variant]
        if node is tree:
            tree = replacement
        else:
            node.replace(replacement)
    return tree.sql(dialect="duckdb", comments=False)


def split(sql: str) -> tuple[str, str]:
    """Return the CTEs in which dbt hands over a unit test's rows, as they stand before a query, and that query."""
    tree = parse(sql)
    ctes = tree.args.get("with_")
    if ctes is None:
        return "", sql
    rows = [cte for cte in ctes.expressions if cte.alias.startswith("__dbt__cte__")]
    for cte in rows:
        cte.pop()
    if not ctes.expressions:
        tree.set("with_", None)
    return ", ".join(cte.sql(dialect="duckdb", comments=False) for cte in rows), tree.sql(dialect="duckdb", comments=False)


def joined(rows: str, sql: str) -> str:
    """Put the CTEs of `split` before a query again."""
    tree = parse(sql)
    if not rows:
        return sql
    own = tree.args.get("with_")
    if own is None:
        return f"WITH {rows} {sql}"
    texts = [cte.sql(dialect="duckdb", comments=False) for cte in own.expressions]
    tree.set("with_", None)
    return f"WITH {', '.join([rows, *texts])} {tree.sql(dialect='duckdb', comments=False)}"


def same_fault(fault: Fault, own: list[Fault], others: list[Fault]) -> Fault | None:
    """Find the fault of a query in another rendering of it: other constants, or for an incremental build."""
    if fault.parts:
        parts = [same_fault(part, own, others) for part in fault.parts]
        return Fault.joined([part for part in parts if part]) if any(parts) else None
    if [each.operator for each in own] == [each.operator for each in others]:
        return others[own.index(fault)]
    return next((other for other in others if other.name == fault.name), None)
