"""Makes the company: simulates 26 weeks of its four processes and writes what its systems would export."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from .company import claims, client_onboarding, purchase_to_pay, support_tickets
from .exports.claims_xes import write_claims
from .exports.erp_database import write_erp
from .exports.mail_and_payments import write_mail, write_payments
from .exports.onboarding_csv import write_onboarding
from .exports.support_json import write_support
from .sources import SOURCES, Source
from .truth import truth, write_truth

SEED = 7
EXAMPLES = """\
examples:
  python -m data.generate --out company              the company as the demo sees it
  python -m data.generate --out small --scale 0.03   a small one, as in data/samples
  python -m data.generate --out other --seed 8       another company, with the same truths planted
"""


@dataclass(frozen=True)
class Manifest:
    """What was made, and how to ingest it."""

    folder: Path
    sources: tuple[Source, ...]
    """In the order in which to ingest them; file names are relative to `folder`."""
    truth: dict[str, Any]
    """As in `truth.json`."""


def generate(out: Path, seed: int = SEED, scale: float = 1.0) -> Manifest:
    """Make the company in the folder `out`, replacing files of the same names.

    The same `seed` and `scale` give the same bytes. `scale` multiplies the cases per day; staff and
    calendars stay, so queues are shorter in a small company and longer in a large one.
    """
    if not 0 < scale <= 10:
        raise ValueError(f"A scale of {scale} was asked for; it has to be above 0 and at most 10.")
    out.mkdir(parents=True, exist_ok=True)
    orders = purchase_to_pay.run(seed, scale)
    clients = client_onboarding.run(seed, scale)
    damage = claims.run(seed, scale)
    tickets = support_tickets.run(seed, scale)
    write_erp(orders, out / "erp.sqlite")
    query = files(f"{__package__}.exports").joinpath("p2p.sql").read_text(encoding="utf-8")
    (out / "p2p.sql").write_text(query, encoding="utf-8")
    write_mail(orders, out / "supplier_mail.csv")
    write_payments(orders, out / "payments.json")
    write_onboarding(clients, out / "onboarding.csv")
    write_claims(damage, out / "claims.xes.gz")
    write_support(tickets, out / "support.json")
    processes = (orders, clients, damage, tickets)
    document = truth(processes, seed, scale)
    write_truth(processes, document, out)
    return Manifest(out, SOURCES, document)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; progress goes to stderr."""
    parser = argparse.ArgumentParser(
        prog="python -m data.generate",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to write into")
    parser.add_argument(
        "--seed", type=int, default=SEED, help=f"another company for another number (default {SEED})"
    )
    parser.add_argument(
        "--scale", type=float, default=1.0, help="times the usual number of cases (default 1.0)"
    )
    options = parser.parse_args(arguments)
    try:
        made = generate(options.out, options.seed, options.scale)
    except (OSError, ValueError) as error:
        parser.exit(1, f"Nothing usable was made in {options.out}: {error}\n")
    for name, process in made.truth["processes"].items():
        sys.stderr.write(f"{name}: {process['cases']} cases, {process['steps']} steps\n")
    sys.stderr.write(f"The exports are in {made.folder}; data/README.md says how to ingest them.\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
