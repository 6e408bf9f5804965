"""The project's programs: `python -m scripts.NAME` runs one, `--help` tells its options, and make names the usual ones.

The build: build, increment (what is new), warehouse (databases whole or not at all), sources and source_checks, seeds,
packages (dbt-utils), dbt_run.
Its answers: answers (terminal), report (page), export (files), docs_page (dbt's documentation).
Other data: import_tsv and enriched (Snowplow's TSV), atomic (its columns), simulate (a synthetic world and its truth).
What a change does: review.
What lint holds: conventions, documents, lineage, manifest (dbt's), rules (with their tests), lint_names (for sqlfluff).
Whether tests can fail: mutate. How fast it is: bench. The same on Snowflake: snowflake.
What several of them use: databases (read them), wording (of numbers and texts), pages (HTML), drawing (graphs),
arguments (of command lines), settings (of dbt_project.yml), fingerprint
(of files).
"""

from pathlib import Path

PROJECT_DIR = Path(__file__).resolve().parent.parent
