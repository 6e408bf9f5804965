"""One chunk of a world: a fixed number of people with a random stream of their own.

Chunks do not depend on each other, so a world of any size is the same rows in any order of making them.
"""

from __future__ import annotations

import numpy as np

from scripts.simulate import bots, dirt, events, journeys
from scripts.simulate.rates import Rates
from scripts.simulate.world import Calendar, World, join_worlds

PEOPLE_PER_CHUNK = 4_096


def chunk_sizes(people: int) -> list[int]:
    """How many people each chunk of a world of `people` has."""
    full, rest = divmod(people, PEOPLE_PER_CHUNK)
    return [PEOPLE_PER_CHUNK] * full + ([rest] if rest else [])


def make_chunk(seed: int, chunk: int, people: int, calendar: Calendar, rates: Rates, late_days: int) -> World:
    """Chunk number `chunk` with `people` signup visitors, and the robots and staff among them; dirt included.

    What is late comes at most `late_days` days after collection.
    """
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, chunk])))
    humans, actions = journeys.live(rng, people, calendar, rates)
    events.observe(rng, humans, actions)
    robots, _ = bots.crawl(rng, people, calendar, rates)
    robots.people = {name: column[:0] for name, column in humans.people.items()}
    events.observe(rng, robots, {})
    world = join_worlds([humans, robots])
    dirt.soil(rng, world, calendar, rates, late_days)
    return world
