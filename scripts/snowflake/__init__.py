"""The same models on Snowflake, without an account, and samples of people on their way to a laptop.

check                       `make snowflake-check`: all that follows
fake, source_tables         a Snowflake in this process, with tables filled from Parquet
parity                      row by row against DuckDB
lint, tree_rules            SQL that Snowflake refuses or reads otherwise
transfer, transfer_sql      a sample down, local tables up
"""
