"""Column lineage of the dbt project: which columns of which models a change can reach.

Every SELECT of every model, and every CTE and subquery in it, becomes a block that says what its rows and each of its
columns are made of. A change then spreads through the blocks until nothing new is reached. Where a construct is not
understood the whole model counts as unread, and whatever its parents change may change all of it: a reviewer may be
told too much, never too little.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, traverse_scope
from sqlglot.schema import MappingSchema

Reach = set[str] | None
"""Columns that may change; None: rows may, and with them everything."""
Origin = tuple[str, str]
"""A block or relation and one of its columns."""

_DIALECT = "duckdb"
_ANY = "*"  # as an origin's column: whichever column changes
_RELATIONS = ("model", "seed", "snapshot")
_QUERIES = (exp.Select, exp.SetOperation)
_NOT_UNDERSTOOD = (exp.Pivot, exp.Columns, exp.PositionalColumn, exp.MatchRecognize)
_ROW_MAKERS = ("unnest", "explode")
_READ_AS_A_WRAPPER = {"this", "alias", "joins"}


class _UnreadableError(Exception):
    """The lineage of a query cannot be told; the message says why."""


@dataclass(frozen=True)
class _Block:
    """A query and what it is made of: a whole model, or a CTE or subquery of one."""

    reads: frozenset[str]
    """Blocks and relations whose rows become its rows."""
    rows: frozenset[Origin]
    """What decides which rows it has: filters, joins, grouping."""
    columns: dict[str, frozenset[Origin]]


@dataclass(frozen=True)
class _Exposure:
    name: str
    parents: frozenset[str]


@dataclass(frozen=True)
class Lineage:
    """What each model of a project is made of; see read_lineage."""

    unread: list[str] = field(default_factory=list)
    """Names of the models whose SQL could not be read: any change of a parent may change everything in them."""
    _blocks: dict[str, _Block] = field(default_factory=dict, repr=False)
    _names: dict[str, str] = field(default_factory=dict, repr=False)
    """Unique id → name, of models, seeds, snapshots and sources."""
    _exposures: tuple[_Exposure, ...] = field(default=(), repr=False)

    def reached(self, changed: dict[str, set[str] | None]) -> dict[str, set[str] | None]:
        """Return the models and exposures downstream of a change, with the columns of each that may change.

        Args:
            changed: models, seeds, snapshots (by name) or sources (as source.table) → the output columns that change,
                or None if rows may. Names that the manifest does not have, such as of removed models, reach nothing.

        Returns:
            Name → columns (an exposure's as model.column), or None where rows may change and so everything may. A
            changed model is in it only if another one reaches it, and then with its own columns too.
        """
        start: dict[str, Reach] = {}
        for unique_id, name in self._names.items():
            if name in changed:
                columns = changed[name]
                start[unique_id] = None if columns is None else {column.lower() for column in columns}
        state = _spread(self._blocks, start)
        found: dict[str, Reach] = {}
        for unique_id, name in self._names.items():
            own = _effect(self._blocks[unique_id], state) if unique_id in self._blocks else set()
            if own is None or own:
                found[name] = state[unique_id]
        for exposure in self._exposures:
            exposed = self._exposed(exposure, state)
            if exposed is None or exposed:
                found[exposure.name] = _either(found.get(exposure.name, set()), exposed)
        return found

    def _exposed(self, exposure: _Exposure, state: dict[str, Reach]) -> Reach:
        columns: set[str] = set()
        for parent in exposure.parents:
            reach = state.get(parent, set())
            if reach is None:
                return None
            columns |= {f"{self._names.get(parent, parent)}.{column}" for column in reach}
        return columns


def read_lineage(manifest: dict[str, Any], columns: dict[str, list[str]]) -> Lineage:
    """Read the compiled SQL of a project.

    Args:
        manifest: target/manifest.json of `dbt compile`, `run` or `build`.
        columns: database.schema.name in lower case → the real columns, in their order, of every source, seed and model.

    Returns:
        The lineage. Nothing is raised for SQL that cannot be read: such models are in its `unread`.
    """
    nodes = {key: node for key, node in manifest["nodes"].items() if node["resource_type"] in _RELATIONS}
    sources = manifest.get("sources", {})
    relations = {_relation_of(node): unique_id for unique_id, node in {**sources, **nodes}.items()}
    schema = _schema(columns)
    unread: list[str] = []
    all_blocks: dict[str, _Block] = {}
    for unique_id, node in nodes.items():
        if node["resource_type"] == "seed":
            continue
        declared = [key for key in node.get("depends_on", {}).get("nodes", []) if key in nodes or key in sources]
        try:
            blocks = _blocks_of(unique_id, node, relations, schema, columns.get(_relation_of(node), []))
        except _UnreadableError:
            unread.append(node["name"])
            blocks = {unique_id: _everything({*declared, *_mentioned(node.get("compiled_code") or "", relations)})}
        all_blocks.update(_with_declared(blocks, unique_id, declared))
    names = {key: node["name"] for key, node in nodes.items()}
    names |= {key: f"{source['source_name']}.{source['name']}" for key, source in sources.items()}
    return Lineage(unread, all_blocks, names, tuple(_exposures(manifest)))


def changed_outputs(base_sql: str, head_sql: str, columns: dict[str, list[str]]) -> set[str] | None:
    """Return which output columns of a model a change of its code touches.

    Args:
        base_sql: its compiled SQL before.
        head_sql: its compiled SQL after.
        columns: as for read_lineage.

    Returns:
        No column if only comments, whitespace or case differ; the columns, added and removed ones included, if only
        projections differ, in the final SELECT or in CTEs that it reads; None for any other difference, as rows may
        change, and for SQL that cannot be read.
    """
    if base_sql == head_sql:
        return set()
    schema = _schema(columns)
    try:
        if _words(base_sql) == _words(head_sql):
            return set()
        base, head = (_Query("", sql, {}, schema) for sql in (base_sql, head_sql))
        base_parts, head_parts = base.parts(), head.parts()
    except _UnreadableError:
        return None
    if list(base_parts) != list(head_parts) or base.is_recursive or head.is_recursive:
        return None
    start = {head.keys[id(part)]: _difference(base_parts[name], part) for name, part in head_parts.items()}
    touched = _spread(head.blocks, start)[""]
    if touched and (base.has_unnamed_output or head.has_unnamed_output):
        return None  # only the database knows what such a column is called
    return touched


def _spread(blocks: dict[str, _Block], start: dict[str, Reach]) -> dict[str, Reach]:
    """Return what may change in every block and relation, given what does in some."""
    state = dict(start)
    is_growing = True
    while is_growing:
        is_growing = False
        for key, block in blocks.items():
            before = state.get(key, set())
            after = _either(before, _effect(block, state))
            if after != before or key not in state:
                state[key] = after
                is_growing = is_growing or after != before
    return state


def _effect(block: _Block, state: dict[str, Reach]) -> Reach:
    if any(state.get(key, set()) is None for key in block.reads) or _is_hit(block.rows, state):
        return None
    return {name for name, origins in block.columns.items() if _is_hit(origins, state)}


def _is_hit(origins: Iterable[Origin], state: dict[str, Reach]) -> bool:
    for key, column in origins:
        reach = state.get(key, set())
        if reach is None or column in reach or (column == _ANY and reach):
            return True
    return False


def _either(one: Reach, other: Reach) -> Reach:
    return None if one is None or other is None else one | other


def _relation_of(node: dict[str, Any]) -> str:
    name = node.get("identifier") or node.get("alias") or node["name"]
    return f"{node.get('database')}.{node.get('schema')}.{name}".lower()


def _schema(columns: dict[str, list[str]]) -> MappingSchema:
    tree: dict[str, Any] = {}
    for relation, names in columns.items():
        database, schema, name = relation.lower().split(".", 2)
        if names:  # sqlglot takes a table without columns for a level of names
            table = {column.lower(): "UNKNOWN" for column in names}
            tree.setdefault(database, {}).setdefault(schema, {})[name] = table
    return MappingSchema(tree, dialect=_DIALECT)


def _exposures(manifest: dict[str, Any]) -> Iterator[_Exposure]:
    for exposure in manifest.get("exposures", {}).values():
        yield _Exposure(exposure["name"], frozenset(_behind(exposure, manifest)))


def _behind(node: dict[str, Any], manifest: dict[str, Any]) -> Iterator[str]:
    """Yield the models that a node reads, be it through metrics and semantic models."""
    for parent in node.get("depends_on", {}).get("nodes", []):
        for section in ("metrics", "semantic_models", "saved_queries"):
            if parent in manifest.get(section, {}):
                yield from _behind(manifest[section][parent], manifest)
        yield parent


def _blocks_of(
    unique_id: str, node: dict[str, Any], relations: dict[str, str], schema: MappingSchema, outputs: list[str]
) -> dict[str, _Block]:
    if node["resource_type"] == "snapshot":  # a new value makes a new row
        return {unique_id: _everything(node.get("depends_on", {}).get("nodes", []))}
    if node.get("language", "sql") != "sql" or not node.get("compiled_code"):
        raise _UnreadableError("there is no compiled SQL")
    blocks = _Query(unique_id, node["compiled_code"], relations, schema).blocks
    blocks[unique_id] = _named(unique_id, blocks[unique_id], [name.lower() for name in outputs])
    return blocks


def _named(unique_id: str, block: _Block, outputs: list[str]) -> _Block:
    """Give the columns the names that the database gave them, as it names expressions in its own way."""
    if not outputs or set(outputs) == set(block.columns):
        return block
    if len(outputs) != len(block.columns):
        raise _UnreadableError("its columns in the database are not those of its SQL")
    renamed = dict(zip(block.columns, outputs, strict=True))

    def rename(origins: frozenset[Origin]) -> frozenset[Origin]:
        return frozenset((key, renamed.get(name, name) if key == unique_id else name) for key, name in origins)

    columns = {renamed[name]: rename(origins) for name, origins in block.columns.items()}
    return _Block(block.reads, rename(block.rows), columns)


def _everything(parents: Iterable[str]) -> _Block:
    """Return the block of a model in which anything may change whenever anything does in a parent."""
    parents = frozenset(parents)
    return _Block(parents, frozenset((parent, _ANY) for parent in parents), {})


def _mentioned(code: str, relations: dict[str, str]) -> list[str]:
    """Return the relations whose schema and name occur in a text, as SQL may name tables that dbt does not know of."""
    plain = code.replace('"', "").lower()
    return [unique_id for relation, unique_id in relations.items() if relation.split(".", 1)[1] in plain]


def _with_declared(blocks: dict[str, _Block], unique_id: str, declared: list[str]) -> dict[str, _Block]:
    """Add the parents that only dbt knows of: ephemeral models, hooks, queries that a macro runs while compiling."""
    read = {key for block in blocks.values() for key in block.reads}
    read |= {
        key for block in blocks.values() for origins in (block.rows, *block.columns.values()) for key, _ in origins
    }
    rest = _everything(key for key in declared if key not in read)
    own = blocks[unique_id]
    return {**blocks, unique_id: _Block(own.reads | rest.reads, own.rows | rest.rows, own.columns)}


def _words(sql: str) -> list[str]:
    """Return the tokens of a text without comments and whitespace, and without case but in literals."""
    try:
        tokens = sqlglot.tokenize(sql, read=_DIALECT)
    except SqlglotError as error:
        raise _UnreadableError(str(error)) from error
    quoted = (sqlglot.TokenType.STRING, sqlglot.TokenType.IDENTIFIER)
    return [
        f"{token.token_type} {token.text if token.token_type in quoted else token.text.lower()}" for token in tokens
    ]


class _Query:
    """A statement, taken apart into blocks; the outermost one has the statement's own key."""

    def __init__(self, key: str, sql: str, relations: dict[str, str], schema: MappingSchema) -> None:
        self._relations = relations
        self._schema = schema
        try:
            self._root = _parse(sql)
            self.has_unnamed_output = _has_unnamed_output(self._root)
            for column in self._root.find_all(exp.Column):
                column.meta["written_table"] = column.table.lower()
            # Aliases are resolved below, where a name that may be a column's or an alias's counts as both.
            self._root = qualify(
                self._root,
                dialect=_DIALECT,
                schema=schema,
                expand_alias_refs=False,
                validate_qualify_columns=False,
                quote_identifiers=False,
            )
            scopes = [scope for scope in traverse_scope(self._root) if isinstance(scope.expression, _QUERIES)]
            self.keys = {id(scope.expression): f"{key}#{number}" for number, scope in enumerate(scopes)}
            self.keys[id(self._root)] = key
            self.blocks: dict[str, _Block] = {}
            for scope in scopes:  # inner ones come first, so that their columns are known to the outer ones
                self.blocks[self.keys[id(scope.expression)]] = self._block(scope)
        except (SqlglotError, RecursionError) as error:
            raise _UnreadableError(str(error)) from error

    @property
    def is_recursive(self) -> bool:
        """Whether a CTE may read itself."""
        with_ = self._root.args.get("with_")
        return bool(with_ and with_.args.get("recursive"))

    def parts(self) -> dict[str, exp.Expr]:
        """Return the CTEs by name, in their order, and the final query as an empty name."""
        with_ = self._root.args.get("with_")
        parts = {cte.alias: cte.this for cte in (with_.expressions if with_ else ())} | {"": self._root}
        if any(id(part) not in self.keys for part in parts.values()):
            raise _UnreadableError("a CTE that is not a query")
        return parts

    def _block(self, scope: Scope) -> _Block:
        if isinstance(scope.expression, exp.SetOperation):
            return self._set_operation(scope)
        return self._select(scope)

    def _select(self, scope: Scope) -> _Block:
        select = scope.expression
        own_key = self.keys[id(select)]
        names = [projection.alias_or_name for projection in select.expressions]
        if any(projection.is_star or not name for projection, name in zip(select.expressions, names, strict=True)):
            raise _UnreadableError("a star that nobody can expand")
        sources = _sources(scope)
        in_windows = self._origins(select.args.get("windows") or [], scope, names)
        rows = self._origins(_clauses(select), scope, names)
        if any(isinstance(node, exp.Window) for node in _walk(_clauses(select))):
            rows |= in_windows
        columns: dict[str, frozenset[Origin]] = {}
        for number, (projection, name) in enumerate(zip(select.expressions, names, strict=True)):
            origins = self._origins([projection], scope, names[:number])  # only aliases to the left can be meant
            if in_windows and projection.find(exp.Window):
                origins |= in_windows
            if _makes_rows(projection):
                rows |= {(own_key, name)}
            columns[name] = columns.get(name, frozenset()) | origins
        if _depends_on_every_output(select):
            rows |= {(own_key, _ANY)}
        return _Block(frozenset(filter(None, map(self._key_of, sources.values()))), rows, columns)

    def _set_operation(self, scope: Scope) -> _Block:
        operation = scope.expression
        left, right = (self.keys.get(id(arm.unnest())) for arm in (operation.this, operation.expression))
        if left not in self.blocks or right not in self.blocks:
            raise _UnreadableError("a set operation on something else than queries")
        left_names, right_names = list(self.blocks[left].columns), list(self.blocks[right].columns)
        if operation.args.get("by_name"):
            pairs = [(name, name, name) for name in dict.fromkeys(left_names + right_names)]
        elif (
            len(left_names)
            == len(right_names)
            == len(operation.this.unnest().selects)
            == len(operation.expression.unnest().selects)
        ):
            pairs = [(one, one, other) for one, other in zip(left_names, right_names, strict=True)]
        else:
            raise _UnreadableError("a set operation on unequal columns")
        columns = {name: frozenset({(left, one), (right, other)}) for name, one, other in pairs}
        rows = self._origins(_clauses(operation), scope, list(columns))
        if not isinstance(operation, exp.Union) or operation.args.get("distinct"):
            rows |= {(left, _ANY), (right, _ANY)}
        if _orders_by_position(operation):
            rows |= {(self.keys[id(operation)], _ANY)}
        return _Block(frozenset({left, right}), rows, columns)

    def _origins(self, expressions: Iterable[exp.Expr], scope: Scope, names: list[str]) -> frozenset[Origin]:
        """Return what expressions of a query are made of: columns, aliases of its own, subqueries."""
        found: set[Origin] = set()
        own_sources = {id(source.expression) for source in _sources(scope).values() if isinstance(source, Scope)}
        for node in _walk(expressions):
            if isinstance(node, _QUERIES):
                if id(node) not in own_sources:  # it is read as a table else
                    found.add((self._key_of_query(node), _ANY))
            elif isinstance(node, exp.TableColumn):
                found |= self._column(scope, node.name, _ANY)
            elif isinstance(node, exp.Column):
                found |= self._reference(node, scope, names)
            elif isinstance(node, exp.Star) and not isinstance(node.parent, (exp.Count, exp.Column)):
                raise _UnreadableError("a star in an expression")
        return frozenset(found)

    def _reference(self, column: exp.Column, scope: Scope, names: list[str]) -> set[Origin]:
        is_alias = column.meta.get("written_table") != column.table and column.name in names
        origins = {(self.keys[id(scope.expression)], column.name)} if is_alias or not column.table else set()
        if column.table:
            return origins | self._column(scope, column.table, column.name)
        if column.name not in names:
            raise _UnreadableError(f"nobody knows whose column {column.name} is")
        return origins

    def _column(self, scope: Scope, table: str, name: str) -> set[Origin]:
        """Find a column's table in the query or, in a correlated one, in those around it."""
        around: Scope | None = scope
        while around is not None:
            sources = _sources(around)
            if table in sources:
                return self._column_of(sources[table], name)
            around = around.parent
        raise _UnreadableError(f"there is no table {table}")

    def _column_of(self, source: exp.Table | Scope, name: str) -> set[Origin]:
        key = self._key_of(source)
        return {(key, name)} if key else set()

    def _key_of(self, source: exp.Table | Scope) -> str | None:
        """Return the key of what a query reads; None for what no model makes: VALUES, functions, foreign tables."""
        if isinstance(source, Scope):
            if isinstance(source.expression, exp.UDTF):
                return None  # what it is made of is part of the FROM clause
            return self._key_of_query(_whole_of_recursion(source))
        if not isinstance(source.this, exp.Identifier):
            return None
        if self._relations and not (source.catalog and source.db):
            raise _UnreadableError(f"a table without its database and schema: {source.name}")
        return self._relations.get(f"{source.catalog}.{source.db}.{source.name}".lower())

    def _key_of_query(self, query: exp.Expr) -> str:
        if id(query) not in self.keys:
            raise _UnreadableError(f"a {query.key} in an unknown place")
        return self.keys[id(query)]


def _parse(sql: str) -> exp.Select | exp.SetOperation:
    statements = [statement for statement in sqlglot.parse(sql, read=_DIALECT) if statement is not None]
    root = statements[0].unnest() if len(statements) == 1 and isinstance(statements[0], exp.Query) else None
    if not isinstance(root, _QUERIES):
        raise _UnreadableError("it is not one query")
    if root.find(*_NOT_UNDERSTOOD):
        raise _UnreadableError("it has a construct that is not understood")
    for wrapper in statements[0].find_all(exp.Subquery):
        if any(value and key not in _READ_AS_A_WRAPPER for key, value in wrapper.args.items()):
            raise _UnreadableError("brackets with clauses of their own")
    root.pop()
    return root


def _has_unnamed_output(root: exp.Select | exp.SetOperation) -> bool:
    return any(not isinstance(output, (exp.Alias, exp.Column, exp.Star)) for output in root.selects)


def _sources(scope: Scope) -> dict[str, exp.Table | Scope]:
    """Return what a query has in FROM and JOIN, by alias; unlike sqlglot's, with semi and anti joins."""
    return {name: scope.sources[name] for name, _ in scope.references if name in scope.sources}


def _whole_of_recursion(source: Scope) -> exp.Expr:
    """Return a source's query; where a recursive CTE reads itself sqlglot only gives the part before UNION."""
    query = source.expression
    return query.parent if source.is_cte and isinstance(query.parent, exp.SetOperation) else query


def _clauses(query: exp.Expr) -> list[exp.Expr]:
    """Return all of a query that decides about its rows, that is, everything but its columns, CTEs and windows."""
    apart = {"expressions", "with_", "windows"} | (
        {"this", "expression"} if isinstance(query, exp.SetOperation) else set()
    )
    clauses: list[exp.Expr] = []
    for name, value in query.args.items():
        if name not in apart:
            values = value if isinstance(value, list) else [value]
            clauses += [part for part in values if isinstance(part, exp.Expression)]
    return clauses


def _walk(expressions: Iterable[exp.Expr]) -> Iterator[exp.Expr]:
    """Yield the nodes of expressions, nested queries too but not what is in them."""
    for expression in expressions:
        yield from expression.walk(prune=lambda node: isinstance(node, _QUERIES))


def _depends_on_every_output(select: exp.Expr) -> bool:
    group = select.args.get("group")
    return bool(select.args.get("distinct") or (group and group.args.get("all")) or _orders_by_position(select))


def _orders_by_position(query: exp.Expr) -> bool:
    order = query.args.get("order")
    return bool(
        order and any(isinstance(by.this, (exp.Literal, exp.Var)) or by.name == "ALL" for by in order.expressions)
    )


def _makes_rows(projection: exp.Expr) -> bool:
    return any(
        isinstance(node, (exp.Unnest, exp.Explode))
        or (isinstance(node, exp.Anonymous) and node.name.lower() in _ROW_MAKERS)
        for node in _walk([projection])
    )


def _difference(base: exp.Expr, head: exp.Expr) -> Reach:
    """Return the columns of a query whose expressions differ; None if anything else does."""
    if not (isinstance(base, exp.Select) and isinstance(head, exp.Select)):
        return set() if _frame(base) == _frame(head) else None
    if _frame(base) != _frame(head):
        return None
    if list(map(_text, base.expressions)) == list(map(_text, head.expressions)):
        return set()
    base_outputs, head_outputs = _outputs(base), _outputs(head)
    if len(base_outputs) != len(base.expressions) or len(head_outputs) != len(head.expressions):
        return None  # two columns of one name
    names = base_outputs.keys() | head_outputs.keys()
    differing = {name for name in names if _text(base_outputs.get(name)) != _text(head_outputs.get(name))}
    touched = [outputs[name] for outputs in (base_outputs, head_outputs) for name in differing if name in outputs]
    if any(map(_makes_rows, touched)) or _collapses(base) != _collapses(head):
        return None
    return differing


def _outputs(select: exp.Select) -> dict[str, exp.Expr]:
    return {projection.alias_or_name: projection for projection in select.expressions}


def _frame(query: exp.Expr) -> str:
    """Return the text of a query without what is compared by itself: a SELECT's columns, and the outermost CTEs."""
    frame = query.copy()
    if isinstance(query, exp.Select):
        frame.set("expressions", [])
    if query.parent is None:
        frame.set("with_", None)
    return _text(frame)


def _text(expression: exp.Expr | None) -> str:
    return expression.sql(_DIALECT, comments=False, identify=True) if expression is not None else ""


def _collapses(select: exp.Select) -> bool | frozenset[str]:
    """Tell whether a query without GROUP BY makes one row of all: by an aggregate, or a function that may be one."""
    if select.args.get("group"):
        return False
    calls = [node for node in _walk(select.expressions) if isinstance(node, exp.Func) and not _is_windowed(node)]
    if any(isinstance(node, exp.AggFunc) for node in calls):
        return True
    return frozenset(node.name.lower() for node in calls if isinstance(node, exp.Anonymous))


def _is_windowed(call: exp.Expr) -> bool:
    while isinstance(call.parent, (exp.Filter, exp.IgnoreNulls, exp.RespectNulls, exp.WithinGroup)):
        call = call.parent
    return isinstance(call.parent, exp.Window) and call.arg_key == "this"
