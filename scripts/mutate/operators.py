"""The ways to break one place of a query: what a hand could get wrong and a reader overlook.

An operator looks at one node of a parsed query and yields what could stand there instead. What is the same query by
rules of SQL is not made: the value that COUNT counts, the division that NULLIF guards, the later keys of an order and
what comes last in it, the boundary of a cap, FALSE for NULL in a condition.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from sqlglot import exp

Variant = tuple[exp.Expr, exp.Expr, exp.Expr | Callable[[], exp.Expr]]
"""What is said to stand there before and after, and what takes the node's place, or makes it where that is dear."""
Operator = Callable[[exp.Expr], Iterator[Variant]]

_COMPARISONS: dict[type[exp.Expr], type[exp.Expr]] = {
    exp.LT: exp.LTE,
    exp.LTE: exp.LT,
    exp.GT: exp.GTE,
    exp.GTE: exp.GT,
    exp.EQ: exp.NEQ,
    exp.NEQ: exp.EQ,
    exp.NullSafeEQ: exp.NullSafeNEQ,
    exp.NullSafeNEQ: exp.NullSafeEQ,
}
_OTHERS: dict[type[exp.Expr], type[exp.Expr]] = {
    exp.Min: exp.Max,
    exp.Max: exp.Min,
    exp.FirstValue: exp.LastValue,
    exp.LastValue: exp.FirstValue,
    exp.Lag: exp.Lead,
    exp.Lead: exp.Lag,
    exp.Greatest: exp.Least,
    exp.Least: exp.Greatest,
}
_ARITHMETIC: dict[type[exp.Expr], type[exp.Expr]] = {
    exp.Add: exp.Sub,
    exp.Sub: exp.Add,
    exp.Mul: exp.Div,
    exp.Div: exp.Mul,
}
_UNITS = {"DAY": "HOUR", "HOUR": "MINUTE", "MINUTE": "SECOND", "SECOND": "MINUTE", "WEEK": "MONTH", "MONTH": "WEEK"}


def _whole(before: exp.Expr, after: exp.Expr) -> Variant:
    return before, after, after


def _as(kind: type[exp.Expr], node: exp.Expr) -> exp.Expr:
    return kind(**node.copy().args)


def _is_in_order(node: exp.Expr) -> bool:
    return isinstance(node.find_ancestor(exp.Ordered, exp.Select), exp.Ordered)


def compare(node: exp.Expr) -> Iterator[Variant]:
    """Take the end of a range in or out, or ask for the opposite."""
    if (
        isinstance(node.parent, exp.If)
        and node.parent.args["true"] in node.args.values()
        and not isinstance(node, exp.EQ)
    ):
        return  # CASE WHEN a > b THEN b ELSE a: where they are equal either will do
    other = _COMPARISONS.get(type(node))
    if other and not (isinstance(node, exp.EQ) and isinstance(node.find_ancestor(exp.Join, exp.Select), exp.Join)):
        yield _whole(node, _as(other, node))


def negate(node: exp.Expr) -> Iterator[Variant]:
    """Leave a NOT out, also that of IS NOT NULL, or put one before IS NULL."""
    if isinstance(node, exp.Not):
        yield _whole(node, node.this.copy())
    elif isinstance(node, exp.Is) and not isinstance(node.parent, exp.Not):
        yield _whole(node, exp.Not(this=node.copy()))


def connect(node: exp.Expr) -> Iterator[Variant]:
    """AND for OR, and the other way round."""
    if isinstance(node, exp.Or):
        yield _whole(node, _as(exp.And, node))
    elif isinstance(node, exp.And) and not isinstance(node.parent, exp.And) and not node.find_ancestor(exp.Join):
        yield _whole(node, exp.Or(this=exp.paren(node.left.copy()), expression=exp.paren(node.right.copy())))


def drop_condition(node: exp.Expr) -> Iterator[Variant]:
    """Forget one of several conditions."""
    if isinstance(node, exp.And):
        for kept, dropped in ((node.left, node.right), (node.right, node.left)):
            if not isinstance(dropped, exp.And):
                yield dropped, exp.Boolean(this=True), kept.copy()


def drop_filter(node: exp.Expr) -> Iterator[Variant]:
    """Forget a filter."""
    if isinstance(node, (exp.Where, exp.Having, exp.Qualify)):
        yield _whole(node, type(node)(this=exp.true()))


def join(node: exp.Expr) -> Iterator[Variant]:
    """INNER for LEFT, and the other way round."""
    if isinstance(node, exp.Join) and node.args.get("on"):
        other = node.copy()
        other.set("side", None if node.side else "LEFT")
        other.set("kind", "INNER" if node.side else None)
        yield _whole(node, other)


def other_function(node: exp.Expr) -> Iterator[Variant]:
    """The opposite function: the latest for the first."""
    if other := _OTHERS.get(type(node)):
        yield _whole(node, _as(other, node))


def reverse_order(node: exp.Expr) -> Iterator[Variant]:
    """The other end of an order first; the later keys only decide among equals."""
    if isinstance(node, exp.Order):
        first, other = node.expressions[0], node.copy()
        other.expressions[0].set("desc", not first.args.get("desc"))
        other.expressions[0].set("nulls_first", None)
        yield first, other.expressions[0], other


def drop_order(node: exp.Expr) -> Iterator[Variant]:
    """Order by one column less: what comes first among equals is left to chance."""
    if isinstance(node, exp.Order) and len(node.expressions) > 1:
        other = node.copy()
        other.expressions[0].pop()
        yield _whole(node, other)


def drop_partition(node: exp.Expr) -> Iterator[Variant]:
    """Number or sum over more than asked for."""
    if isinstance(node, exp.Window):
        for at, key in enumerate(node.args.get("partition_by") or []):
            other = node.copy()
            del other.args["partition_by"][at]
            yield key, exp.null(), other


def frame(node: exp.Expr) -> Iterator[Variant]:
    """A window that begins or ends a row earlier or later."""
    if isinstance(node, exp.WindowSpec):
        for side, end in (("start", node.args.get("start")), ("end", node.args.get("end"))):
            other = node.copy()
            if end == "CURRENT ROW":
                other.set(side, exp.Literal.number(1))
                other.set(f"{side}_side", "FOLLOWING" if side == "start" else "PRECEDING")
            elif end == "UNBOUNDED" or isinstance(end, exp.Expr):
                other.set(side, "CURRENT ROW")
                other.set(f"{side}_side", None)
            else:
                continue
            yield _whole(node, other)


def number(node: exp.Expr) -> Iterator[Variant]:
    """Off by one, or by half where it is no whole number."""
    if isinstance(node, exp.Literal) and not node.is_string and not node.find_ancestor(exp.DataType):
        if isinstance(node.parent, exp.Nullif) or node.find_ancestor(exp.Count, exp.Select).__class__ is exp.Count:
            return  # no division by zero, and COUNT counts whatever is not NULL
        if node.arg_key == "default" and _is_in_order(node):
            return  # what is last stays last
        text = node.this
        after = str(int(text) + 1) if text.isdigit() else repr(float(text) * 1.5 or 0.5)
        shown = node.parent if isinstance(node.parent, exp.Condition) else node
        changed = shown.copy()
        for literal in [changed, *changed.find_all(exp.Literal)]:
            if literal == node:
                if literal is not changed:
                    literal.replace(exp.Literal.number(after))
                break
        yield shown, changed, exp.Literal.number(after)


def unit(node: exp.Expr) -> Iterator[Variant]:
    """Minutes for seconds, weeks for months."""
    if isinstance(node, exp.Var) and (other := _UNITS.get(node.name.upper())) and node.parent:
        yield node.parent, exp.var(other), exp.var(other)


def boolean(node: exp.Expr) -> Iterator[Variant]:
    """TRUE for FALSE."""
    if isinstance(node, exp.Boolean):
        yield node.parent or node, exp.Boolean(this=not node.this), exp.Boolean(this=not node.this)


def drop_distinct(node: exp.Expr) -> Iterator[Variant]:
    """Count or keep repetitions."""
    if isinstance(node, exp.Distinct) and node.expressions:
        yield node, node.expressions[0], node.expressions[0].copy()
    elif isinstance(node, exp.Select) and node.args.get("distinct"):
        other = node.copy()
        other.set("distinct", None)
        yield exp.column("DISTINCT"), exp.null(), other


def drop_default(node: exp.Expr) -> Iterator[Variant]:
    """Without what stands in for NULL, or without the NULL that stands in for a value."""
    if isinstance(node, exp.Nullif) and node.expression.name == "0":
        return  # DuckDB divides by zero and says NULL; `make snowflake-check` holds that Snowflake does not
    if isinstance(node, (exp.Coalesce, exp.Nullif)):
        yield _whole(node, node.this.copy())


def unwrap(node: exp.Expr) -> Iterator[Variant]:
    """A value as it comes, not in lower case, absolute or rounded."""
    if isinstance(node, (exp.Lower, exp.Upper, exp.Trim, exp.Abs, exp.Round, exp.Floor, exp.Sqrt, exp.RegexpReplace)):
        yield _whole(node, node.this.copy())


def case(node: exp.Expr) -> Iterator[Variant]:
    """Forget a branch."""
    if isinstance(node, exp.Case):
        default = node.args.get("default")
        is_condition = isinstance(node.parent, (exp.Join, exp.Where))  # where NULL is no more than FALSE
        if not (default is None or isinstance(default, exp.Null) or is_condition or _is_in_order(node)):
            other = node.copy()
            other.set("default", None)
            yield exp.column(f"ELSE {default.sql('duckdb')}", quoted=False), exp.null(), other
        if len(node.args["ifs"]) > 1:
            for at, branch in enumerate(node.args["ifs"]):
                other = node.copy()
                del other.args["ifs"][at]
                yield branch, exp.null(), other


def drop_value(node: exp.Expr) -> Iterator[Variant]:
    """One value less in a list."""
    if isinstance(node, exp.In) and len(node.expressions) > 1:
        other = node.copy()
        other.expressions[0].pop()
        yield _whole(node, other)


def arithmetic(node: exp.Expr) -> Iterator[Variant]:
    """Plus for minus, times for by."""
    if isinstance(node, (exp.Add, exp.Sub, exp.Mul, exp.Div)):
        yield _whole(node, _ARITHMETIC[type(node)](this=node.left.copy(), expression=node.right.copy()))


def union(node: exp.Expr) -> Iterator[Variant]:
    """Forget one side of a UNION ALL."""
    if isinstance(node, exp.Union):
        for kept, dropped in ((node.left, node.right), (node.right, node.left)):
            if isinstance(dropped, exp.Select):
                kept = kept.copy()
                if node.args.get("with_"):
                    kept.set("with_", node.args["with_"].copy())
                source = dropped.args.get("from_")
                shown = source.this if source is not None else dropped
                yield exp.column(f"UNION ALL SELECT FROM {shown.sql('duckdb')}", quoted=False), exp.null(), kept


def swap_columns(node: exp.Expr) -> Iterator[Variant]:
    """Two columns of one kind in each other's place; a name's ending, or is_ and has_, tells its kind."""
    if isinstance(node, exp.Select):
        last_of: dict[str, int] = {}
        for at, column in enumerate(node.expressions):
            parts = column.alias_or_name.split("_")
            kind = "is" if parts[0] in ("is", "has") else parts[-1]
            if kind in last_of:
                before, after = (exp.column(node.expressions[each].alias_or_name) for each in (last_of[kind], at))
                yield before, after, partial(_swapped, node, last_of[kind], at)
            last_of[kind] = at


def _swapped(node: exp.Select, one: int, two: int) -> exp.Select:
    other = node.copy()
    columns = other.expressions[one], other.expressions[two]
    for at, new, old in ((one, *columns[::-1]), (two, *columns)):
        other.expressions[at] = exp.alias_(new.unalias().copy(), old.alias_or_name)
    return other


OPERATORS: dict[str, Operator] = {
    operator.__name__.replace("_", " "): operator
    for operator in (
        compare, negate, connect, drop_condition, drop_filter, join, other_function, reverse_order, drop_order,
        drop_partition, frame, number, unit, boolean, drop_distinct, drop_default, unwrap, case, drop_value, arithmetic,
        union, swap_columns,
    )
}  # fmt: skip
