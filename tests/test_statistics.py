"""The statistics in SQL equal SciPy's, on many numbers and on the clients of a whole world."""

from pathlib import Path
from typing import Any

import duckdb
import jinja2
import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from tests.worlds import PROJECT_DIR, World


@pytest.fixture(scope="module")
def macros() -> Any:
    """Return the macros of macros/statistics.sql: they are plain Jinja, dbt adds nothing to them."""
    source = Path(PROJECT_DIR / "macros" / "statistics.sql").read_text(encoding="utf-8")
    return jinja2.Environment(autoescape=False).from_string(source).module


def evaluate(expressions: list[str], columns: dict[str, ArrayLike]) -> list[NDArray[np.float64]]:
    """Evaluate SQL expressions over columns of numbers."""
    with duckdb.connect() as connection:
        connection.register("numbers", {name: np.asarray(values) for name, values in columns.items()})
        rows = connection.execute(f"SELECT {', '.join(expressions)} FROM numbers").fetchnumpy()
    return [np.ma.filled(values.astype(float), np.nan) for values in rows.values()]


def test_D13_wilson_intervals(macros: Any) -> None:
    generator = np.random.default_rng(1)
    trials = np.concatenate([[1, 1, 10, 10, 100_000], generator.integers(1, 2000, 500)])
    successes = np.concatenate([[0, 1, 0, 10, 1], (trials[5:] * generator.random(500)).astype(int)])
    expressions = [str(macros.wilson_low("k", "n")), str(macros.wilson_high("k", "n"))]
    low, high = evaluate(expressions, {"k": successes, "n": trials})
    expected = [stats.binomtest(k, n).proportion_ci(method="wilson") for k, n in zip(successes, trials, strict=True)]
    np.testing.assert_allclose(low, [interval.low for interval in expected], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(high, [interval.high for interval in expected], rtol=1e-9)


def test_D13_no_trials_have_no_interval(macros: Any) -> None:
    bounds = evaluate([str(macros.wilson_low("k", "n")), str(macros.wilson_high("k", "n"))], {"k": [0], "n": [0]})
    assert np.isnan(bounds).all()


def test_D13_normal_tail(macros: Any) -> None:
    z = np.concatenate([np.linspace(-10, 10, 401), [0.0, 7.071, 7.072, 30.0, -37.0]])
    (p,) = evaluate([str(macros.normal_two_sided_p("z"))], {"z": z})
    expected = 2 * stats.norm.sf(np.abs(z))
    np.testing.assert_allclose(p, expected, rtol=0, atol=1e-15)
    np.testing.assert_allclose(p, expected, rtol=1e-7)  # far out, where the tail is smaller than that


def test_D13_clients_are_tested_as_scipy_would(world: World) -> None:
    for (funnel,) in {
        (row["funnel_name"],) for row in world.query("SELECT funnel_name FROM product.funnel_client_comparison")
    }:
        rows = world.query(f"SELECT * FROM product.funnel_client_comparison WHERE funnel_name = '{funnel}'")
        accounts = np.array([row["account_count"] for row in rows])
        converted = np.array([row["converted_count"] for row in rows])
        omnibus = stats.chi2_contingency([converted, accounts - converted], correction=False).pvalue
        tested = [row for row in rows if row["is_tested"]]
        assert len(tested) > 3
        for row in rows:
            assert row["omnibus_p_value"] == pytest.approx(omnibus, rel=1e-8)
            rest = accounts.sum() - row["account_count"], converted.sum() - row["converted_count"]
            table = [
                [row["converted_count"], row["account_count"] - row["converted_count"]],
                [rest[1], rest[0] - rest[1]],
            ]
            chi_square = stats.chi2_contingency(table, correction=False).statistic
            assert row["z_score"] ** 2 == pytest.approx(chi_square, rel=1e-9)
        for row in tested:
            assert row["p_value"] == pytest.approx(2 * stats.norm.sf(abs(row["z_score"])), rel=1e-8)
        expected_q = stats.false_discovery_control([row["p_value"] for row in tested], method="bh")
        assert [row["q_value"] for row in tested] == pytest.approx(list(expected_q), rel=1e-8)
