"""Question 2: whether members of one client convert better than others."""

from __future__ import annotations

from typing import Any

import altair as alt

from scripts.databases import Row
from scripts.report import words
from scripts.report.part import Key, Part
from scripts.report.prod import Funnel, Prod
from scripts.report.theme import colour, finished, labelled, name_axis, percent_axis, tooltip
from scripts.settings import Settings

MOST_CLIENTS = 40
SQL = f"""
-- Each client with enough accounts for a rate, at most {MOST_CLIENTS}, those that differ first; the others together.
WITH ranked AS (
    SELECT client_name
         , account_count
         , converted_count
         , conversion_rate
         , conversion_rate_low
         , conversion_rate_high
         , rest_conversion_rate
         , difference_in_points
         , q_value
         , is_tested
         , is_significant
         , largest_drop_off_step_name
         , is_reportable
         , ROW_NUMBER() OVER (
               ORDER BY is_reportable DESC, is_significant DESC, is_tested DESC, account_count DESC, client_id
           ) <= {MOST_CLIENTS} AS is_shown
      FROM product.funnel_client_comparison
     WHERE funnel_name = $funnel_name
)

SELECT client_name
     , 1 AS client_count
     , account_count
     , converted_count
     , conversion_rate
     , conversion_rate_low
     , conversion_rate_high
     , rest_conversion_rate
     , difference_in_points
     , q_value
     , is_tested
     , is_significant
     , CAST(is_tested AS INTEGER) AS tested_client_count
     , CAST(is_significant AS INTEGER) AS differing_client_count
     , largest_drop_off_step_name
     , TRUE AS is_one_client
  FROM ranked
 WHERE is_reportable
   AND is_shown
 UNION ALL
SELECT CASE WHEN is_reportable THEN 'smaller clients' ELSE 'clients with fewer than $reportable_count accounts' END
     , COUNT(*)
     , CAST(SUM(account_count) AS BIGINT)
     , CAST(SUM(converted_count) AS BIGINT)
     , CASE WHEN SUM(account_count) >= $reportable_count THEN SUM(converted_count) / SUM(account_count) END
     , NULL
     , NULL
     , NULL
     , NULL
     , NULL
     , FALSE
     , FALSE
     , COUNT(*) FILTER (WHERE is_tested)
     , COUNT(*) FILTER (WHERE is_significant)
     , NULL
     , FALSE
  FROM ranked
 WHERE NOT (is_reportable AND is_shown)
 GROUP BY is_reportable
 ORDER BY is_one_client DESC
        , conversion_rate DESC NULLS LAST
        , client_name
"""
TITLES = {
    "client_name": "client",
    "client_count": "clients",
    "account_count": "accounts",
    "converted_count": "converted",
    "conversion_rate": "conversion",
    "conversion_rate_low": "95 % from",
    "conversion_rate_high": "to",
    "difference_in_points": "points to all others",
    "q_value": "q",
    "is_tested": "tested",
    "is_significant": "differs",
    "largest_drop_off_step_name": "most accounts lost at",
}
_ROW = 32  # pixels


def clients(prod: Prod, funnel: Funnel) -> Part:
    """Return the clients with the conversion of their accounts, and which of them may be said to differ."""
    sql = prod.sql(SQL, funnel)
    rows = prod.ask(sql)
    is_drawn = any(row["conversion_rate"] is not None for row in rows)
    settings = prod.settings
    return Part(
        id="clients",
        title="Conversion by client",
        sentence=sentence(rows, settings),
        sql=sql,
        rows=rows,
        titles=TITLES,
        chart=_chart(rows) if is_drawn else None,
        alt="Conversion of each client's accounts with its interval of 95 %, beside the rate of all accounts.",
        key=(
            Key("triangle", "filled triangle: differs from all others, up or down"),
            Key("ring", "hollow circle: no difference shown"),
            Key("diamond-open", "grey diamond: too few to test"),
            *([] if all(row["is_one_client"] for row in rows) else [Key("square-open", "square: several together")]),
            Key("line", "interval of 95 %"),
            Key("dashed", "all accounts"),
        ),
        notes=(
            "Of accounts, not of visitors: people who left before they had an account belong to no client here. "
            f"Tested are clients with {settings.tested_account_count} accounts, {settings.tested_outcome_count} "
            f"conversions and {settings.tested_outcome_count} non-conversions or more, each against all "
            "others together; "
            f"said to differ where q, corrected for testing many, is below {settings.significance_level}.",
        ),
    )


def sentence(rows: list[Row], settings: Settings) -> str:
    """Say which clients differ, or why none can be said to."""
    client_count = sum(row["client_count"] for row in rows)
    if not rows:
        return "No window of a person with an account has ended, so there is no client to compare."
    if client_count == 1:
        account_count = rows[0]["account_count"]
        rate = f", {words.percent(rows[0]['conversion_rate'])} of them converted" if rows[0]["conversion_rate"] else ""
        return (
            f"There is one client only, with {words.plural(account_count, 'account')}{rate}: nobody to compare it with."
        )
    tested_count, found_count = (
        sum(row[column] for row in rows) for column in ("tested_client_count", "differing_client_count")
    )
    if not tested_count:
        return (
            f"None of {client_count:,} clients can be tested: that takes {settings.tested_account_count} accounts, "
            f"{settings.tested_outcome_count} conversions and {settings.tested_outcome_count} non-conversions."
        )
    of = f"of {words.plural(tested_count, 'tested client')}"
    found = sorted((row for row in rows if row["is_significant"]), key=lambda row: -abs(row["difference_in_points"]))
    if not found:
        return f"None {of} may be said to convert differently from all others."
    first = found[0]
    said = (
        f"{found_count:,} {of} may be said to differ: {words.name(first['client_name'])} converts "
        f"{'better' if first['difference_in_points'] > 0 else 'worse'}, "
        f"{words.percent(first['conversion_rate'])} against "
        f"{words.percent(first['rest_conversion_rate'])} of all others "
        f"({words.points(first['difference_in_points'] / 100)}, q {words.probability(first['q_value'])})"
    )
    others = [
        f"{words.name(row['client_name'])} ({words.points(row['difference_in_points'] / 100)})" for row in found[1:]
    ]
    rest = "" if found_count == tested_count else " For the other tested clients no difference is shown."
    return f"{said}{'; also ' if others else ''}{words.listed(others, all_of=found_count - 1)}.{rest}"


def _chart(rows: list[Row]) -> dict[str, Any]:
    accounts = sum(row["account_count"] for row in rows)
    overall = sum(row["converted_count"] for row in rows) / accounts
    drawn = [
        {
            "client": labelled(at, words.wrapped(_label(row), 26)),
            "rate": row["conversion_rate"],
            "low": row["conversion_rate_low"],
            "high": row["conversion_rate_high"],
            "look": _look(row),
            "name": words.name(row["client_name"]),
            "accounts": words.count(row["account_count"]),
            "rate_text": words.percent(row["conversion_rate"]),
            "interval": words.interval(row["conversion_rate_low"], row["conversion_rate_high"]),
            "verdict": _VERDICTS[_look(row)],
        }
        for at, row in enumerate(rows)
        if row["conversion_rate"] is not None
    ]
    drawn[0]["is_first"] = True
    base = alt.Chart().encode(
        y=alt.Y("client:N", sort=None, title=None, axis=name_axis()),
        tooltip=tooltip(
            ("name", "client"),
            ("accounts", "accounts"),
            ("rate_text", "conversion"),
            ("interval", "95 %"),
            ("verdict", "to all others"),
        ),
    )
    looks = list(_VERDICTS)
    x = alt.X("rate:Q", title="conversion of accounts", axis=percent_axis(), scale=alt.Scale(zero=False, nice=True))

    def by_look(channel: Any, *values: str) -> Any:
        return channel("look:N", scale=alt.Scale(domain=looks, range=list(values)), legend=None)

    main, soft, alarm, paper = colour("main"), colour("soft"), colour("alarm"), colour("paper")
    # One line for all: from the rows there would be one for each.
    everybody = alt.Chart().transform_filter("datum.is_first").mark_rule(strokeDash=[5, 4], color=soft, strokeWidth=1.4)
    # Clients that stand together have no interval, and Vega warns where nobody has one.
    intervals = base.mark_rule(strokeWidth=2, opacity=0.75).encode(
        x="low:Q", x2="high:Q", stroke=by_look(alt.Stroke, main, alarm, main, soft, soft)
    )
    layers = alt.layer(
        everybody.encode(x=alt.X(datum=overall, type="quantitative")),
        *([intervals] if any(row["low"] is not None for row in drawn) else []),
        base.mark_point(size=110, opacity=1, strokeWidth=2).encode(
            x=x,
            shape=by_look(alt.Shape, "triangle-up", "triangle-down", "circle", "diamond", "square"),
            fill=by_look(alt.Fill, main, alarm, paper, paper, paper),
            stroke=by_look(alt.Stroke, main, alarm, main, soft, soft),
        ),
    )
    return finished(layers, drawn, _ROW * len(drawn) + 4)


_VERDICTS = {
    "better": "better, beyond chance",
    "worse": "worse, beyond chance",
    "same": "no difference shown",
    "untested": "too few to test",
    "group": "several clients together",
}


def _look(row: Row) -> str:
    if not row["is_one_client"]:
        return "group"
    if not row["is_tested"]:
        return "untested"
    if not row["is_significant"]:
        return "same"
    return "better" if row["difference_in_points"] > 0 else "worse"


def _label(row: Row) -> str:
    # The number stays with the last word of the name; of a long name so much is cut that it is still there.
    counted = f"\u00a0·\u00a0{row['account_count']:,}"
    if row["is_one_client"]:
        return f"{words.shorten(words.clean(row['client_name']), 36)}{counted}"
    return f"{row['client_count']:,} {row['client_name']}{counted}"
