"""The programs behind `make`: `python -m scripts.NAME` runs one, and `--help` tells its options.

build, increment, warehouse     what is new is built, and becomes the databases whole or not at all
dbt_run, packages               dbt itself, and its package dbt-utils
sources, source_checks, seeds   what is built from, and what is wrong with it
answers, report, export         the answers: in the terminal, as a page, as files
docs_page                       dbt's own documentation as a page
import_tsv, enriched, atomic    Snowplow's TSV as data to build from
simulate                        a synthetic world, and the truth about it
review                          what a change does to the numbers
conventions, documents, rules   whether models, documents and tests are as they should be
lineage, manifest               who reads whom, as dbt knows it
lint_names                      what dbt's names mean to sqlfluff
mutate                          whether the tests can fail
bench                           how fast it is
snowflake                       the same on Snowflake
databases, settings             what the readers of tables share
arguments, wording              what the command lines share, and how numbers and texts are said
pages, drawing, fingerprint     HTML, graphs, what tells files apart
"""

from pathlib import Path

PROJECT_DIR = Path(__file__).resolve().parent.parent
