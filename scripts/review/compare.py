"""Compare one relation of two builds, row by row and cell by cell, in DuckDB.

No name of a user's column comes into a statement: each side's columns are renamed by position (`b0`, `b1` … on base,
`h0` … on head) where the relation is read, so that neither reserved words nor names like our own can do harm.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import duckdb

from scripts.databases import number_of, row_count
from scripts.review.findings import ColumnChange, Example, Key, Value

Connection = duckdb.DuckDBPyConnection

_ROW_HASH_FROM = 500_000
"""Rows from which on only rows whose hashes differ are joined whole: below, that costs more than it saves."""
_KEPT_AS_IS = re.compile(r"BOOLEAN|VARCHAR|DOUBLE|U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?")
_FLOAT = re.compile(r"DOUBLE|FLOAT")
_NUMERIC = re.compile(r"DOUBLE|FLOAT|U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DECIMAL\(.*\)")
_TEMPORARY = ("review_rows", "review_keys", "review_hashes", "review_base", "review_head", "review_pairs")


@dataclass(frozen=True)
class Tolerance:
    """How far two floats a and b may be apart to count as equal: |a - b| <= absolute + relative * max(|a|, |b|)."""

    absolute: float = 1e-9
    relative: float = 1e-9


@dataclass(frozen=True)
class Comparison:
    """What differs between two revisions of a relation."""

    key: Key
    base_row_count: int
    head_row_count: int
    removed_row_count: int
    added_row_count: int
    changed_row_count: int
    columns: tuple[ColumnChange, ...]
    """Only those to which something happened, most moved rows first, then by name. A column of which cells differ, but
    all within tolerance, is told as moved with a moved_count of 0."""
    examples: tuple[Example, ...]
    """Changed rows first, then added, then removed ones; each kind in the order of the key."""


@dataclass(frozen=True)
class _Column:
    name: str
    type: str
    ref: str
    """Its name in statements."""


@dataclass(frozen=True)
class _Pair:
    """A column that both sides have."""

    base: _Column
    head: _Column
    parts: tuple[tuple[str, str], ...]
    """Expressions of base and head that must agree. A retyped column has a second pair: the text of what the cast to
    the common type loses, which agrees with nothing."""
    is_float: bool
    is_renamed: bool = False

    @property
    def is_retyped(self) -> bool:
        return self.base.type != self.head.type


@dataclass(frozen=True)
class _Sides:
    """Two relations and how their columns belong together."""

    base: str
    head: str
    base_columns: tuple[_Column, ...]
    head_columns: tuple[_Column, ...]
    pairs: tuple[_Pair, ...]

    @property
    def base_only(self) -> list[_Column]:
        paired = {pair.base.ref for pair in self.pairs}
        return [column for column in self.base_columns if column.ref not in paired]

    @property
    def head_only(self) -> list[_Column]:
        paired = {pair.head.ref for pair in self.pairs}
        return [column for column in self.head_columns if column.ref not in paired]

    @property
    def base_source(self) -> str:
        return _source(self.base, "b", self.base_columns)

    @property
    def head_source(self) -> str:
        return _source(self.head, "h", self.head_columns)


@dataclass(frozen=True)
class _Counts:
    """Rows that differ, and the cells of each pair: beyond and within the tolerance."""

    removed: int
    added: int
    changed: int
    cells: tuple[tuple[int, int], ...]


def compare_relations(
    connection: Connection,
    base: str,
    head: str,
    key: tuple[str, ...],
    key_origin: str,
    tolerance: Tolerance,
    example_count: int = 5,
) -> Comparison:
    """Return what differs between two relations that one DuckDB connection sees.

    `base` and `head` are complete names, quoted where they need it. `key` and `key_origin` come from `key_of`.

    Rows are paired by the key if it tells them apart on both sides; NULL counts as a value there. Otherwise (no key,
    duplicates, a column of it missing on one side, which the returned origin says) rows are compared as a multiset:
    they are only added or removed, never changed. Of those, rows that agree in all but floats, and in these within the
    tolerance, are paired and do not count; their cells are told as within tolerance.

    Columns are matched by name, ignoring case. A removed and an added column of the same kind of type are one renamed
    column if all rows on both sides agree in it (without a key: and in all else) and some are not NULL; where several
    fit, the first of base takes the first of head. Retyped columns are compared in the type that holds both, else cast
    to head's type; what cannot be cast has moved.

    Tables of the connection's own temporary schema named review_… are replaced and dropped. Raises duckdb.Error if a
    relation does not exist.
    """
    with _clean_up(connection):
        sides = _sides(connection, base, head)
        verified = _verified_key(connection, sides, key, key_origin)
        if verified.is_usable:
            key_pairs = _pairs_of(sides, verified.columns)
            sides = _pair_renamed(sides, _renamed_by_key(connection, sides, key_pairs, tolerance))
            return _compare_by_key(connection, sides, verified, tolerance, example_count)
        sides = _pair_renamed(sides, _renamed_by_hash(connection, sides))
        return _compare_as_multiset(connection, sides, verified, tolerance, example_count)


def same_contents(connection: Connection, base: str, head: str, tolerance: Tolerance) -> bool:
    """Tell whether two relations have the same columns and rows, whatever their order, and are not both empty.

    Names of columns may differ in case, types may not; floats may differ within the tolerance. Raises duckdb.Error if
    a relation does not exist.
    """
    with _clean_up(connection):
        sides = _sides(connection, base, head)
        if sides.base_only or sides.head_only or any(pair.is_retyped for pair in sides.pairs):
            return False
        base_count, head_count = row_count(connection, base), row_count(connection, head)
        if base_count != head_count or not base_count:
            return False
        counts = _multiset_differences(connection, sides, tolerance)
        return not (counts.removed or counts.added)


@contextmanager
def _clean_up(connection: Connection) -> Iterator[None]:
    try:
        yield
    finally:
        for name in _TEMPORARY:
            connection.execute(f"DROP TABLE IF EXISTS temp.main.{name}")


# Columns


def _sides(connection: Connection, base: str, head: str) -> _Sides:
    base_columns, head_columns = _columns(connection, base, "b"), _columns(connection, head, "h")
    by_name = {_folded(column.name): column for column in base_columns}
    pairs = [
        _pair(connection, by_name[_folded(column.name)], column)
        for column in head_columns
        if _folded(column.name) in by_name
    ]
    return _Sides(base, head, base_columns, head_columns, tuple(pairs))


def _columns(connection: Connection, relation: str, prefix: str) -> tuple[_Column, ...]:
    described = connection.execute(f"DESCRIBE {relation}").fetchall()
    return tuple(_Column(name, declared, f"{prefix}{n}") for n, (name, declared, *_) in enumerate(described))


def _folded(name: str) -> str:
    """Fold case as DuckDB does, which knows it of ASCII only: "Ä" and "ä" are two columns."""
    return "".join(each.lower() if each.isascii() else each for each in name)


def _pair(connection: Connection, base: _Column, head: _Column, is_renamed: bool = False) -> _Pair:
    if base.type == head.type:
        parts: tuple[tuple[str, str], ...] = ((base.ref, head.ref),)
        return _Pair(base, head, parts, bool(_FLOAT.fullmatch(base.type)), is_renamed)
    common = _common_type(connection, base.type, head.type)
    casts = [f"TRY_CAST({each.ref} AS {common})" for each in (base, head)]
    lost = [
        f"CASE WHEN {cast} IS NULL THEN '{side}:' || CAST({each.ref} AS VARCHAR) END"
        for cast, each, side in zip(casts, (base, head), ("base", "head"), strict=True)
    ]
    return _Pair(base, head, ((casts[0], casts[1]), (lost[0], lost[1])), common == "DOUBLE", is_renamed)


def _common_type(connection: Connection, base: str, head: str) -> str:
    """Return the type in which both are compared: the one that holds both, where DuckDB knows one, else head's."""
    if _NUMERIC.fullmatch(base) and _NUMERIC.fullmatch(head) and (_FLOAT.fullmatch(base) or _FLOAT.fullmatch(head)):
        return "DOUBLE"  # DuckDB takes FLOAT for a DECIMAL and a FLOAT
    try:
        cursor = connection.execute(f"SELECT TYPEOF([CAST(NULL AS {base}), CAST(NULL AS {head})])")
    except duckdb.Error:  # nothing holds both, such as text and numbers
        return head
    ((both,),) = cursor.fetchall()
    return str(both).removesuffix("[]")


def _pairs_of(sides: _Sides, names: Iterable[str]) -> list[_Pair]:
    by_name = {_folded(pair.head.name): pair for pair in sides.pairs}
    return [by_name[_folded(name)] for name in names]


def _source(relation: str, alias: str, columns: Sequence[_Column]) -> str:
    return f"{relation} AS {alias}({', '.join(column.ref for column in columns)})"


# Statements' pieces


def _is_close(base: str, head: str, tolerance: Tolerance) -> str:
    """Return an expression: both are finite and within the tolerance. DuckDB calls NaN equal to NaN by itself."""
    a, b = f"CAST({base} AS DOUBLE)", f"CAST({head} AS DOUBLE)"
    allowed = f"{_double(tolerance.absolute)} + {_double(tolerance.relative)} * GREATEST(ABS({a}), ABS({b}))"
    return f"COALESCE(ISFINITE({a}) AND ISFINITE({b}) AND ABS({a} - {b}) <= {allowed}, FALSE)"


def _double(number: float) -> str:
    return f"CAST('{float(number)!r}' AS DOUBLE)"


def _differs(pair: _Pair) -> str:
    return _any(f"{base} IS DISTINCT FROM {head}" for base, head in pair.parts)


def _has_moved(pair: _Pair, tolerance: Tolerance) -> str:
    if not pair.is_float:
        return _differs(pair)
    (base, head), *others = pair.parts
    beyond = f"({base} IS DISTINCT FROM {head} AND NOT {_is_close(base, head, tolerance)})"
    return _any([beyond, *(f"{a} IS DISTINCT FROM {b}" for a, b in others)])


def _agree(pairs: Iterable[_Pair]) -> str:
    return _all(f"{base} IS NOT DISTINCT FROM {head}" for pair in pairs for base, head in pair.parts)


def _any(conditions: Iterable[str]) -> str:
    return f"({' OR '.join(conditions) or 'FALSE'})"


def _all(conditions: Iterable[str]) -> str:
    return f"({' AND '.join(conditions) or 'TRUE'})"


def _hash(pairs: Iterable[_Pair], side: Literal[0, 1]) -> str:
    """Return an expression: one number for all parts of one side (0: base)."""
    return f"HASH({', '.join(part[side] for pair in pairs for part in pair.parts) or '0'})"


# The key


def _verified_key(connection: Connection, sides: _Sides, columns: tuple[str, ...], origin: str) -> Key:
    """Return the key as it can be used: without columns if one of them is not on both sides."""
    shared = {_folded(pair.head.name) for pair in sides.pairs}
    missing = [name for name in dict.fromkeys(columns) if _folded(name) not in shared]
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        return Key((), f"{origin}, but {', '.join(missing)} {verb} not on both sides")
    unique_pairs = {pair.head.ref: pair for pair in _pairs_of(sides, columns)}
    pairs = list(unique_pairs.values())
    if not pairs:
        return Key((), origin)
    base_duplicates = _duplicate_count(connection, sides.base_source, [a for pair in pairs for a, _ in pair.parts])
    head_duplicates = _duplicate_count(connection, sides.head_source, [b for pair in pairs for _, b in pair.parts])
    return Key(tuple(pair.head.name for pair in pairs), origin, base_duplicates, head_duplicates)


def _duplicate_count(connection: Connection, source: str, parts: list[str]) -> int:
    """Return how many rows have a key that another row has too."""

    def count(grouping: str) -> int:
        groups = f"SELECT COUNT(*) AS n FROM {source} GROUP BY {grouping} HAVING n > 1"
        return number_of(connection, f"SELECT COALESCE(SUM(n), 0) FROM ({groups})")

    # Equal keys have equal hashes, and one number groups much faster than several texts.
    joined = ", ".join(parts)
    return count(joined) if count(f"HASH({joined})") else 0


# Renamed columns


def _candidates(connection: Connection, sides: _Sides) -> list[_Pair]:
    return [
        _pair(connection, removed, added, is_renamed=True)
        for removed in sides.base_only
        for added in sides.head_only
        if _kind(removed.type) == _kind(added.type)
    ]


def _kind(declared: str) -> str:
    if _FLOAT.fullmatch(declared):
        return "float"
    if declared.startswith("DECIMAL"):
        return "decimal"
    return "integer" if _NUMERIC.fullmatch(declared) else declared


def _renamed_by_key(
    connection: Connection, sides: _Sides, key_pairs: list[_Pair], tolerance: Tolerance
) -> Iterator[_Pair]:
    """Yield the candidates that agree in all rows that both sides have."""
    candidates = _candidates(connection, sides)
    if not candidates:
        return
    tallies = [f"COUNT(*) FILTER ({_has_moved(pair, tolerance)}), COUNT({pair.base.ref})" for pair in candidates]
    tally = connection.execute(
        f"SELECT {', '.join(tallies)} FROM {sides.base_source} INNER JOIN {sides.head_source} ON {_agree(key_pairs)}"
    ).fetchall()[0]
    for pair, moved, known in zip(candidates, tally[::2], tally[1::2], strict=True):
        if known and not moved:
            yield pair


def _renamed_by_hash(connection: Connection, sides: _Sides) -> Iterator[_Pair]:
    """Yield the candidates with which the rows of both sides are the same multiset, by a sum of their hashes.

    Exact, floats too: a sum knows no tolerance.
    """
    candidates = _candidates(connection, sides)
    if not candidates:
        return
    base = _row_hash_sums(connection, sides.base_source, sides.pairs, candidates, 0)
    head = _row_hash_sums(connection, sides.head_source, sides.pairs, candidates, 1)
    for pair, on_base, on_head in zip(candidates, base, head, strict=True):
        if on_base == on_head and on_base[1]:
            yield pair


def _row_hash_sums(
    connection: Connection, source: str, pairs: Sequence[_Pair], candidates: list[_Pair], side: Literal[0, 1]
) -> list[tuple[int, int]]:
    """Return for each candidate the sum of row hashes with it, and how many of its cells are known."""
    tallies = []
    for pair in candidates:
        own = ", ".join(part[side] for part in pair.parts)
        tallies.append(f"SUM(HASH(shared, {own})), COUNT({(pair.base, pair.head)[side].ref})")
    sums = connection.execute(
        f"SELECT {', '.join(tallies)} FROM (SELECT *, {_hash(pairs, side)} AS shared FROM {source})"
    ).fetchall()[0]
    return list(zip(sums[::2], sums[1::2], strict=True))


def _pair_renamed(sides: _Sides, renamed: Iterable[_Pair]) -> _Sides:
    """Add each pair, in order, of which neither column has found another."""
    pairs = list(sides.pairs)
    taken: set[str] = set()
    for pair in renamed:
        if not {pair.base.ref, pair.head.ref} & taken:
            taken |= {pair.base.ref, pair.head.ref}
            pairs.append(pair)
    return _Sides(sides.base, sides.head, sides.base_columns, sides.head_columns, tuple(pairs))


# With a key


def _compare_by_key(
    connection: Connection, sides: _Sides, key: Key, tolerance: Tolerance, example_count: int
) -> Comparison:
    key_pairs = _pairs_of(sides, key.columns)
    base_count, head_count = row_count(connection, sides.base), row_count(connection, sides.head)
    _collect_differing_rows(connection, sides, key_pairs, max(base_count, head_count) >= _ROW_HASH_FROM)
    counts = _count_by_key(connection, sides, tolerance)
    examples = [
        *_changed_examples(connection, sides, key_pairs, tolerance, min(example_count, counts.changed)),
        *_one_sided_examples(connection, sides, key_pairs, "added", "review_rows", min(example_count, counts.added)),
        *_one_sided_examples(
            connection, sides, key_pairs, "removed", "review_rows", min(example_count, counts.removed)
        ),
    ]
    return _comparison(key, base_count, head_count, sides, counts, examples)


def _collect_differing_rows(connection: Connection, sides: _Sides, key_pairs: list[_Pair], is_by_hash: bool) -> None:
    """Fill temp review_rows: both sides' columns of each row that is on one side only or differs in any cell."""
    compared = _compared(sides, key_pairs)
    base, head = sides.base_source, sides.head_source
    if is_by_hash:
        base, head = _only_differing_keys(connection, sides, key_pairs, compared)
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE review_rows AS
        SELECT *
          FROM (SELECT *, TRUE AS in_base FROM {base})
          FULL JOIN (SELECT *, TRUE AS in_head FROM {head})
            ON {_agree(key_pairs)}
         WHERE {_any(["in_base IS NULL", "in_head IS NULL", *map(_differs, compared)])}
        """
    )


def _compared(sides: _Sides, key_pairs: list[_Pair]) -> list[_Pair]:
    """Return the pairs that paired rows may differ in."""
    keys = {pair.head.ref for pair in key_pairs}
    return [pair for pair in sides.pairs if pair.head.ref not in keys]


def _only_differing_keys(
    connection: Connection, sides: _Sides, key_pairs: list[_Pair], compared: list[_Pair]
) -> tuple[str, str]:
    """Return both sides, restricted to the keys of rows whose hashes differ: so no wide row is kept in memory."""
    parts = [part for pair in key_pairs for part in pair.parts]
    names = [f"k{n}" for n in range(len(parts))]
    projections = [
        ", ".join(f"{part[side]} AS {letter}{n}" for n, part in enumerate(parts))
        for side, letter in ((0, "x"), (1, "y"))
    ]
    keys = ", ".join(f"CASE WHEN in_base IS NULL THEN y{n} ELSE x{n} END AS k{n}" for n in range(len(parts)))
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE review_keys AS
        SELECT {keys}
          FROM (SELECT {projections[0]}, {_hash(compared, 0)} AS base_hash, TRUE AS in_base FROM {sides.base_source})
          FULL JOIN (SELECT {projections[1]}, {_hash(compared, 1)} AS head_hash FROM {sides.head_source})
            ON {_all(f"x{n} IS NOT DISTINCT FROM y{n}" for n in range(len(parts)))}
         WHERE base_hash IS DISTINCT FROM head_hash
        """
    )
    sources = []
    for side, source in ((0, sides.base_source), (1, sides.head_source)):
        same = _all(f"{part[side]} IS NOT DISTINCT FROM {name}" for part, name in zip(parts, names, strict=True))
        sources.append(f"{source} SEMI JOIN temp.main.review_keys ON {same}")
    return sources[0], sources[1]


def _count_by_key(connection: Connection, sides: _Sides, tolerance: Tolerance) -> _Counts:
    pairs = sides.pairs
    flags = ", ".join(
        f"{_has_moved(pair, tolerance)} AS moved{n}, {_differs(pair)} AS differs{n}" for n, pair in enumerate(pairs)
    )
    cells = [
        f", COUNT(*) FILTER (is_both AND moved{n}), COUNT(*) FILTER (is_both AND differs{n} AND NOT moved{n})"
        for n in range(len(pairs))
    ]
    removed, added, changed, *tally = connection.execute(
        f"""
        SELECT COUNT(*) FILTER (in_head IS NULL)
             , COUNT(*) FILTER (in_base IS NULL)
             , COUNT(*) FILTER (is_both AND {_any(f"moved{n}" for n in range(len(pairs)))})
               {"".join(cells)}
          FROM (SELECT *, in_base AND in_head IS NOT NULL AS is_both, {flags} FROM temp.main.review_rows)
        """
    ).fetchall()[0]
    return _Counts(removed, added, changed, tuple(zip(tally[::2], tally[1::2], strict=True)))


def _changed_examples(
    connection: Connection, sides: _Sides, key_pairs: list[_Pair], tolerance: Tolerance, count: int
) -> list[Example]:
    compared = _compared(sides, key_pairs)
    if not count or not compared:
        return []
    moved = [_has_moved(pair, tolerance) for pair in compared]
    shown = [_shown(pair.head) for pair in key_pairs]
    for pair, has_moved in zip(compared, moved, strict=True):
        shown += [has_moved, _shown(pair.base), _shown(pair.head)]
    rows = connection.execute(
        f"""
        SELECT {", ".join(shown)}
          FROM temp.main.review_rows
         WHERE in_base AND in_head AND {_any(moved)}
         ORDER BY {_order(pair.head for pair in key_pairs)}
         LIMIT {count}
        """
    ).fetchall()
    return [_changed_example(row, key_pairs, compared) for row in rows]


def _changed_example(row: tuple[Any, ...], key_pairs: list[_Pair], compared: list[_Pair]) -> Example:
    key = {pair.head.name: _value(value, pair.head) for pair, value in zip(key_pairs, row, strict=False)}
    cells = row[len(key_pairs) :]
    columns = {
        pair.head.name: (_value(base, pair.base), _value(head, pair.head))
        for pair, has_moved, base, head in zip(compared, cells[::3], cells[1::3], cells[2::3], strict=True)
        if has_moved
    }
    return Example(key, "changed", columns)


def _one_sided_examples(
    connection: Connection,
    sides: _Sides,
    key_pairs: list[_Pair],
    how: Literal["added", "removed"],
    table: str,
    count: int,
) -> list[Example]:
    """Return rows that only one side has, in the order of the key; without one, of all columns."""
    if not count:
        return []
    is_added = how == "added"
    columns = sides.head_columns if is_added else sides.base_columns
    other = "in_base" if is_added else "in_head"
    keys = [pair.head if is_added else pair.base for pair in key_pairs]
    rows = connection.execute(
        f"""
        SELECT {", ".join(_shown(column) for column in columns)}
          FROM temp.main.{table}
         WHERE {f"{other} IS NULL" if key_pairs else "TRUE"}
         ORDER BY {_order(keys or columns)}
         LIMIT {count}
        """
    ).fetchall()
    names = _names_on_head(sides)
    key_names = {column.ref: names[column.ref] for column in keys}
    examples = []
    for row in rows:
        cells = {column.ref: _value(value, column) for column, value in zip(columns, row, strict=True)}
        key = {name: cells[ref] for ref, name in key_names.items()}
        examples.append(Example(key, how, {names[ref]: _on_side(cell, is_added) for ref, cell in cells.items()}))
    return examples


def _on_side(cell: Value, is_head: bool) -> tuple[Value, Value]:
    return (None, cell) if is_head else (cell, None)


def _names_on_head(sides: _Sides) -> dict[str, str]:
    """Return the name that each column of a side is told by: head's, base's where head has none."""
    names = {column.ref: column.name for column in (*sides.base_columns, *sides.head_columns)}
    return names | {pair.base.ref: pair.head.name for pair in sides.pairs}


def _order(columns: Iterable[_Column]) -> str:
    return ", ".join(f"{column.ref} ASC NULLS LAST" for column in columns)


# Without a key


def _compare_as_multiset(
    connection: Connection, sides: _Sides, key: Key, tolerance: Tolerance, example_count: int
) -> Comparison:
    base_count, head_count = row_count(connection, sides.base), row_count(connection, sides.head)
    counts = _multiset_differences(connection, sides, tolerance)
    examples = [
        *_one_sided_examples(connection, sides, [], "added", "review_head", min(example_count, counts.added)),
        *_one_sided_examples(connection, sides, [], "removed", "review_base", min(example_count, counts.removed)),
    ]
    return _comparison(key, base_count, head_count, sides, counts, examples)


def _multiset_differences(connection: Connection, sides: _Sides, tolerance: Tolerance) -> _Counts:
    """Fill temp review_base and review_head with the rows that the other side lacks, and count them.

    Rows are equal if their 64-bit hashes are. What is left then is paired again where floats are within tolerance.
    """
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE review_hashes AS
        WITH b AS (SELECT {_hash(sides.pairs, 0)} AS base_hash, COUNT(*) AS base_n FROM {sides.base_source} GROUP BY 1)
           , h AS (SELECT {_hash(sides.pairs, 1)} AS head_hash, COUNT(*) AS head_n FROM {sides.head_source} GROUP BY 1)
        SELECT COALESCE(base_hash, head_hash) AS row_hash, COALESCE(base_n, 0) - COALESCE(head_n, 0) AS surplus
          FROM b
          FULL JOIN h
            ON base_hash = head_hash
         WHERE base_n IS DISTINCT FROM head_n
        """
    )
    if not row_count(connection, "temp.main.review_hashes"):
        connection.execute(f"CREATE OR REPLACE TEMP TABLE review_base AS SELECT * FROM {sides.base_source} LIMIT 0")
        connection.execute(f"CREATE OR REPLACE TEMP TABLE review_head AS SELECT * FROM {sides.head_source} LIMIT 0")
        return _Counts(0, 0, 0, ((0, 0),) * len(sides.pairs))
    _collect_surplus(connection, "review_base", sides.base_source, sides.base_columns, _hash(sides.pairs, 0), "surplus")
    _collect_surplus(
        connection, "review_head", sides.head_source, sides.head_columns, _hash(sides.pairs, 1), "-surplus"
    )
    cells = _pair_close_rows(connection, sides, tolerance)
    removed, added = (row_count(connection, f"temp.main.{name}") for name in ("review_base", "review_head"))
    return _Counts(removed, added, 0, cells)


def _collect_surplus(
    connection: Connection, table: str, source: str, columns: Sequence[_Column], row_hash: str, surplus: str
) -> None:
    """Fill a table with the rows that one side has more of; of equal ones always the same, numbered in order."""
    refs = ", ".join(column.ref for column in columns)
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE {table} AS
        SELECT {refs}, ROW_NUMBER() OVER (ORDER BY {refs}) AS row_id
          FROM (SELECT *, {row_hash} AS own_hash FROM {source})
         INNER JOIN temp.main.review_hashes
            ON own_hash = row_hash AND {surplus} > 0
       QUALIFY ROW_NUMBER() OVER (PARTITION BY own_hash ORDER BY {refs}) <= {surplus}
        """
    )


def _pair_close_rows(connection: Connection, sides: _Sides, tolerance: Tolerance) -> tuple[tuple[int, int], ...]:
    """Take the rows out of review_base and review_head that differ only within tolerance; count their cells.

    Of rows that agree in all else, each float is numbered by the run of close neighbours it is in: close values are in
    one run, so rows belong together only if all their runs agree. In there the n-th of base is held against the n-th
    of head; a long run may span more than the tolerance, so that each two are held against it too.
    """
    floats = [pair for pair in sides.pairs if pair.is_float]
    nothing = ((0, 0),) * len(sides.pairs)
    if not floats or not all(row_count(connection, f"temp.main.review_{side}") for side in ("base", "head")):
        return nothing
    connection.execute(_close_rows_statement(sides, floats, tolerance))
    for side in ("base", "head"):
        connection.execute(
            f"DELETE FROM temp.main.review_{side} WHERE row_id IN (SELECT {side}_id FROM temp.main.review_pairs)"
        )
    tallies = ", ".join(f"COUNT(*) FILTER (x{n} IS DISTINCT FROM y{n})" for n in range(len(floats)))
    tally = connection.execute(f"SELECT {tallies} FROM temp.main.review_pairs").fetchall()[0]
    within = {pair.head.ref: count for pair, count in zip(floats, tally, strict=True)}
    return tuple((0, within.get(pair.head.ref, 0)) for pair in sides.pairs)


def _close_rows_statement(sides: _Sides, floats: list[_Pair], tolerance: Tolerance) -> str:
    numbers = range(len(floats))
    refs = {pair.head.ref for pair in floats}
    exact = [pair.parts for pair in sides.pairs if pair.head.ref not in refs] + [pair.parts[1:] for pair in floats]

    def side_rows(side: Literal[0, 1], name: str) -> str:
        others = ", ".join(part[side] for parts in exact for part in parts) or "0"
        values = ", ".join(f"CAST({pair.parts[0][side]} AS DOUBLE) AS f{n}" for n, pair in enumerate(floats))
        return f"SELECT {side} AS side, row_id, HASH({others}) AS rest, {values} FROM temp.main.review_{name}"

    starts = ", ".join(
        f"(f{n} IS DISTINCT FROM {before} AND NOT {_is_close(f'f{n}', before, tolerance)}) AS starts{n}"
        for n in numbers
        for before in [f"LAG(f{n}) OVER (PARTITION BY rest ORDER BY f{n} NULLS FIRST)"]
    )
    # Equal values are peers in a window's default frame, so they get the same run, in whichever order they come.
    runs = ", ".join(
        f"SUM(CAST(starts{n} AS INTEGER)) OVER (PARTITION BY rest ORDER BY f{n} NULLS FIRST) AS run{n}" for n in numbers
    )
    run_names = ", ".join(f"run{n}" for n in numbers)
    order = ", ".join(f"f{n} NULLS FIRST" for n in numbers)
    values = ", ".join(f"b.f{n} AS x{n}, h.f{n} AS y{n}" for n in numbers)
    same_runs = _all(f"b.run{n} = h.run{n}" for n in numbers)
    close = _all(
        f"(b.f{n} IS NOT DISTINCT FROM h.f{n} OR {_is_close(f'b.f{n}', f'h.f{n}', tolerance)})" for n in numbers
    )
    return f"""
        CREATE OR REPLACE TEMP TABLE review_pairs AS
        WITH together AS ({side_rows(0, "base")} UNION ALL {side_rows(1, "head")})
           , started AS (SELECT *, {starts} FROM together)
           , in_runs AS (SELECT *, {runs} FROM started)
           , numbered AS (
             SELECT *, ROW_NUMBER() OVER (PARTITION BY side, rest, {run_names} ORDER BY {order}, row_id) AS n
               FROM in_runs)
        SELECT b.row_id AS base_id, h.row_id AS head_id, {values}
          FROM numbered AS b
         INNER JOIN numbered AS h
            ON b.side = 0 AND h.side = 1 AND b.rest = h.rest AND b.n = h.n AND {same_runs}
         WHERE {close}
    """


# The result


def _comparison(
    key: Key, base_count: int, head_count: int, sides: _Sides, counts: _Counts, examples: list[Example]
) -> Comparison:
    changes = [
        *(ColumnChange(column.name, "removed", base_type=column.type) for column in sides.base_only),
        *(ColumnChange(column.name, "added", head_type=column.type) for column in sides.head_only),
        *(
            _change(pair, moved, within)
            for pair, (moved, within) in zip(sides.pairs, counts.cells, strict=True)
            if moved or within or pair.is_renamed or pair.is_retyped
        ),
    ]
    changes.sort(key=lambda change: (-change.moved_count, change.name, change.kind))
    return Comparison(
        key, base_count, head_count, counts.removed, counts.added, counts.changed, tuple(changes), tuple(examples)
    )


def _change(pair: _Pair, moved: int, within: int) -> ColumnChange:
    kind: Literal["renamed", "retyped", "moved"] = "moved"
    if pair.is_renamed or pair.is_retyped:
        kind = "renamed" if pair.is_renamed else "retyped"
    base_name = pair.base.name if pair.is_renamed else None
    return ColumnChange(pair.head.name, kind, moved, within, base_name, pair.base.type, pair.head.type)


def _shown(column: _Column) -> str:
    """Return an expression for what is fetched: text for all that JSON does not know, so that no client converts it."""
    return column.ref if _KEPT_AS_IS.fullmatch(column.type) else f"CAST({column.ref} AS VARCHAR)"


def _value(value: Any, column: _Column) -> Value:
    """Return a fetched cell as JSON knows it: exact decimals, dates and the like are text, and so are NaN and inf."""
    if value is None:
        return None
    if _FLOAT.fullmatch(column.type):
        number = float(value)
        return number if abs(number) < float("inf") else str(number)  # NaN is not below either
    known: Value = value.replace(" ", "T", 1) if column.type.startswith("TIMESTAMP") else value
    return known
