"""The conventions of the house that no linter knows: each finding is one line, `file: what is wrong: how to mend it`.

A rule is a function that takes the project and yields findings; those of `tables` take the built databases too.
"""

from __future__ import annotations

from scripts.conventions import code, columns, descriptions, layers, names, unused
from scripts.conventions.project import Project

_RULES = (*layers.RULES, *names.RULES, *descriptions.RULES, *columns.RULES, *code.RULES, *unused.RULES)


def findings(project: Project) -> list[str]:
    """Return what files and manifest tell, sorted by file; nothing is built for it."""
    return sorted({finding for rule in _RULES for finding in rule(project)})
