"""What the text of models, macros and singular tests may hold."""

from __future__ import annotations

import re
from collections.abc import Iterator

from scripts.conventions.project import Project, line_of, without_comments

_MOST_LINES = 100
_ASTERISK = re.compile(r"\bSELECT\s+(?:DISTINCT\s+)?\*|\b\w+\.\*(?=[\s,)])|\bdbt_utils\.star\(", re.IGNORECASE)
_CLOCK = re.compile(
    r"\b(?:CURRENT_(?:DATE|TIME|TIMESTAMP)|LOCALTIME(?:STAMP)?|(?:NOW|TODAY|GETDATE|SYSDATE|RANDOM|RAND|UUID|GEN_RANDOM_UUID"
    r"|UUID_STRING)\s*\(|run_started_at)",
    re.IGNORECASE,
)
_DEDUPLICATES = re.compile(r"\bDISTINCT\b(?! FROM)|^ *UNION *$", re.IGNORECASE)
_MACRO = re.compile(r"\bmacro (\w+)\(")
DISPATCHED = re.compile(r"adapter\.dispatch\('(\w+)'")


def models_are_short(project: Project) -> Iterator[str]:
    """A model has 100 lines at most."""
    for model in project.models:
        count = len(model.text.splitlines())
        if count > _MOST_LINES:
            yield f"{model.sql}: has {count} lines, {_MOST_LINES} are the most: move one step into a model of its own"


def columns_are_listed(project: Project) -> Iterator[str]:
    """Nothing selects an asterisk, and every described column stands in the model's own text."""
    for path, text in project.sql_files("models", "tests/dbt"):
        bare = without_comments(text)
        for found in _ASTERISK.finditer(bare):
            yield f"{path}:{line_of(bare, found.start())}: list the columns in place of *"
    for model in project.models:
        bare = without_comments(model.text)
        for name in model.columns:
            if not re.search(rf"\b{name}\b", bare):
                yield f"{model.sql}: does not name the column {name} of {model.yml}: write it here, not in a macro"


def the_clock_is_not_asked(project: Project) -> Iterator[str]:
    """The same data gives the same rows, whenever it is built."""
    for path, text in project.sql_files("models", "macros", "tests/dbt"):
        bare = without_comments(text)
        for found in _CLOCK.finditer(bare):
            yield (
                f"{path}:{line_of(bare, found.start())}: {found[0].strip(' (')} gives other rows at each build: take"
                " the time from the data, such as observed_until_at"
            )


def deduplication_is_explained(project: Project) -> Iterator[str]:
    """Beside DISTINCT, or in the line above it, a comment `-- distinct: …` says why."""
    for path, text in project.sql_files("models", "macros", "tests/dbt"):
        lines = text.splitlines()
        for number, (before, line) in enumerate(zip(["", *lines], lines, strict=False), start=1):
            code = line.partition("--")[0]
            if _DEDUPLICATES.search(code) and "-- distinct: " not in before + line:
                yield f"{path}:{number}: say beside it in `-- distinct: …` why rows repeat there: {code.strip()}"


def engines_differ_in_macros_only(project: Project) -> Iterator[str]:
    """A model asks not which engine it is on; a dispatched macro has a side for each."""
    for model in project.models:
        bare = without_comments(model.text)
        for found in re.finditer(r"\btarget\.", bare):
            yield (
                f"{model.sql}:{line_of(bare, found.start())}: asks for the target: move what differs between engines"
                " into a dispatched macro"
            )
    files = list(project.sql_files("macros"))
    defined = {name for _, text in files for name in _MACRO.findall(text)}
    for path, text in files:
        for name in DISPATCHED.findall(text):
            for engine in ("duckdb", "snowflake"):
                if not defined & {f"{engine}__{name}", f"default__{name}"}:
                    yield f"{path}: {name} has no side for {engine}: write the macro {engine}__{name}"


RULES = (
    models_are_short,
    columns_are_listed,
    the_clock_is_not_asked,
    deduplication_is_explained,
    engines_differ_in_macros_only,
)
