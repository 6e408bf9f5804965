"""Dbt's manifest of the working tree: what models, seeds, sources and exposures there are, and who reads whom."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from scripts.dbt_run import code_fingerprint, in_one_line
from scripts.packages import provide_dbt_utils


class ManifestError(Exception):
    """Dbt cannot read the project; the message is its own, in one line."""


def read_manifest(project_dir: Path) -> dict[str, Any]:
    """Return the manifest of the project as it is now; dbt is asked only when a file has changed that it reads.

    Raises:
        ManifestError: a model, its YAML or a macro cannot be parsed.
        PackagesError: dbt-utils cannot be provided.
    """
    provide_dbt_utils(project_dir)
    folder = project_dir / "target" / "parsed"  # not dbt's own: that belongs to whoever builds
    manifest, parsed_code = folder / "manifest.json", folder / "code.sha256"
    code = code_fingerprint(project_dir)
    if not (parsed_code.is_file() and parsed_code.read_text(encoding="utf-8") == code):
        parsed_code.unlink(missing_ok=True)
        _parse(project_dir, folder)
        parsed_code.write_text(code, encoding="utf-8")
    parsed: dict[str, Any] = json.loads(manifest.read_text(encoding="utf-8"))
    return parsed


def _parse(project_dir: Path, folder: Path) -> None:
    from dbt.cli.main import dbtRunner

    folders = ["--project-dir", str(project_dir), "--profiles-dir", str(project_dir), "--target-path", str(folder)]
    quiet = ["--log-level", "none", "--log-level-file", "none", "--log-path", str(folder)]
    outcome = dbtRunner().invoke([*quiet, "parse", *folders, "--target", "local"])
    if not outcome.success:
        words = in_one_line(outcome.exception).replace(f"{project_dir}{os.sep}", "")
        raise ManifestError(f"dbt cannot read the project: {words}")
