"""How fast the build is: `make bench`.

contestants                 who is measured, in turn
worlds                      on what
measure, dbt_time           time, memory and disk of a program; where dbt's time goes
by_hand, equality           the same tables in plain SQL, and whether they are the same
funnel, funnel_query        the funnel step alone, in each engine
report                      what is printed
"""
