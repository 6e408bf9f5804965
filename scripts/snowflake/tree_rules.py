"""Rules on the tree that sqlfluff's grammar of Snowflake makes of a statement: functions, types, subqueries, names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import shorten
from typing import NamedTuple

from sqlfluff.core.parser import BaseSegment

_LINES = (Path(__file__).parent / "functions.txt").read_text(encoding="utf-8").splitlines()
FUNCTIONS = frozenset(name for line in _LINES if not line.startswith("#") for name in line.split())
_LIST = "Snowflake has no such function of lists: aggregate, or join a table with a row per value"
_FIELD = "write the macro context_field or event_field"
INSTEAD_OF_FUNCTION = {
    "TRY_CAST": "Snowflake tries only strings, and reads dates in other formats: sort out with CASE what is no value",
    "GREATEST": "one NULL makes it NULL on Snowflake, not on DuckDB: write CASE",
    "LEAST": "one NULL makes it NULL on Snowflake, not on DuckDB: write CASE",
    "CONCAT": "one NULL makes it NULL on Snowflake, not on DuckDB: write ||",
    "LOG": "has two arguments on Snowflake: write LN(x) / LN(10)",
    "IF": "Snowflake has none: write CASE",
    "DATE_DIFF": "Snowflake has none: write dbt.datediff, or the macro seconds_between",
    "STRFTIME": "Snowflake has none: write CAST(DATE_TRUNC(…) AS DATE), or YEAR and MONTH",
    "EPOCH": "Snowflake has none: write the macro seconds_between",
    "UNNEST": _LIST,
    "RANGE": "Snowflake has none: number rows with ROW_NUMBER(), or write VALUES",
    "GENERATE_SERIES": "Snowflake has none: number rows with ROW_NUMBER(), or write VALUES",
    "STARTS_WITH": "Snowflake has none: write LIKE 'x%'",
    "QUANTILE_CONT": "Snowflake has none: write PERCENTILE_CONT(…) WITHIN GROUP (ORDER BY …)",
    "BOOL_OR": "Snowflake has none: write MAX(CASE WHEN … THEN 1 ELSE 0 END) = 1",
    "BOOL_AND": "Snowflake has none: write MIN(CASE WHEN … THEN 1 ELSE 0 END) = 1",
    "ARG_MAX": "Snowflake has none: write QUALIFY ROW_NUMBER() OVER (…) = 1",
    "ARG_MIN": "Snowflake has none: write QUALIFY ROW_NUMBER() OVER (…) = 1",
    "MAX_BY": "takes NULL otherwise on Snowflake: write QUALIFY ROW_NUMBER() OVER (…) = 1",
    "MIN_BY": "takes NULL otherwise on Snowflake: write QUALIFY ROW_NUMBER() OVER (…) = 1",
}
TYPES = re.compile(
    r"VARCHAR|TEXT|BOOLEAN|DATE|TIMESTAMP|TIMESTAMP_NTZ|SMALLINT|INTEGER|INT|BIGINT|DOUBLE|FLOAT|VARIANT|ARRAY|OBJECT"
    r"|(NUMERIC|DECIMAL|NUMBER)\(\d+,\d+\)"
)
DATE_PARTS = {"YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "HOUR", "MINUTE", "SECOND", "MILLISECOND"}
_QUANTIFIERS = {"EXISTS", "IN", "ANY", "ALL", "SOME"}
_BOOLEAN_OPERATORS = {"AND", "OR", "NOT", "IN", "IS", "LIKE", "ILIKE", "BETWEEN", "EXISTS"}
_VALUE_WINDOWS = {"FIRST_VALUE", "LAST_VALUE", "NTH_VALUE"}
_ROW_WINDOWS = {"ROW_NUMBER", "RANK", "DENSE_RANK", "PERCENT_RANK", "CUME_DIST", "NTILE", "LAG", "LEAD"}
# What a subquery can stand in: as a relation, or as a value.
_RELATION_PLACES = ("from_expression_element", "common_table_expression", "statement")
_VALUE_PLACES = (
    *("where_clause", "having_clause", "qualify_clause", "select_clause", "join_on_condition", "case_expression"),
    *("groupby_clause", "orderby_clause"),
)


class Finding(NamedTuple):
    """A construct that Snowflake refuses or reads differently: where it stands, as written, and what to write."""

    start: int
    end: int
    text: str
    advice: str


def finding(segment: BaseSegment, advice: str) -> Finding:
    """Return a finding that is a whole segment."""
    assert segment.pos_marker, "the parser says where each segment stands"
    place = segment.pos_marker.source_slice
    return Finding(place.start, place.stop, segment.raw, advice)


def tree_findings(tree: BaseSegment) -> Iterator[Finding]:
    """Yield what the rules find, in no particular order."""
    for kind, rule in RULES.items():
        for segment in tree.recursive_crawl(kind):
            for advice in rule(segment):
                yield finding(segment, advice)
    # Where FROM could not be read nobody knows its names.
    if not next(tree.recursive_crawl("unparsable"), None):
        for column in tree.recursive_crawl("column_reference"):
            if _is_field(column):
                yield finding(column, f"a struct's field, or a table that is not in FROM: {_FIELD}")


def _function(function: BaseSegment) -> Iterator[str]:
    name, arguments = _name(function), _arguments(function)
    if arguments is None or name in _QUANTIFIERS or name == "ON":  # DISTINCT ON looks like one
        return
    if name not in FUNCTIONS:
        otherwise = "not in scripts/snowflake/functions.txt, which lists what means the same on Snowflake"
        yield _LIST if name.startswith(("LIST_", "ARRAY_")) else INSTEAD_OF_FUNCTION.get(name, otherwise)
    values = arguments.get_children("expression")
    if name == "COUNT" and not values and not arguments.get_child("star"):
        yield "Snowflake wants COUNT(*)"
    if name in {"MIN", "MAX", "SUM", "AVG", "MEDIAN"} and any(map(_is_boolean, values)):
        yield f"Snowflake's {name} takes no BOOLEAN: write {name}(CASE WHEN … THEN 1 ELSE 0 END)"
    if name == "AVG" and not re.search(r"\bAS\s+DOUBLE\)|(_seconds|_rate)\)$", arguments.raw, re.IGNORECASE):
        yield "Snowflake keeps six decimals of a mean of NUMBERs: write AVG(CAST(… AS DOUBLE))"
    if arguments.get_child("aggregate_order_by"):
        yield "Snowflake has no ORDER BY among the arguments: order in OVER or WITHIN GROUP"
    if name in {"TRIM", "LTRIM", "RTRIM"} and len(values) != 1:
        yield "not the same on Snowflake when told what to cut off: write REGEXP_REPLACE or REPLACE"
    if name == "REGEXP_REPLACE" and (len(values) != 3 or not re.fullmatch(r"'\^.*'|'.*\$'", values[1].raw)):
        yield "Snowflake replaces every match, DuckDB the first: three arguments, the pattern with ^ or $ at its end"
    if name in {"DATE_TRUNC", "DATEADD", "DATEDIFF"}:
        part = next(child for child in arguments.segments[1:] if child.is_code).raw.strip("'")
        if part.upper() not in DATE_PARTS:
            yield f"{part} is no part of a date on Snowflake: write one of {', '.join(sorted(DATE_PARTS))}"
    if name == "DATE_TRUNC" and not any(map(_is_cast_to_date, _ancestors(function))):
        yield "of a date it is a DATE on Snowflake, a TIMESTAMP on DuckDB: write CAST(DATE_TRUNC(…) AS DATE)"
    if over := function.get_child("over_clause"):
        yield from _window(name, arguments, over)


def _window(name: str, arguments: BaseSegment, over: BaseSegment) -> Iterator[str]:
    is_ordered, has_frame = _has(over, "orderby_clause"), _has(over, "frame_clause")
    if name in _VALUE_WINDOWS | _ROW_WINDOWS and not is_ordered:
        yield "Snowflake wants an ORDER BY in this window"
    if name in _VALUE_WINDOWS and is_ordered and not has_frame:
        yield "Snowflake looks at the whole partition, DuckDB as far as the current row: write ROWS BETWEEN … AND …"
    if (name == "MEDIAN" or _has_keyword(arguments, "DISTINCT")) and is_ordered:
        yield "Snowflake takes no ORDER BY in this window: aggregate in a CTE"


def _data_type(data_type: BaseSegment) -> Iterator[str]:
    written = re.sub(r"\s", "", data_type.raw.upper())
    if written in {"NUMERIC", "DECIMAL", "NUMBER"}:
        yield "no decimals on Snowflake, three on DuckDB: write DOUBLE, or precision and scale"
    elif not TYPES.fullmatch(written):
        yield "no type of both engines: VARCHAR, BOOLEAN, DATE, TIMESTAMP, INTEGER, BIGINT, DOUBLE, NUMERIC(p, s)"


def _expression(expression: BaseSegment) -> Iterator[str]:
    code = [child for child in expression.segments if child.is_code]
    for operator, *operands in zip(code[1:], code, code[2:], strict=False):
        if operator.raw in {"+", "-", "*", "/", "%"} and any(operand.is_type("quoted_literal") for operand in operands):
            yield "arithmetic with a string: write a number"


def _path(path: BaseSegment) -> Iterator[str]:
    parent, index = path.get_parent() or (path, 0)
    if path.raw.startswith(".") and not parent.segments[index - 1].raw.endswith("]"):  # x[1] is a finding of its own
        yield f"the field of a struct: {_FIELD}"


def _qualify(clause: BaseSegment) -> Iterator[str]:
    parent, _ = clause.get_parent() or (clause, 0)
    if not any(_has(place, "over_clause") for place in parent.get_children("qualify_clause", "select_clause")):
        yield "Snowflake wants a window function in QUALIFY or SELECT: write WHERE or HAVING"


def _orderby(clause: BaseSegment) -> Iterator[str]:
    code = [child for child in clause.segments if child.is_code]
    for key, direction, after in zip(code, code[1:], [*code[2:], clause], strict=False):
        is_never_null = re.match(r"(COUNT|COALESCE|ROW_NUMBER)\s*\(", key.raw, re.IGNORECASE)
        if direction.raw.upper() == "DESC" and after.raw.upper() != "NULLS" and not is_never_null:
            yield f"{shorten(key.raw, 40)} DESC has NULL first on Snowflake, last on DuckDB: write DESC NULLS LAST"


def _subquery(select: BaseSegment) -> Iterator[str]:
    is_beside_or = False
    for place in _ancestors(select):
        if place.is_type(*_RELATION_PLACES):
            return
        if place.is_type(*_VALUE_PLACES):
            break
        is_beside_or |= any(operator.raw.upper() == "OR" for operator in place.get_children("binary_operator"))
    is_in_where, is_correlated = place.is_type("where_clause"), _is_correlated(select)
    if _is_quantified(select):
        if not is_in_where:
            yield "Snowflake takes EXISTS, IN, ANY and ALL of a subquery only in WHERE: join it instead"
        elif is_beside_or and is_correlated:
            yield "Snowflake takes no correlated subquery beside OR: join it instead"
    elif is_correlated and (not is_in_where or select.get_child("limit_clause")):
        yield "Snowflake takes a correlated value only in WHERE and of an aggregate: join it instead"


RULES: dict[str, Callable[[BaseSegment], Iterator[str]]] = {
    "function": _function,
    "data_type": _data_type,
    "expression": _expression,
    "semi_structured_expression": _path,
    "qualify_clause": _qualify,
    "orderby_clause": _orderby,
    "select_statement": _subquery,
}


def _ancestors(segment: BaseSegment) -> Iterator[BaseSegment]:
    while parent := segment.get_parent():
        segment = parent[0]
        yield segment


def _has(segment: BaseSegment, kind: str) -> bool:
    return next(segment.recursive_crawl(kind, no_recursive_seg_type="select_statement"), None) is not None


def _has_keyword(segment: BaseSegment, word: str) -> bool:
    return any(keyword.raw.upper() == word for keyword in segment.get_children("keyword"))


def _name(function: BaseSegment) -> str:
    name = function.get_child("function_name")
    return name.raw.upper() if name else ""


def _arguments(function: BaseSegment) -> BaseSegment | None:
    contents = function.get_child("function_contents")
    return contents.get_child("bracketed") if contents else None


def _is_cast_to_date(segment: BaseSegment) -> bool:
    cast = _arguments(segment) if segment.is_type("function") and _name(segment) == "CAST" else segment
    data_type = cast.get_child("data_type") if cast else None
    return data_type is not None and data_type.raw.upper() in {"DATE", "TIMESTAMP", "TIMESTAMP_NTZ"}


def _is_boolean(value: BaseSegment) -> bool:
    """Whether a value shows that it is a BOOLEAN; in this house the names of such columns begin with is_ or has_."""
    code = [child for child in value.segments if child.is_code and not child.is_type("start_bracket", "end_bracket")]
    if any(part.is_type("comparison_operator") or part.raw.upper() in _BOOLEAN_OPERATORS for part in code):
        return True
    if len(code) != 1:
        return False
    (only,) = code
    if only.is_type("column_reference"):
        return only.raw.split(".")[-1].upper().startswith(("IS_", "HAS_"))
    if only.is_type("case_expression"):
        branches = only.get_children("when_clause", "else_clause")
        return any(_is_boolean(branch.get_children("expression")[-1]) for branch in branches)
    if only.is_type("function", "cast_expression"):
        arguments = _arguments(only) or only
        if data_type := arguments.get_child("data_type"):
            return data_type.raw.upper() == "BOOLEAN"
        return _name(only) == "COALESCE" and any(map(_is_boolean, arguments.get_children("expression")))
    return only.is_type("boolean_literal") or (only.is_type("bracketed", "expression") and _is_boolean(only))


def _is_quantified(select: BaseSegment) -> bool:
    """Whether a subquery is the argument of EXISTS, IN, ANY or ALL: what stands before it and its brackets."""
    segment = select
    while parent := segment.get_parent():
        before = [part for part in parent[0].segments[: parent[1]] if part.is_code]
        if before and not before[-1].is_type("start_bracket", "set_operator"):
            return before[-1].raw.upper() in _QUANTIFIERS
        segment = parent[0]
    return False


def _is_correlated(select: BaseSegment) -> bool:
    inner = set().union(*map(_aliases, select.recursive_crawl("select_statement")))
    outer = _aliases_in_scope(select) - inner
    columns = (column.raw.upper().split(".") for column in select.recursive_crawl("column_reference"))
    return any(len(parts) > 1 and parts[0] in outer for parts in columns)


def _is_field(column: BaseSegment) -> bool:
    parts = [part.raw.upper() for part in column.segments if part.is_type("identifier")]
    return len(parts) > 2 or (len(parts) == 2 and parts[0] not in _aliases_in_scope(column))


def _aliases_in_scope(segment: BaseSegment) -> set[str]:
    """Return what may stand before a column's name: the tables of its SELECT, and around a subquery the outer ones."""
    names: set[str] = set()
    for ancestor in _ancestors(segment):
        if ancestor.is_type("select_statement"):
            names |= _aliases(ancestor)
        is_derived_table = ancestor.is_type("from_expression_element") and not _has_keyword(ancestor, "LATERAL")
        if is_derived_table or ancestor.is_type("common_table_expression"):
            break
    return names


def _aliases(select: BaseSegment) -> set[str]:
    """Return the names of the relations in FROM and its joins: the alias, or else the last part of the name."""
    clause = select.get_child("from_clause")
    if not clause:
        return set()
    names = set()
    for element in clause.recursive_crawl("from_expression_element", no_recursive_seg_type="select_statement"):
        alias = element.get_child("alias_expression")
        table = next(element.recursive_crawl("table_reference", no_recursive_seg_type="select_statement"), None)
        if alias:
            names.add(alias.get_children("identifier")[0].raw.upper())
        elif table:
            names.add(table.get_children("identifier")[-1].raw.upper())
    return names
