"""Draw the lineage from dbt's manifest: the Mermaid graph of README.md and the image docs/lineage.svg.

With `--check` nothing is written; exit codes: 0 both are as the models are, 1 they are stale, 2 they cannot be drawn.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from scripts import PROJECT_DIR
from scripts.arguments import Parser
from scripts.lineage.graph import lineage
from scripts.lineage.mermaid import mermaid
from scripts.lineage.svg import svg
from scripts.manifest import ManifestError, read_manifest
from scripts.packages import PackagesError

_MARKED = re.compile(r"(<!-- lineage: .*? -->\n).*?(<!-- end of the lineage -->\n)", re.DOTALL)


class MarkersError(Exception):
    """README.md has no place for the graph; the message says how to mend it."""


def drawn(project_dir: Path) -> dict[Path, str]:
    """Return what each file must hold that shows the lineage.

    Raises:
        MarkersError, ManifestError, PackagesError: it cannot be drawn.
    """
    readme = project_dir / "README.md"
    nodes = lineage(read_manifest(project_dir))
    graph = f"```mermaid\n{mermaid(nodes)}```\n"
    text, count = _MARKED.subn(lambda found: found[1] + graph + found[2], readme.read_text(encoding="utf-8"))
    if count != 1:
        raise MarkersError(
            "README.md: the graph stands between the lines `<!-- lineage: … -->` and `<!-- end of the lineage -->`,"
            f" which are there {count} times: put them back once, then `make lineage`"
        )
    return {readme: text, project_dir / "docs" / "lineage.svg": svg(nodes)}


def main() -> int:
    """Run `python -m scripts.lineage`."""
    parser = Parser(prog="python -m scripts.lineage", description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing, and fail when a file is stale")
    given = parser.parse_args()
    try:
        files = drawn(PROJECT_DIR)
    except (MarkersError, ManifestError, PackagesError) as error:
        print(error, file=sys.stderr)
        return 2
    stale = {path: text for path, text in files.items() if not path.is_file() or path.read_bytes() != text.encode()}
    names = " and ".join(path.relative_to(PROJECT_DIR).as_posix() for path in stale)
    if given.check:
        if stale:
            print(f"{names}: not the lineage of the models any more: run `make lineage`", file=sys.stderr)
        return int(bool(stale))
    for path, text in stale.items():
        path.write_text(text, encoding="utf-8", newline="\n")
    print(f"Written: {names}" if stale else "The lineage is drawn already")
    return 0


if __name__ == "__main__":
    sys.exit(main())
