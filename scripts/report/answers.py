"""Everything that a report says, before it is a page or Markdown: the questions, in the order they are asked."""

from __future__ import annotations

from dataclasses import dataclass

from scripts.report.charts.accounting import accounting
from scripts.report.charts.added_steps import added_steps
from scripts.report.charts.calls_to_action import calls_to_action
from scripts.report.charts.clients import clients
from scripts.report.charts.destinations import destinations
from scripts.report.charts.engagement import engagement
from scripts.report.charts.segments import segments
from scripts.report.charts.steps import steps
from scripts.report.charts.trend import trend
from scripts.report.facts import facts, told
from scripts.report.headlines import Headlines, headlines
from scripts.report.part import Part
from scripts.report.prod import Funnel, Prod

TABLES = (
    "funnel_conversion_trends",
    "funnel_step_conversion",
    "funnel_drop_off_destinations",
    "funnel_client_comparison",
    "funnel_page_engagement",
    "funnel_step_introductions",
    "funnel_entries",
    "funnel_entry_steps",
    "event_accounting",
)
"""What the report reads of prod.product; its exposure names the same."""


@dataclass(frozen=True)
class Question:
    """A business question and the parts that answer it."""

    number: int
    short: str
    text: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class FunnelAnswers:
    """The answers for one funnel."""

    funnel: Funnel
    facts: list[tuple[str, str]]
    headlines: Headlines
    questions: tuple[Question, ...]
    window_days: int


@dataclass(frozen=True)
class Report:
    """Everything on the page."""

    funnels: tuple[FunnelAnswers, ...]
    accounting: Part
    data_until: str
    """Empty if nobody entered a funnel."""


def answers(prod: Prod) -> Report:
    """Return the answers of every funnel."""
    funnels = tuple(_of(prod, funnel) for funnel in prod.funnels())
    until = prod.ask("SELECT MAX(observed_until_at) AS until FROM product.funnel_entries")[0]["until"]
    return Report(funnels, accounting(prod), f"{until:%Y-%m-%d %H:%M} UTC" if until else "")


def _of(prod: Prod, funnel: Funnel) -> FunnelAnswers:
    known = facts(prod, funnel)
    step_parts = (steps(prod, funnel), segments(prod, funnel), destinations(prod, funnel))
    asked = (
        ("Time on pages", "How much time does a person spend on each page?", (engagement(prod, funnel),)),
        ("Clients", "Do members of one client convert better than others?", (clients(prod, funnel),)),
        ("Steps", "Which step has the largest drop-off, and is that so for every kind of person?", step_parts),
        (
            "Trend",
            "What percent gets from the first step to the last, and how has that changed?",
            (trend(prod, funnel, known.window_days),),
        ),
        (
            "Suspicions",
            "Does an added step hurt, and is every page’s call to action clear?",
            (added_steps(prod, funnel), calls_to_action(prod, funnel)),
        ),
    )
    questions = tuple(Question(number, *question) for number, question in enumerate(asked, start=1))
    return FunnelAnswers(funnel, told(known, prod), headlines(prod, funnel, known), questions, known.window_days)
