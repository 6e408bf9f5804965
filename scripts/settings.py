"""The variables of dbt_project.yml that stand behind the columns of prod, for whoever puts those into words."""

from __future__ import annotations

from dataclasses import dataclass, fields

import yaml

from scripts import PROJECT_DIR


@dataclass(frozen=True)
class Settings:
    """The variables, under their names in dbt_project.yml, which says what they mean."""

    reporting_timezone: str
    reportable_count: int
    tested_account_count: int
    tested_outcome_count: int
    significance_level: float
    dwell_cap_seconds: int


def read_settings() -> Settings:
    """Return the settings of the project."""
    declared = yaml.safe_load((PROJECT_DIR / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]
    return Settings(**{variable.name: declared[variable.name] for variable in fields(Settings)})
