"""Columns: what a name promises about type and range, and which names have no place in prod."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from scripts.conventions.project import Project

_TYPE_BY_NAME = (
    (r"(is|has)_.*", ("BOOLEAN",), "is_ and has_ begin the names of BOOLEAN columns"),
    (r".*_at", ("TIMESTAMP",), "_at ends the names of TIMESTAMP columns"),
    (r".*_date", ("DATE",), "_date ends the names of DATE columns"),
    (r"(.*_)?rate(_.*)?", ("DOUBLE",), "rates are DOUBLE"),
    (r"(.*_)?seconds(_.*)?", ("DOUBLE",), "seconds are DOUBLE"),
    (r".*_count", ("BIGINT", "INTEGER"), "_count ends the names of whole numbers (BIGINT, INTEGER)"),
)
_NAMED_TYPES = ("BOOLEAN", "TIMESTAMP", "DATE")
_RATE = re.compile(r"(?!is_|has_)(.*_)?(rate|share)(_(?!effect).*)?")
_PERSONAL = re.compile(
    r"(.*_)?(email|e_mail|mail|ip|ipaddress|ip_address|phone_number|mobile|birthdate|birthday|birth_date|date_of_birth"
    r"|street|address|zip|zip_code|postal_code|postcode|latitude|longitude|surname|ssn)(_.*)?"
    r"|((user|member|person|people|first|last|middle|full|family|given|nick|display|account|contact)_?)?name"
)


def types_not_as_named(types: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the columns whose type is not what their name promises, and what to do."""
    for name, data_type in types.items():
        promised = next((rule for rule in _TYPE_BY_NAME if re.fullmatch(rule[0], name)), None)
        due_name = next((words for _, wanted, words in _TYPE_BY_NAME if (data_type,) == wanted), "")
        if promised and data_type not in promised[1]:
            yield name, f"is {data_type}, but {promised[2]}: cast or rename it"
        elif not promised and data_type in _NAMED_TYPES:
            yield name, f"is {data_type}, but {due_name}: rename it"


def declared_types_fit_the_names(project: Project) -> Iterator[str]:
    """Types that the YAML declares are those that the names promise."""
    for model in project.models:
        types = {name: column["data_type"] for name, column in model.columns.items() if column["data_type"]}
        for name, words in types_not_as_named(types):
            yield f"{model.yml}: {name} {words}"


def rates_are_tested(project: Project) -> Iterator[str]:
    """Every rate and share is tested to lie in 0..1; not in views, which cost again whenever they are read."""
    for model in (model for model in project.models if model.node["config"]["materialized"] != "view"):
        rules = {rule for test in model.tests_of("rules_hold") for rule in test.get("rules", ())}
        for name in filter(_RATE.fullmatch, model.columns):
            if (rule := f"{name} BETWEEN 0 AND 1") not in rules:
                yield f"{model.yml}: {name} is not tested to lie in 0..1: add `{rule}` to its test rules_hold"


def prod_names_nobody(project: Project) -> Iterator[str]:
    """No column of prod is named like personal data; a client's name is a company's."""
    for model in project.models:
        for name in filter(_PERSONAL.fullmatch, model.columns):
            if model.layer == "prod":
                yield f"{model.yml}: {name} is personal data by its name: leave it out of prod"


RULES = (declared_types_fit_the_names, rates_are_tested, prod_names_nobody)
