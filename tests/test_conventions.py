"""The conventions of the house that no linter knows; each message says how to mend it."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.worlds import PROJECT_DIR, World

MODELS = sorted((PROJECT_DIR / "models").glob("*/*.sql"))
MAY_READ = {
    "base": {"source"},
    "intermediate": {"base", "intermediate", "seed"},
    "prod": {"base", "intermediate", "prod", "seed"},
}
TYPE_BY_NAME = {
    r"(is|has)_.*": "BOOLEAN",
    r".*_at": "TIMESTAMP",
    r".*_date": "DATE",
    r".*_rate|.*_seconds": "DOUBLE",
    r".*_count": "BIGINT|INTEGER",
}
SCHEMAS = {"base": ("prep", "base"), "intermediate": ("prep", "intermediate"), "prod": ("prod", "product")}

each_model = pytest.mark.parametrize("model", MODELS, ids=lambda path: path.stem)


def properties(model: Path) -> dict[str, Any]:
    (found,) = yaml.safe_load(model.with_suffix(".yml").read_text(encoding="utf-8"))["models"]
    return found


def grain(text: str) -> str:
    """Return the words up to the first colon, comma or full stop outside brackets: what a row is."""
    return re.split(r"[:,;.](?![^(]*\))", " ".join(text.split()))[0]


@each_model
def test_the_first_line_and_the_description_say_the_same_grain(model: Path) -> None:
    first_line = model.read_text(encoding="utf-8").splitlines()[0]
    assert first_line.startswith("-- One row per "), f"{model}: begin with `-- One row per …`"
    assert grain(properties(model)["description"]) == grain(first_line.removeprefix("-- ")), (
        f"{model}: use the same words"
    )


@each_model
def test_a_model_is_short_and_names_its_columns(model: Path) -> None:
    lines = model.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 100, f"{model}: split it, 100 lines are the ceiling"
    assert not re.search(r"SELECT \*|\w\.\*", "\n".join(lines)), f"{model}: list the columns, no *"
    for before, line in zip(["", *lines], lines, strict=False):
        if re.search(r"\bDISTINCT\b(?! FROM)|^ *UNION *$", line.split("--")[0]):
            assert "--" in before + line, f"{model}: say beside DISTINCT why: {line.strip()}"


@each_model
def test_a_model_reads_only_the_layers_below(model: Path) -> None:
    text = model.read_text(encoding="utf-8")
    layer_of = {path.stem: path.parent.name for path in MODELS} | {
        path.stem: "seed" for path in (PROJECT_DIR / "seeds").glob("*.csv")
    }
    read = {layer_of[name] for name in re.findall(r"ref\('(\w+)'\)", text)} | set(re.findall(r"\{\{ (source)\(", text))
    assert read <= MAY_READ[model.parent.name], f"{model}: a {model.parent.name} model may not read {read}"


@each_model
def test_documented_columns_are_the_real_ones(committed: World, model: Path) -> None:
    database, schema = SCHEMAS[model.parent.name]
    table = f"schema_name = '{schema}' AND table_name = '{model.stem}'"
    query = f"SELECT column_name, data_type FROM duckdb_columns() WHERE {table} ORDER BY column_index"
    types = {row["column_name"]: row["data_type"] for row in committed.query(query, database)}
    documented = {column["name"]: column.get("description", "") for column in properties(model)["columns"]}
    assert list(documented) == list(types), f"{model.with_suffix('.yml')}: describe the columns, in their order"
    assert all(documented.values()), f"{model.with_suffix('.yml')}: every column needs a description"
    if model.parent.name == "prod":
        for column, data_type in types.items():
            wanted = next((TYPE_BY_NAME[name] for name in TYPE_BY_NAME if re.fullmatch(name, column)), ".*")
            assert re.fullmatch(wanted, data_type), f"{model}: {column} must be {wanted}, it is {data_type}"


def test_every_model_that_people_read_has_a_reader() -> None:
    exposures = (PROJECT_DIR / "models" / "prod" / "exposures.yml").read_text(encoding="utf-8")
    unread = [model.stem for model in MODELS if model.parent.name == "prod" and f"'{model.stem}'" not in exposures]
    assert unread == [], "name each in models/prod/exposures.yml"


@each_model
def test_a_model_spells_out_its_columns_for_every_engine(model: Path) -> None:
    text = model.read_text(encoding="utf-8")
    names = [column["name"] for column in properties(model)["columns"]]
    hidden = [name for name in names if not re.search(rf"\b{name}\b", text)]
    assert hidden == [], f"{model}: write these columns here, a macro must not hide them: {hidden}"
    assert "target." not in text, f"{model}: what differs between engines belongs into a dispatched macro"


def test_every_macro_with_an_engine_s_own_side_has_one_for_both() -> None:
    defined = {
        name
        for path in (PROJECT_DIR / "macros").glob("*.sql")
        for name in re.findall(r"macro (\w+)\(", path.read_text(encoding="utf-8"))
    }
    dispatched = {
        name
        for path in (PROJECT_DIR / "macros").glob("*.sql")
        for name in re.findall(r"adapter\.dispatch\('(\w+)'\)", path.read_text(encoding="utf-8"))
    }
    missing = [
        f"{engine}__{name}"
        for name in dispatched
        for engine in ("duckdb", "snowflake")
        if not defined & {f"{engine}__{name}", f"default__{name}"}
    ]
    assert dispatched
    assert missing == [], f"write these macros, or the models run on one engine only: {missing}"
