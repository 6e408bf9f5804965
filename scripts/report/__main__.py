"""Make the report: the answers to the business questions on one page that opens anywhere, without a network.

It is made from the tables of `make build`. FORMAT=html is one file with everything inside; FORMAT=md is Markdown with a
PNG and a CSV file for each chart beside it.
"""

from __future__ import annotations

import argparse
import os
import sys
import webbrowser
from pathlib import Path

from scripts.arguments import Parser, is_on
from scripts.pages import replace_file
from scripts.report.prod import ReportError
from scripts.wording import print_what_the_terminal_can

_FORMATS = {"html": Path("report/index.html"), "md": Path("report/report.md")}
"""Each with the file that is written where none is named."""


def make_report(warehouse_dir: Path, format: str, out: Path) -> list[Path]:
    """Write the report and return its files, the page or the Markdown first. A file is replaced whole or not at all.

    Raises:
        ReportError: there are no tables, or the files cannot be written.
    """
    # Altair and vl-convert take a second to load; `--help` and a missing database need neither.
    from scripts.report.prod import opened

    with opened(warehouse_dir) as prod:
        from scripts.report.answers import answers

        report, settings = answers(prod), prod.settings
    if format == "md":
        from scripts.report.markdown import markdown

        files = markdown(report, settings, out)
    else:
        from scripts.report.page import html

        files = {out: html(report, settings).encode()}
    for path, content in files.items():
        try:
            replace_file(path, content)
        except OSError as error:
            raise ReportError(f"{path} cannot be written: {error.strerror}") from error
    return list(files)


def main() -> int:
    """Run `python -m scripts.report`; 2 means that there is nothing to report from, or nowhere to write."""
    parser = Parser(
        prog="python -m scripts.report",
        description=__doc__,
        epilog="WAREHOUSE_DIR names the folder of the databases (default: warehouse); FORMAT, OUT and OPEN=1 stand for "
        "the options.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--format", default=os.environ.get("FORMAT") or "html", help="html or md (default: html)")
    parser.add_argument("--out", type=Path, default=os.environ.get("OUT") or None, help="default: report/index.html")
    parser.add_argument(
        "--open",
        action="store_true",
        default=is_on(os.environ.get("OPEN")),
        help="open the report when it is made",
    )
    given = parser.parse_args()
    print_what_the_terminal_can()
    try:
        if given.format not in _FORMATS:
            raise ReportError(f"FORMAT={given.format} is unknown: it can be {' or '.join(_FORMATS)}")
        out = given.out or _FORMATS[given.format]
        if out.is_dir():
            raise ReportError(f"OUT={out} is a folder: name a file, such as {out / _FORMATS[given.format].name}")
        files = make_report(Path(os.environ.get("WAREHOUSE_DIR") or "warehouse"), given.format, out)
    except ReportError as error:
        print(error, file=sys.stderr)
        return 2
    size = sum(file.stat().st_size for file in files)
    beside = f" and {len(files) - 1} files beside it" if len(files) > 1 else ""
    print(f"{files[0]}{beside}: {size / 1e6:.1f} MB")
    if given.open:
        webbrowser.open(files[0].resolve().as_uri())
    return 0


if __name__ == "__main__":
    sys.exit(main())
