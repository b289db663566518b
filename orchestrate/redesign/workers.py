"""Who does an activity: people in a role, a system, or somebody outside, as far as the log shows."""

import re
from dataclasses import dataclass

import pandas as pd

MOSTLY = 0.6
"""Share of an activity's instances that name a role, from which it is the role's."""
SYSTEM = re.compile(r"\b(system|automat\w*|auto|bot|robot|batch|daemon|cron|service|scheduler|job)\b|-run\b")
OUTSIDE = re.compile(
    r"\b(customer|client|applicant|claimant|supplier|vendor|citizen|patient|debtor|guest|kunde|lieferant)s?\W*\d*$"
)
"""A party, perhaps with its number; not a client manager, nor customer service."""
ROLE_COLUMNS = ("role", "org:role", "user_role", "case:role", "org:group", "group", "department", "team")


MANY = 3
"""Resources from which an activity that nobody here works on comes from many parties."""


@dataclass(frozen=True)
class Worker:
    """Who does an activity, and how that is known."""

    system: bool
    """Done by a system: its step is a service, once bound."""
    outside: bool
    """Done by the customer or another party: for the process it is waiting."""
    role: str | None
    why: str


def worker(instances: pd.DataFrame) -> Worker:
    """Who does the activity that these are all the instances of.

    Columns `resource`, `start`, `end` and any column of roles; a column `robot` decides by itself.
    """
    role = _role(instances)
    outside = bool(role and OUTSIDE.search(_words(role)))
    robot = next((c for c in instances.columns if str(c).lower() in ("robot", "automated", "bot")), None)
    if robot is not None and len(flags := instances[robot].dropna()):
        human = flags.astype(str).str.lower().isin(("human", "false", "0", "no", "manual")).mean()
        return Worker(human < 0.5, outside, role, f"column {robot!r}")
    names = instances["resource"].dropna().astype(str)
    if names.empty:
        return Worker(False, outside, role, "no resource is logged")
    counted = names.value_counts(normalize=True)
    is_system = names.map(lambda name: bool(SYSTEM.search(_words(name))))
    if is_system.mean() > 0.9:
        return Worker(True, False, role, f"resource {counted.index[0]!r}")
    is_outside = names.map(lambda name: bool(OUTSIDE.search(_words(name)))).mean() > 0.9
    why = f"resource {counted.index[0]!r}" if len(counted) == 1 else f"{len(counted)} resources"
    return Worker(False, outside or is_outside, role, why)


def workers(frame: pd.DataFrame, names: list[str]) -> dict[str, Worker]:
    """Who does each of these activities, from all instances, with `system` beside what `worker` needs.

    What only ever comes as a moment, in a system where nothing takes time, from many who are seen
    nowhere else, comes from outside: mails of suppliers, payments of customers.
    """
    groups = dict(iter(frame.groupby("activity", sort=False)))
    found = {name: worker(groups[name]) for name in names}
    takes_time = frame["end"] > frame["start"]
    if takes_time.mean() < 0.5:
        return found
    busy_systems = set(frame["system"][takes_time].dropna())
    for name in names:
        own = groups[name]
        systems = set(own["system"].dropna())
        if found[name].system or not systems or systems & busy_systems or own["system"].isna().any():
            continue
        parties = set(own["resource"].dropna())
        elsewhere = set(frame["resource"][~frame["system"].isin(systems)].dropna())
        if len(parties) >= MANY and not parties & elsewhere:
            where = " and ".join(map(repr, sorted(map(str, systems))))
            why = f"{len(parties)} resources seen in {where} only, where nothing takes time"
            found[name] = Worker(False, True, None, why)
    return found


def _words(name: str) -> str:
    return name.lower().replace("_", " ")


def _role(instances: pd.DataFrame) -> str | None:
    """The role that most instances name; else what their resources are called apart from a number."""
    known = {str(column).lower(): column for column in instances.columns}
    for name in ROLE_COLUMNS:
        if name in known:
            values = instances[known[name]].dropna().astype(str)
            values = values[~values.str.lower().isin(("", "undefined", "missing", "unknown", "nan", "none"))]
            if len(values):
                counted = values.value_counts()
                if counted.iloc[0] >= MOSTLY * len(values):
                    return str(counted.index[0])
    stems = instances["resource"].dropna().astype(str).str.extract(r"^(.*[^\W\d_])[\s_\-#.]*\d+$")[0].dropna()
    if len(stems):
        counted = stems.value_counts()
        generic = {"resource", "user", "employee", "person", "staff", "worker", "agent"}
        if counted.iloc[0] >= MOSTLY * len(instances) and str(counted.index[0]).lower() not in generic:
            return str(counted.index[0])
    return None
