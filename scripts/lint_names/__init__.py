"""What the names that dbt gives a model mean to sqlfluff, which renders models without dbt and without a database.

sqlfluff takes every public name in here (`library_path` in pyproject.toml) and has `ref`, `source` and `config` itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from jinja2 import pass_context
from jinja2.runtime import Context

_project = yaml.safe_load((Path(__file__).resolve().parents[2] / "dbt_project.yml").read_text(encoding="utf-8"))
_vars: dict[str, Any] = _project.get("vars", {})


def _sql(argument: Any) -> str:
    """Return an argument as SQL; a bare word may be a column or a date part, so it becomes a literal."""
    if isinstance(argument, list):
        return ", ".join(_sql(item) for item in argument)
    return f"'{argument}'" if re.fullmatch(r"\w+", str(argument)) else str(argument)


def _call(name: str) -> Callable[..., str]:
    """Return a stand-in for a macro: it renders as a call with the macro's arguments, or as a type."""

    def render(*arguments: Any, **named: Any) -> str:
        if name.startswith("type_"):
            return name.removeprefix("type_").upper()
        return f"{name.upper()}({', '.join(_sql(argument) for argument in [*arguments, *named.values()])})"

    return render


class _Package:
    """A package of macros: every name in it is one."""

    def __getattr__(self, name: str) -> Callable[..., str]:
        if name.startswith("__"):
            raise AttributeError(name)
        return _call(name)


class _Adapter(_Package):
    """The database's side of dbt."""

    @pass_context
    def dispatch(self, context: Context, name: str, *_: Any) -> Callable[..., str]:
        """Return the project's macro for DuckDB, or else for every database."""
        return context.get(f"duckdb__{name}") or context.get(f"default__{name}") or _call(name)


class _Target:
    """The connection in use."""

    name = "local"
    type = "duckdb"
    database = "prep"
    schema = "base"


def var(name: str, default: Any = None) -> Any:
    """Return a variable as dbt_project.yml sets it."""
    return _vars.get(name, default)


def env_var(name: str, default: str = "") -> str:
    """Return the default of an environment variable, so that lint says the same everywhere."""
    return default


def log(*_: Any, **__: Any) -> str:
    """Say nothing."""
    return ""


dbt = _Package()
dbt_utils = _Package()
adapter = _Adapter()
target = _Target()
execute = False
