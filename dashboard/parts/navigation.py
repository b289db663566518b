"""Which pages there are, in which group and order; the one list that navigation and addresses follow."""

PAGES: dict[str, tuple[tuple[str, str], ...]] = {
    "Understand": (
        ("overview", "Overview"),
        ("data", "Data"),
        ("process", "Process map"),
        ("explain", "Explain"),
    ),
    "Improve": (("candidates", "Candidates"), ("plan", "Plan")),
    "Run": (("runs", "Runs"), ("approvals", "Approvals"), ("alerts", "Alerts"), ("triggers", "Triggers")),
    "Prove": (("kpis", "KPIs"),),
    "Admin": (("admin", "Admin"),),
}
"""Group to its pages, each the name of its module in `views/` and its title. The first is the start page."""

NAMES = tuple(name for group in PAGES.values() for name, _ in group)
TITLES = {name: title for group in PAGES.values() for name, title in group}
START = NAMES[0]
"""The page at the address `/`."""
