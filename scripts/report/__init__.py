"""The answers on one page: `make report`.

prod                              the tables, read
facts, headlines, intervals       what the numbers are about, and the four on top
charts, part                      a chart with its sentence, table and SQL: one module each
answers                           the parts, in the order of the questions
page, markdown                    two ways to show them
theme, terms, words               looks, terms that are explained, how values are said
"""
