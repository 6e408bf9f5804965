"""Hold models, seeds, macros and tests against the conventions of the house; `make test` holds the built tables too.

Exit codes: 0 all kept, 1 not, 2 dbt cannot read the project.
"""

from __future__ import annotations

import sys

from scripts import PROJECT_DIR
from scripts.arguments import Parser
from scripts.conventions import findings
from scripts.conventions.project import Project
from scripts.manifest import ManifestError
from scripts.packages import PackagesError


def main() -> int:
    """Run `python -m scripts.conventions`."""
    Parser(prog="python -m scripts.conventions", description=__doc__.splitlines()[0]).parse_args()
    try:
        found = findings(Project(PROJECT_DIR))
    except (ManifestError, PackagesError) as error:
        print(error, file=sys.stderr)
        return 2
    print(*found, sep="\n", end="\n" if found else "", file=sys.stderr)
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
