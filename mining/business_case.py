"""What orchestrating a candidate is worth: a range, with what it costs to run taken off.

The textbook example saves three hours of five (5 h at $200 become 2 h): that is the upper end. What of a
candidate's pain really goes is unknown before it ran, so the lower end is a third of it.
"""

from home.contracts import Contract

SAVED = (0.2, 0.6)
"""Share of the pain that goes: from a third of the example's, to the example's 3 h of 5 h."""
WEEKS = 52


class BusinessCase(Contract):
    """Hours and money a year, from and to."""

    hours_per_week: float
    """Labour-equivalent hours of pain now."""
    saved_share: tuple[float, float]
    """Assumed; a backtest or the KPIs of real runs replace it."""
    saved_hours_per_year: tuple[float, float]
    rate: float | None
    """Money per hour."""
    running_cost_per_year: float
    build_cost: float
    money_per_year: tuple[float, float] | None
    """Saved less running costs; absent without a rate."""
    pays_back_weeks: tuple[float | None, float | None] | None
    """At the upper and at the lower end; absent within it where it never does."""
    words: str


def business_case(
    hours_per_week: float,
    rate: float | None,
    *,
    saved: tuple[float, float] = SAVED,
    running_cost: float = 0.0,
    build_cost: float = 0.0,
) -> BusinessCase:
    """The range for `hours_per_week` of pain; costs are money per year (running) and once (build)."""
    hours = tuple(hours_per_week * share * WEEKS for share in saved)
    money = None if rate is None else (hours[0] * rate - running_cost, hours[1] * rate - running_cost)
    back = None
    if money is not None and build_cost:
        back = tuple(build_cost / (m / WEEKS) if m > 0 else None for m in reversed(money))
    return BusinessCase(
        hours_per_week=round(hours_per_week, 2),
        saved_share=saved,
        saved_hours_per_year=(round(hours[0], 1), round(hours[1], 1)),
        rate=rate,
        running_cost_per_year=running_cost,
        build_cost=build_cost,
        money_per_year=money and (round(money[0]), round(money[1])),
        pays_back_weeks=back and (back[0], back[1]),
        words=_words((hours[0], hours[1]), rate, money, running_cost),
    )


def _words(
    hours: tuple[float, float], rate: float | None, money: tuple[float, float] | None, running: float
) -> str:
    span = f"{hours[0]:,.0f} to {hours[1]:,.0f} hours a year"
    if money is None or rate is None:
        return f"{span}; --rate says what an hour costs."
    less = f", less {running:,.0f} to run it" if running else "; what it costs to run is not taken off yet"
    sign = " At the lower end it costs more than it saves." if money[0] <= 0 else ""
    return f"{span} at {rate:,.0f} an hour{less}: {money[0]:,.0f} to {money[1]:,.0f} a year.{sign}"
