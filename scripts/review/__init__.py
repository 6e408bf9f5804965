"""What a change does to the numbers: `make review`.

sides, build_side                     both revisions, each built by a process of its own
changes, keys, compare                model by model: paired by which columns, and how rows and cells differ
prediction, lineage                   what the change can reach, read from the SQL
metrics                               the numbers to steer by
gates, settings                       the limits of review.yml, and what is expected beyond them
findings                              the records of all that
terminal, markdown, page, as_json     four ways to show them
wording                               the words of all four
bench                                 how fast compare is
"""
