"""Column lineage never says too little: each rule on a small manifest, then the real project, built and edited."""

import json
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest

from scripts.review.lineage import changed_outputs, read_lineage
from tests.worlds import PROJECT_DIR, World, copy_project, run_dbt

DATABASES = ("raw", "prep", "prod")
PARENTS = {"db.s.t": ["id", "a", "b", "c", "l"], "db.s.u": ["id", "x", "y"]}
CHAIN = "WITH one AS (SELECT t.id, t.a AS p, t.b FROM db.s.t AS t), two AS (SELECT one.id, one.p AS q, one.b FROM one) "


def manifest_of(*models: tuple[str, str, list[str]], exposures: dict[str, list[str]] | None = None) -> dict[str, Any]:
    """Make the manifest of seeds t and u and of models: name, SQL and the names of parents."""

    def node(name: str, kind: str, sql: str | None, parents: list[str]) -> dict[str, Any]:
        relation = {"database": "db", "schema": "s", "alias": name, "name": name, "resource_type": kind}
        return {**relation, "compiled_code": sql, "depends_on": {"nodes": [f"n.{parent}" for parent in parents]}}

    nodes = {f"n.{name}": node(name, "seed", None, []) for name in ("t", "u")}
    nodes |= {f"n.{name}": node(name, "model", sql, parents) for name, sql, parents in models}
    shown = {
        f"exposure.{name}": {"name": name, "depends_on": {"nodes": [f"n.{parent}" for parent in parents]}}
        for name, parents in (exposures or {}).items()
    }
    return {"nodes": nodes, "sources": {}, "exposures": shown}


COLUMN_RULES = {
    "projection": ("SELECT t.a AS k, t.b + t.a AS n, t.c FROM db.s.t AS t", {"k", "n"}),
    "nothing": ("SELECT t.b FROM db.s.t AS t", set()),
    "count": ("SELECT COUNT(*) AS n FROM db.s.t AS t", set()),
    "chain of CTEs": (CHAIN + "SELECT two.q AS r, two.b FROM two", {"r"}),
    "column lost on the way": (CHAIN + "SELECT two.b FROM two", set()),
    "unused CTE": ("WITH one AS (SELECT t.a FROM db.s.t AS t WHERE t.a > 1) SELECT t.b FROM db.s.t AS t", set()),
    "filter in a CTE": ("WITH k AS (SELECT t.b FROM db.s.t AS t WHERE t.a > 1) SELECT k.b FROM k", None),
    "filter on a CTE's column": (CHAIN + "SELECT two.b FROM two WHERE two.q > 1", None),
    "derived table": ("SELECT k.n, k.b FROM (SELECT t.a + 1 AS n, t.b FROM db.s.t AS t) AS k", {"n"}),
    "star": ("SELECT * FROM db.s.t AS t", {"a"}),
    "star of a CTE": (CHAIN + "SELECT * EXCLUDE (b) FROM two", {"q"}),
    "unqualified": ("SELECT a AS k, b FROM db.s.t", {"k"}),
    "case": ('SELECT T."A" AS K, t.B FROM DB.s.T AS t', {"k"}),
    "alias in a projection": ("SELECT t.a + 1 AS k, k * 2 AS twice, t.b FROM db.s.t AS t", {"k", "twice"}),
    "where": ("SELECT t.b FROM db.s.t AS t WHERE t.a > 1", None),
    "alias in where": ("SELECT t.a + 1 AS k, t.b FROM db.s.t AS t WHERE k > 1", None),
    "column and alias of one name in where": ("SELECT t.b AS a FROM db.s.t AS t WHERE a > 1", None),
    "join": ("SELECT t.b, u.y FROM db.s.t AS t LEFT JOIN db.s.u AS u ON u.x = t.a", None),
    "using": ("SELECT t.b, k.y FROM db.s.t AS t JOIN (SELECT u.x AS a, u.y FROM db.s.u AS u) AS k USING (a)", None),
    "semi join": ("SELECT u.y FROM db.s.u AS u SEMI JOIN db.s.t AS t ON t.a = u.x", None),
    "join column only": ("SELECT t.a, u.y FROM db.s.t AS t JOIN db.s.u AS u ON u.x = t.b", {"a"}),
    "group by": ("SELECT t.b, COUNT(*) AS n FROM db.s.t AS t GROUP BY t.b, t.a", None),
    "group by position": ("SELECT t.a + 1 AS k, COUNT(*) AS n FROM db.s.t AS t GROUP BY 1", None),
    "group by alias": ("SELECT t.a + 1 AS k, COUNT(*) AS n FROM db.s.t AS t GROUP BY k", None),
    "group by alias of a column's name": ("SELECT t.a AS b, COUNT(*) AS n FROM db.s.t AS t GROUP BY b", None),
    "qualify by alias of a column's name": (
        "SELECT t.a AS b, t.c FROM db.s.t AS t QUALIFY b = 1 AND COUNT(*) OVER () > 0",
        None,
    ),
    "group by all": ("SELECT t.a, COUNT(*) AS n FROM db.s.t AS t GROUP BY ALL", None),
    "aggregate": ("SELECT t.b, SUM(t.a) AS n, MAX(t.c) AS c FROM db.s.t AS t GROUP BY t.b", {"n"}),
    "filtered aggregate": ("SELECT COUNT(*) FILTER (WHERE t.a > 1) AS n, MAX(t.b) AS b FROM db.s.t AS t", {"n"}),
    "having": ("SELECT t.b FROM db.s.t AS t GROUP BY t.b HAVING MAX(t.a) > 1", None),
    "distinct": ("SELECT DISTINCT t.a, t.b FROM db.s.t AS t", None),
    "distinct on": ("SELECT DISTINCT ON (t.a) t.b FROM db.s.t AS t", None),
    "limit": ("SELECT t.b FROM db.s.t AS t ORDER BY t.a LIMIT 3", None),
    "order by alias": ("SELECT t.a AS k, t.b FROM db.s.t AS t ORDER BY k LIMIT 3", None),
    "alias of another column's name": ("SELECT t.a AS b, t.c FROM db.s.t AS t ORDER BY b LIMIT 3", None),
    "order by all": ("SELECT t.a, t.b FROM db.s.t AS t ORDER BY ALL LIMIT 3", None),
    "partition": ("SELECT t.b, ROW_NUMBER() OVER (PARTITION BY t.a ORDER BY t.b) AS n FROM db.s.t AS t", {"n"}),
    "window order": ("SELECT t.b, LAG(t.b) OVER (ORDER BY t.a) AS n FROM db.s.t AS t", {"n"}),
    "named window": ("SELECT t.b, LAG(t.b) OVER w AS n FROM db.s.t AS t WINDOW w AS (ORDER BY t.a)", {"n"}),
    "qualify": ("SELECT t.b FROM db.s.t AS t QUALIFY ROW_NUMBER() OVER (PARTITION BY t.b ORDER BY t.a) = 1", None),
    "qualify by alias": (
        "SELECT t.b, ROW_NUMBER() OVER (PARTITION BY t.b ORDER BY t.a) AS n FROM db.s.t AS t QUALIFY n = 1",
        None,
    ),
    "qualify by named window": (
        "SELECT t.b FROM db.s.t AS t WINDOW w AS (ORDER BY t.a) QUALIFY ROW_NUMBER() OVER w = 1",
        None,
    ),
    "window in a filtered CTE": (
        "WITH k AS (SELECT t.b, RANK() OVER (ORDER BY t.a) AS n FROM db.s.t AS t) SELECT k.b FROM k WHERE k.n = 1",
        None,
    ),
    "union all": ("SELECT u.x AS k, u.y AS n FROM db.s.u AS u UNION ALL SELECT t.b, t.a FROM db.s.t AS t", {"n"}),
    "union all by name": (
        "SELECT u.x AS k, u.y AS n FROM db.s.u AS u UNION ALL BY NAME SELECT t.b AS n, t.a AS k FROM db.s.t AS t",
        {"k"},
    ),
    "three arms": (
        "SELECT u.x AS k, u.y AS n FROM db.s.u AS u UNION ALL SELECT t.b, t.c FROM db.s.t AS t "
        "UNION ALL SELECT t.b, t.a FROM db.s.t AS t",
        {"n"},
    ),
    "union": ("SELECT u.x AS k FROM db.s.u AS u UNION SELECT t.a FROM db.s.t AS t", None),
    "except": ("SELECT u.x AS k FROM db.s.u AS u EXCEPT SELECT t.a FROM db.s.t AS t", None),
    "except all": ("SELECT u.x AS k FROM db.s.u AS u EXCEPT ALL SELECT t.a FROM db.s.t AS t", None),
    "intersect": ("SELECT u.x AS k FROM db.s.u AS u INTERSECT SELECT t.a FROM db.s.t AS t", None),
    "union ordered": (
        "SELECT u.x AS k FROM db.s.u AS u UNION ALL SELECT t.a FROM db.s.t AS t ORDER BY k LIMIT 3",
        None,
    ),
    "in": ("SELECT u.y FROM db.s.u AS u WHERE u.x IN (SELECT t.a FROM db.s.t AS t)", None),
    "not in": ("SELECT u.y FROM db.s.u AS u WHERE u.x NOT IN (SELECT t.b FROM db.s.t AS t)", set()),
    "exists": ("SELECT u.y FROM db.s.u AS u WHERE EXISTS (SELECT 1 FROM db.s.t AS t WHERE t.a = u.x)", None),
    "correlated": ("SELECT t.b FROM db.s.t AS t WHERE EXISTS (SELECT 1 FROM db.s.u AS u WHERE t.a = u.x)", None),
    "correlated, unqualified": ("SELECT b FROM db.s.t WHERE EXISTS (SELECT 1 FROM db.s.u WHERE a = x)", None),
    "subquery as a column": ("SELECT u.y, (SELECT MAX(t.a) FROM db.s.t AS t) AS n FROM db.s.u AS u", {"n"}),
    "correlated subquery as a column": (
        "SELECT t.b, (SELECT MAX(u.y) FROM db.s.u AS u WHERE u.x = t.a) AS n FROM db.s.t AS t",
        {"n"},
    ),
    "unnest": ("SELECT t.b, UNNEST(t.a) AS n FROM db.s.t AS t", None),
    "unnest in from": ("SELECT t.b, k.e FROM db.s.t AS t, UNNEST(t.a) AS k(e)", None),
    "lateral": (
        "SELECT t.b, k.n FROM db.s.t AS t, LATERAL (SELECT MAX(u.y) AS n FROM db.s.u AS u WHERE u.x = t.a) AS k",
        None,
    ),
    "field": ("SELECT t.a.deep.er AS n, t.a[1].e AS e, t.b FROM db.s.t AS t", {"n", "e"}),
    "lambda": ("SELECT LIST_TRANSFORM(t.l, e -> e + t.a) AS n, t.b FROM db.s.t AS t", {"n"}),
    "whole row": ("SELECT t AS n, t.b FROM db.s.t AS t", {"n"}),
    "recursive": (
        "WITH RECURSIVE r(n, k) AS (SELECT u.x, u.y FROM db.s.u AS u UNION ALL "
        "SELECT r.n + 1, t.a FROM r JOIN db.s.t AS t ON t.b = r.n) SELECT r.n, r.k FROM r",
        {"k"},
    ),
    "recursive, filtered by its own column": (
        "WITH RECURSIVE r(n, k) AS (SELECT u.x, u.y FROM db.s.u AS u UNION ALL "
        "SELECT r.n + 1, t.a FROM r JOIN db.s.t AS t ON t.b = r.k) SELECT r.n FROM r",
        None,
    ),
}


@pytest.mark.parametrize(("sql", "expected"), COLUMN_RULES.values(), ids=COLUMN_RULES.keys())
def test_what_a_changed_column_reaches(sql: str, expected: set[str] | None) -> None:
    manifest = manifest_of(("m", sql, ["t"]))
    lineage = read_lineage(manifest, PARENTS)
    assert lineage.unread == []
    assert lineage.reached({"t": {"A"}}).get("m", set()) == expected
    assert lineage.reached({"t": set()}) == {}
    if sql == COLUMN_RULES["subquery as a column"][0]:
        assert lineage.reached({"t": None}) == {"m": {"n"}}
    else:
        assert lineage.reached({"t": None}) == {"m": None}, "rows of a parent are rows of its reader"


def test_rows_of_a_parent_change_everything_that_reads_it_and_nothing_else() -> None:
    lineage = read_lineage(
        manifest_of(("m", "SELECT t.b FROM db.s.t AS t", ["t"]), ("n", "SELECT m.b FROM db.s.m AS m", ["m"])), PARENTS
    )
    assert lineage.reached({"t": None}) == {"m": None, "n": None}
    assert lineage.reached({"u": None}) == {}
    assert lineage.reached({"removed": None}) == {}


def test_a_change_goes_on_through_models_to_exposures() -> None:
    manifest = manifest_of(
        ("m", "SELECT t.a AS k, t.b FROM db.s.t AS t", ["t"]),
        ("n", "SELECT m.k * 2 AS twice, m.b FROM db.s.m AS m", ["m"]),
        ("o", "SELECT n.b FROM db.s.n AS n WHERE n.twice > 1", ["n"]),
        exposures={"board": ["n"], "alarm": ["n", "o"], "other": ["u"]},
    )
    assert read_lineage(manifest, PARENTS).reached({"t": {"a"}}) == {
        "m": {"k"},
        "n": {"twice"},
        "o": None,
        "board": {"n.twice"},
        "alarm": None,
    }


def test_an_exposure_of_a_metric_shows_the_models_behind_it() -> None:
    manifest = manifest_of(("m", "SELECT t.a AS k FROM db.s.t AS t", ["t"]))
    manifest["exposures"]["e"] = {"name": "board", "depends_on": {"nodes": ["metric"]}}
    manifest["metrics"] = {"metric": {"depends_on": {"nodes": ["semantic"]}}}
    manifest["semantic_models"] = {"semantic": {"depends_on": {"nodes": ["n.m"]}}}
    assert read_lineage(manifest, PARENTS).reached({"t": {"a"}})["board"] == {"m.k"}


def test_a_changed_model_is_reached_only_by_others_and_keeps_its_own_columns() -> None:
    manifest = manifest_of(
        ("m", "SELECT t.a AS k, t.b FROM db.s.t AS t", ["t"]), ("n", "SELECT m.k, m.b FROM db.s.m AS m", ["m"])
    )
    lineage = read_lineage(manifest, PARENTS)
    assert lineage.reached({"m": {"b"}}) == {"n": {"b"}}
    assert lineage.reached({"m": {"b"}, "t": {"a"}}) == {"m": {"k", "b"}, "n": {"k", "b"}}


UNREAD = {
    "nonsense": "SELECT FROM WHERE (",
    "two statements": "SELECT t.b FROM db.s.t AS t; SELECT t.b FROM db.s.t AS t",
    "pivot": "SELECT * FROM db.s.t PIVOT (SUM(b) FOR c IN ('x', 'y'))",
    "columns": "SELECT COLUMNS('b.*') FROM db.s.t",
    "unknown column": "SELECT t.nobody FROM db.s.t AS t",
    "unknown column of a CTE": "WITH k AS (SELECT t.b FROM db.s.t AS t) SELECT k.nobody FROM k",
    "unknown column around": "SELECT t.b FROM db.s.t AS t WHERE EXISTS (SELECT 1 FROM db.s.t AS k WHERE t.no = k.a)",
    "alias used twice": "SELECT k.b FROM db.s.t AS k SEMI JOIN db.s.t AS k ON TRUE",
    "nobody's column": "SELECT nobody FROM db.s.t",
    "ambiguous with an alias": "SELECT nobody AS nobody, nobody + 1 AS n FROM db.s.t",
    "table without a schema": "SELECT b FROM t",
    "brackets with clauses": "(SELECT t.b FROM db.s.t AS t) ORDER BY b LIMIT 1",
    "struct star": "SELECT t.b, t.l.* FROM db.s.t AS t",
    "nothing compiled": "",
}


@pytest.mark.parametrize("sql", UNREAD.values(), ids=UNREAD.keys())
def test_sql_that_cannot_be_read_may_change_altogether(sql: str) -> None:
    lineage = read_lineage(manifest_of(("m", sql, ["t"]), ("n", "SELECT 1 AS k FROM db.s.m AS m", ["m"])), PARENTS)
    assert lineage.unread == ["m"]
    assert lineage.reached({"t": {"c"}}) == {"m": None, "n": None}
    assert lineage.reached({"u": {"x"}}) == {}


def test_a_python_model_is_unread_and_a_snapshot_takes_every_value_for_a_row() -> None:
    manifest = manifest_of(("m", "SELECT t.b FROM db.s.t AS t", ["t"]), ("n", "SELECT t.b FROM db.s.t AS t", ["t"]))
    manifest["nodes"]["n.m"]["language"] = "python"
    manifest["nodes"]["n.n"]["resource_type"] = "snapshot"
    lineage = read_lineage(manifest, PARENTS)
    assert lineage.unread == ["m"]
    assert lineage.reached({"t": {"c"}}) == {"m": None, "n": None}


def test_parents_that_only_dbt_or_only_the_sql_knows_count_too() -> None:
    by_dbt = read_lineage(manifest_of(("m", "SELECT t.b FROM db.s.t AS t", ["t", "u"])), PARENTS)
    assert by_dbt.reached({"u": {"x"}}) == {"m": None}
    by_sql = read_lineage(manifest_of(("m", "SELECT t.b FROM db.s.t AS t", [])), PARENTS)
    assert by_sql.reached({"t": {"b"}}) == {"m": {"b"}}
    unread = read_lineage(manifest_of(("m", 'SELECT COLUMNS(*) FROM "db"."s"."t"', [])), PARENTS)
    assert unread.reached({"t": {"b"}}) == {"m": None}


def test_columns_are_called_as_in_the_database() -> None:
    sql = "SELECT t.a + 1, CAST(t.b AS INTEGER) FROM db.s.t AS t ORDER BY 1"
    manifest = manifest_of(("m", sql, ["t"]))
    real = {**PARENTS, "db.s.m": ["(t.a + 1)", "CAST(t.b AS INTEGER)"]}
    lineage = read_lineage(manifest, real)
    assert lineage.reached({"t": {"b"}}) == {"m": {"cast(t.b as integer)"}}
    assert lineage.reached({"t": {"a"}}) == {"m": None}
    assert read_lineage(manifest, {**PARENTS, "db.s.m": ["one"]}).unread == ["m"], "the build is of other SQL"


def changed(base: str, head: str) -> set[str] | None:
    return changed_outputs(base, head, PARENTS)


BASE = (
    "WITH one AS (SELECT t.id, t.a + 1 AS p, t.b FROM db.s.t AS t WHERE t.c > 1) "
    "SELECT one.id, one.p AS q, UPPER(one.b) AS r FROM one"
)
CODE_CHANGES = {
    "comment, whitespace, case": (BASE, "-- said\n" + BASE.replace(", ", "\n  , ").replace("SELECT", "select"), set()),
    "case of a name": (BASE, BASE.replace("one.p", 'ONE."P"'), set()),
    "case of a literal": ("SELECT 'x' AS n FROM db.s.t", "SELECT 'X' AS n FROM db.s.t", {"n"}),
    "projection": (BASE, BASE.replace("UPPER", "LOWER"), {"r"}),
    "projection of a CTE": (BASE, BASE.replace("t.a + 1", "t.a + 2"), {"q"}),
    "projection of a CTE that nobody reads": (
        BASE.replace("UPPER(one.b)", "1"),
        BASE.replace("UPPER(one.b)", "1").replace("t.b", "t.c AS b"),
        set(),
    ),
    "added": (BASE, BASE.replace(" FROM one", ", one.b AS s FROM one"), {"s"}),
    "removed": (BASE, BASE.replace(", one.p AS q", ""), {"q"}),
    "renamed": (BASE, BASE.replace("AS q", "AS s"), {"q", "s"}),
    "other order": (BASE, BASE.replace("one.id, one.p AS q", "one.p AS q, one.id"), set()),
    "filter": (BASE, BASE.replace("t.c > 1", "t.c > 2"), None),
    "filter added": (BASE, BASE + " WHERE one.p > 1", None),
    "another table": (BASE, BASE.replace("db.s.t AS t", "db.s.v AS t"), None),
    "filtered later": (BASE + " WHERE one.p > 1", BASE.replace("t.a + 1", "t.a + 2") + " WHERE one.p > 1", None),
    "CTE added": (BASE, BASE.replace("SELECT one.id", ", two AS (SELECT 1 AS k) SELECT one.id"), None),
    "distinct": (
        "SELECT DISTINCT t.a, t.b FROM db.s.t AS t",
        "SELECT DISTINCT t.a + 1 AS a, t.b FROM db.s.t AS t",
        None,
    ),
    "distinct added": ("SELECT t.a FROM db.s.t AS t", "SELECT DISTINCT t.a FROM db.s.t AS t", None),
    "grouped by position": (
        "SELECT t.a AS k FROM db.s.t AS t GROUP BY 1",
        "SELECT t.b AS k FROM db.s.t AS t GROUP BY 1",
        None,
    ),
    "grouped by all": (
        "SELECT t.a AS k FROM db.s.t AS t GROUP BY ALL",
        "SELECT t.b AS k FROM db.s.t AS t GROUP BY ALL",
        None,
    ),
    "qualified by alias": (
        "SELECT t.a, RANK() OVER (ORDER BY t.a) AS n FROM db.s.t AS t QUALIFY n = 1",
        "SELECT t.a, RANK() OVER (ORDER BY t.b) AS n FROM db.s.t AS t QUALIFY n = 1",
        None,
    ),
    "collapsed": ("SELECT t.a AS k FROM db.s.t AS t", "SELECT MAX(t.a) AS k FROM db.s.t AS t", None),
    "collapsed by FILTER": (
        "SELECT t.a AS k FROM db.s.t AS t",
        "SELECT MAX(t.a) FILTER (WHERE t.b) AS k FROM db.s.t AS t",
        None,
    ),
    "collapsed by IGNORE NULLS": (
        "SELECT t.a AS k FROM db.s.t AS t",
        "SELECT FIRST(t.a IGNORE NULLS) AS k FROM db.s.t AS t",
        None,
    ),
    "window is no collapse": (
        "SELECT t.a AS k FROM db.s.t AS t",
        "SELECT MAX(t.a) OVER () AS k FROM db.s.t AS t",
        {"k"},
    ),
    "window over nulls is no collapse": (
        "SELECT t.a AS k FROM db.s.t AS t",
        "SELECT FIRST_VALUE(t.a IGNORE NULLS) OVER (ORDER BY t.b) AS k FROM db.s.t AS t",
        {"k"},
    ),
    "collapsed in a window": (
        "SELECT 1 AS k FROM db.s.t AS t",
        "SELECT RANK() OVER (PARTITION BY MAX(t.a)) AS k FROM db.s.t AS t",
        None,
    ),
    "recursive": (BASE, BASE.replace("WITH", "WITH RECURSIVE"), None),
    "CTE in brackets": (
        "WITH k AS ((SELECT t.a FROM db.s.t AS t)) SELECT k.a FROM k",
        "WITH k AS ((SELECT t.b AS a FROM db.s.t AS t)) SELECT k.a FROM k",
        None,
    ),
    "aggregate": (
        "SELECT t.b, SUM(t.a) AS k FROM db.s.t AS t GROUP BY t.b",
        "SELECT t.b, MAX(t.a) AS k FROM db.s.t AS t GROUP BY t.b",
        {"k"},
    ),
    "unnested": ("SELECT t.l AS k FROM db.s.t AS t", "SELECT UNNEST(t.l) AS k FROM db.s.t AS t", None),
    "no longer unnested": ("SELECT UNNEST(t.l) AS k FROM db.s.t AS t", "SELECT t.l AS k FROM db.s.t AS t", None),
    "under a union": (
        "WITH k AS (SELECT t.a AS n FROM db.s.t AS t) SELECT k.n FROM k UNION ALL SELECT u.x FROM db.s.u AS u",
        "WITH k AS (SELECT t.b AS n FROM db.s.t AS t) SELECT k.n FROM k UNION ALL SELECT u.x FROM db.s.u AS u",
        {"n"},
    ),
    "union": (
        "SELECT t.a AS n FROM db.s.t AS t UNION ALL SELECT u.x FROM db.s.u AS u",
        "SELECT t.a AS n FROM db.s.t AS t UNION ALL SELECT u.y FROM db.s.u AS u",
        None,
    ),
    "name of its own": ("SELECT t.a + 1 FROM db.s.t AS t", "SELECT t.a + 2 FROM db.s.t AS t", None),
    "two of one name": (
        "SELECT t.a AS n, t.b AS n FROM db.s.t AS t",
        "SELECT t.b AS n, t.a AS n FROM db.s.t AS t",
        None,
    ),
    "CTE of values": (
        "WITH v(n) AS (VALUES (1)) SELECT v.n FROM v",
        "WITH v(n) AS (VALUES (2)) SELECT v.n FROM v",
        None,
    ),
    "unread": ("SELECT FROM (", "SELECT t.a FROM db.s.t AS t", None),
}


@pytest.mark.parametrize(("base", "head", "expected"), CODE_CHANGES.values(), ids=CODE_CHANGES.keys())
def test_which_outputs_a_code_change_touches(base: str, head: str, expected: set[str] | None) -> None:
    assert changed(base, head) == expected
    assert changed(base, base) == set()


def test_every_aggregate_of_the_database_is_known_to_collapse_rows() -> None:
    query = "SELECT DISTINCT function_name FROM duckdb_functions() WHERE function_type = 'aggregate'"
    names = [name for (name,) in duckdb.connect().execute(query).fetchall() if name.isidentifier()]
    assert len(names) > 50
    plain = "SELECT t.a AS k FROM db.s.t AS t"
    assert [name for name in names if changed(plain, plain.replace("t.a", f"{name}(t.a)", 1)) is not None] == []


# The real project


def real_columns(world: World) -> dict[str, list[str]]:
    query = """
    SELECT LOWER(database_name || '.' || schema_name || '.' || table_name) AS relation, column_name
      FROM duckdb_columns() WHERE NOT internal ORDER BY relation, column_index
    """
    found: dict[str, list[str]] = {}
    for database in DATABASES:
        for row in world.query(query, database):
            found.setdefault(row["relation"], []).append(row["column_name"])
    return found


def manifest_in(target: Path) -> dict[str, Any]:
    return json.loads((target / "manifest.json").read_text(encoding="utf-8"))


def code_of(manifest: dict[str, Any], model: str) -> str:
    return manifest["nodes"][f"model.care_signup_funnel.{model}"]["compiled_code"]


@pytest.fixture(scope="module")
def columns(committed: World) -> dict[str, list[str]]:
    return real_columns(committed)


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    # of its own: a build of another test that stops early leaves a manifest without compiled code in the world's
    project_dir = copy_project(tmp_path_factory.mktemp("lineage"))
    outcome = run_dbt(project_dir, PROJECT_DIR / "data", project_dir / "warehouse", "compile")
    assert outcome.returncode == 0, outcome.stdout
    return manifest_in(project_dir / "target")


def test_every_model_is_read_and_soon(manifest: dict[str, Any], columns: dict[str, list[str]]) -> None:
    started = time.monotonic()
    lineage = read_lineage(manifest, columns)
    assert lineage.unread == []
    assert time.monotonic() - started < 8
    everywhere = lineage.reached({"events": None})
    assert {"member_events", "event_accounting", "funnel_conversion_trends", "answers"} <= everywhere.keys()
    assert set(everywhere.values()) == {None}


@pytest.mark.parametrize(
    ("model", "before", "after", "touched", "reader", "expected"),
    [
        (
            "page_views",
            "ELSE dwells.scroll_depth_ratio END",
            "ELSE dwells.scroll_depth_ratio END + 1",
            {"scroll_depth_rate"},
            "funnel_page_engagement",
            {"median_scroll_depth_rate"},
        ),
        (
            "conversion_rate_effects",
            "AS DOUBLE) AS mix_effect",
            "AS DOUBLE) + 1 AS mix_effect",
            {"mix_effect"},
            "funnel_conversion_trends",
            {"mix_effect"},
        ),
        (  # two models up, and from there into cases, aggregates and another CTE of the reader
            "funnel_first_entries",
            "observed_until_at\n",
            "observed_until_at + INTERVAL 1 DAY AS observed_until_at\n",
            {"observed_until_at"},
            "funnel_conversion_trends",
            {"is_complete_period", "mature_7d_entry_count", "conversion_rate_1d", "conversion_rate_7d"},
        ),
    ],
)
def test_one_changed_projection_reaches_exactly_these_columns(
    manifest: dict[str, Any],
    columns: dict[str, list[str]],
    model: str,
    before: str,
    after: str,
    touched: set[str],
    reader: str,
    expected: set[str],
) -> None:
    base_sql = code_of(manifest, model)
    at = base_sql.rindex(before)
    head_sql = base_sql[:at] + after + base_sql[at + len(before) :]
    assert changed_outputs(base_sql, head_sql, columns) == touched
    assert read_lineage(manifest, columns).reached({model: touched})[reader] == expected


ONLY_TABLES = ("--resource-type", "model", "--resource-type", "seed")
EDITS = {
    "base/events.sql": (", events.geo_country", ", 'XX' AS geo_country", {"geo_country"}),
    "intermediate/page_views.sql": (
        "ELSE dwells.scroll_depth_ratio END",
        "ELSE dwells.scroll_depth_ratio / 2 END",
        {"scroll_depth_rate"},
    ),
}


def column_tables(world: World, relation: str, names: list[str]) -> list[tuple[Any, ...]]:
    """Return the rows of a relation without the other columns, in any order, without the noise of float sums."""
    types = {
        row["column_name"]: row["data_type"]
        for row in world.query(
            f"SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = '{relation.split('.')[2]}'",
            relation.split(".")[0],
        )
    }
    shown = [f"ROUND({name}, 6) AS {name}" if types[name] == "DOUBLE" else name for name in names]
    rows = world.query(f"SELECT {', '.join(shown)} FROM {relation}", relation.split(".")[0])
    return sorted((tuple(row.values()) for row in rows), key=repr)


def test_whatever_moves_after_an_edit_was_predicted(
    committed: World, manifest: dict[str, Any], columns: dict[str, list[str]], tmp_path: Path
) -> None:
    project = copy_project(tmp_path / "project")
    for file, (before, after, _) in EDITS.items():
        path = project / "models" / file
        text = path.read_text(encoding="utf-8")
        assert text.count(before) == 1, f"{file}: edit this test"
        path.write_text(text.replace(before, after), encoding="utf-8")
    outcome = run_dbt(project, PROJECT_DIR / "data", tmp_path / "warehouse", "build", *ONLY_TABLES)
    assert outcome.returncode == 0, outcome.stdout
    edited, head = World(PROJECT_DIR / "data", tmp_path / "warehouse"), manifest_in(project / "target")

    changes = {Path(file).stem: touched for file, (_, _, touched) in EDITS.items()}
    for model, touched in changes.items():
        assert changed_outputs(code_of(manifest, model), code_of(head, model), columns) == touched
    predicted = {**changes, **read_lineage(head, real_columns(edited)).reached(dict(changes))}
    moved: dict[str, set[str]] = {}
    for node in head["nodes"].values():
        if node["resource_type"] not in ("model", "seed"):
            continue
        relation = f"{node['database']}.{node['schema']}.{node['alias']}"
        reach = predicted.get(node["name"], set())
        if reach is None:
            continue
        rest = [name for name in columns[relation] if name not in reach]
        assert column_tables(committed, relation, rest) == column_tables(edited, relation, rest), relation
        moved[node["name"]] = {
            name
            for name in reach
            if column_tables(committed, relation, [name]) != column_tables(edited, relation, [name])
        }
    assert moved["member_events"] == moved["funnel_entries"] == {"geo_country"}
    assert moved["funnel_page_views"] == {"scroll_depth_rate"}
    assert moved["funnel_client_comparison"] == set()
