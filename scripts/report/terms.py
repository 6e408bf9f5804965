"""What the page's words mean, in short; docs/semantics.md has the rules."""

from __future__ import annotations

from typing import NamedTuple

from scripts.report import words
from scripts.settings import Settings


class Term(NamedTuple):
    """A word of the page and its meaning."""

    id: str
    term: str
    meaning: str


def terms(settings: Settings) -> tuple[Term, ...]:
    """Return the words with their meanings, with the limits that the models were built with."""
    cap = words.minutes(settings.dwell_cap_seconds)
    return (
        Term(
            "conversion",
            "Conversion",
            "Reaching the last required step within the window that begins with the first step. Every "
            "person counts once, "
            "with the first entry. The rate is of people whose window has ended; recent ones are open, not lost.",
        ),
        Term(
            "interval",
            "95 %",
            "A range that, made this way, holds the true rate 19 times of 20 (Wilson). Of a difference: "
            "Newcombe; of a median: "
            "the ranks around the middle. Where the range of a difference holds zero, it may be chance.",
        ),
        Term(
            "mix",
            "By mix, by rate",
            "A change of a rate in two parts that add up: what the clients’ new shares of the people alone would have "
            "done to it, and what the clients’ own rates did. Many people of a weak client lower the total while every "
            "client improves.",
        ),
        Term(
            "drop-off",
            "Largest drop-off",
            "The required step before which most people are lost, by number; and by rate, of those who "
            "reached the required "
            "step before. Optional steps are visited or not, nobody is lost there.",
        ),
        Term(
            "q",
            "q",
            "The p value after the correction for testing many clients (Benjamini and Hochberg): of the "
            "clients said to "
            f"differ, fewer than {words.percent(settings.significance_level, 0)} are expected to be chance.",
        ),
        Term(
            "time",
            "Time on a page",
            "Until the next page of the session, or the last sign of activity; a visit counts up to "
            f"{cap}, and views of "
            "unknown length are left out. A few long visits pull the mean, so the median comes first.",
        ),
        Term(
            "few",
            "–",
            f"Nothing to say: fewer than {settings.reportable_count} people, or no such number.",
        ),
    )
