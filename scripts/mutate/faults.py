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

_HAND_MADE = "__dbt__cte__"
"""Begins the names of the CTEs in which dbt hands over a unit test's rows."""
_NOT_OURS = "_dbt_utils_"
"""What dbt-utils writes into a query; its own tests are its authors' concern."""
_ROUNDS = 6
"""From this many places on that differ in numbers only they are one loop's, and broken together."""
_PLACE = re.compile(rf"\b(?:base|intermediate|product|atomic|wellthy)\.|{_HAND_MADE}")
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
    sites: tuple[Site, ...]


def _parse(sql: str) -> tuple[exp.Expr, list[exp.Expr]]:
    """Return the parsed query and its nodes, without those of a unit test's rows and of GROUP BY, which says again what
    is selected: broken alone it is no query, or the same one.
    """
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    return tree, list(tree.walk(prune=_is_left_alone))


def _is_left_alone(node: exp.Expr) -> bool:
    return isinstance(node, exp.Group) or (isinstance(node, exp.CTE) and node.alias.startswith(_HAND_MADE))


def _text(node: exp.Expr) -> str:
    if isinstance(node, exp.Null):
        return ""
    if isinstance(node, exp.Join):
        return f"{node.side or node.kind} JOIN {_text(node.this)}"
    text = " ".join(node.sql(dialect="duckdb", comments=False).replace('"', "").split())
    return _PLACE.sub("", text)


def _short(text: str) -> str:
    """Cut a long expression, and tell it from others that begin alike."""
    if len(text) <= _LONGEST:
        return text
    return f"{text[:_LONGEST]}… {hashlib.sha256(text.encode()).hexdigest()[:4]}"


def _sites(nodes: list[exp.Expr]) -> Iterator[Site]:
    for position, node in enumerate(nodes):
        for name, operator in OPERATORS.items():
            for variant, (before, after, _) in enumerate(operator(node)):
                if _NOT_OURS not in (text := _text(before)):
                    yield Site(position, name, variant, text, _text(after))


def faults_of(sql: str) -> list[Fault]:
    """Return every fault of a query. A name says what stood there; a number tells equal places apart."""
    alike: dict[tuple[str, str, str], list[Site]] = defaultdict(list)
    for site in _sites(_parse(sql)[1]):
        alike[site.operator, re.sub(r"\d+", "N", site.before), re.sub(r"\d+", "N", site.after)].append(site)
    groups: list[list[Site]] = []
    for sites in alike.values():
        groups += [sites] if len(sites) >= _ROUNDS else [[site] for site in sites]
    seen: Counter[str] = Counter()
    faults = []
    for group in sorted(groups, key=lambda sites: sites[0].position):
        first = group[0]
        name = f"{first.operator}: {_short(first.before)}" + (f" → {_short(first.after)}" if first.after else "")
        seen[name] += 1
        numbered = f"{name} #{seen[name]}" if seen[name] > 1 else name
        faults.append(Fault(numbered, first.operator, first.before, tuple(group)))
    return faults


def broken(sql: str, fault: Fault) -> str:
    """Return the query with the fault in it."""
    tree, nodes = _parse(sql)
    # inner nodes come later: they are broken first, as what is outside takes them along
    for site in sorted(fault.sites, key=lambda site: -site.position):
        node = nodes[site.position]
        _, _, new = list(OPERATORS[site.operator](node))[site.variant]
        replacement = new if isinstance(new, exp.Expr) else new()
        if node is tree:
            tree = replacement
        else:
            node.replace(replacement)
    return tree.sql(dialect="duckdb", comments=False)


def same_fault(fault: Fault, own: list[Fault], others: list[Fault]) -> Fault | None:
    """Find the fault of a query in another rendering of it: of other constants, or for an incremental build."""
    if [each.operator for each in own] == [each.operator for each in others]:
        return others[own.index(fault)]
    return next((other for other in others if other.name == fault.name), None)
