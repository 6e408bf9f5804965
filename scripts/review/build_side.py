"""Build one side of a review in a process of its own: seeds and models first, then every test, whatever fails.

Unlike `dbt build`, a failing test stops no model, so that the reviewer sees what moved and which test noticed.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest

from scripts.dbt_run import Failure, failures, in_one_line, node_results


def build_side(project_dir: Path, profiles_dir: Path, unit_tested: list[str]) -> dict[str, Any]:
    """Return what came of it: `problem` (why nothing was built, or empty) and `failed` (by node id).

    Unit tests read no data, so those of models whose code did not change would say again what they said before:
    `unit_tested` names the models whose unit tests run, or is ["*"].
    """
    flags = ["--log-level", "none", "--log-level-file", "none", "--no-use-colors"]
    folders = ["--project-dir", str(project_dir), "--profiles-dir", str(profiles_dir), "--target", "local"]
    parsed = dbtRunner().invoke([*flags, "parse", *folders])
    if not isinstance(parsed.result, Manifest):
        return {"problem": in_one_line(parsed.exception), "failed": {}}
    failed: dict[str, Failure] = {}
    commands = [
        ["build", "--exclude-resource-type", "test", "unit_test"],
        ["test", "--exclude-resource-type", "unit_test"],
    ]
    if unit_tested:
        commands.append(["test", "--resource-type", "unit_test", "--select", *unit_tested])
    for command in commands:
        outcome = dbtRunner(parsed.result).invoke([*flags, *command, *folders])
        if outcome.exception is not None:
            return {"problem": in_one_line(outcome.exception), "failed": failed}
        failed |= failures(node_results(outcome))
        if command[0] == "build" and failed:  # the tests of a model that is not there would only say so again
            break
    return {"problem": "", "failed": failed}


if __name__ == "__main__":
    project, profiles, result = map(Path, sys.argv[1:4])
    result.write_text(json.dumps(build_side(project, profiles, sys.argv[4:])), encoding="utf-8")
