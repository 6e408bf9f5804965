"""Makes a synthetic world: people, their signup journeys, Snowplow events about them, dirt, and the truth beside it.

chunk                                       one part of a world, from first to last
journeys, bots                              what people and robots do
events, dirt, rates                         what a tracker sends of it, and what goes wrong on the way, how often
browsers, clients, clock, pages, places     what is drawn from
truth, tally, story                         what is true: the answers, the dirt, what was planted
encode, arrays, contexts, schema            rows as Snowplow's columns
members                                     the two tables of accounts
files, parquet, parts, tsv                  on disk
world, columns, ids                         what all of it is made of
"""
