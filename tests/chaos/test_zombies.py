"""A worker that is stopped, and woken after others took its runs over, changes nothing."""

import signal

import pytest

from tests.chaos.conftest import Sites
from tests.chaos.form import rounds, tell, wait
from tests.chaos.site import SWIFT

pytestmark = [pytest.mark.chaos, pytest.mark.postgres, pytest.mark.long]
ROUNDS = rounds(1, 20)


def test_a_stopped_worker_woken_after_take_over_writes_nothing(
    new_site: Sites, postgres_database: str
) -> None:
    site = new_site(postgres_database)
    workers = [site.worker("table", str(n), **SWIFT) for n in range(2)]
    for worker in workers:
        worker.ready()
    late = 0
    for n in range(ROUNDS):
        zombie = workers[n % 2]
        wait(lambda z=zombie: site.feed() and len(site.owned(z)) >= 3, "work")
        zombie.send(signal.SIGSTOP)
        held = site.owned(zombie)
        wait(lambda h=held: site.feed() and site.moved(h), "its runs go on elsewhere")
        wait(lambda z=zombie: not site.owned(z), "it owns nothing any more")
        zombie.send(signal.SIGCONT)
        late += len(held)
        wait(lambda z=zombie: site.feed() and site.owned(z), "it works again")
    wait(site.all_done, "every run ends")
    toll = site.toll()
    tell("stopped and woken", rounds=ROUNDS, runs=site.runs, taken_from_them=late, toll=toll)
    # What it was about to call when it was stopped is called when it wakes: `repeated` is not promised
    # here, and that each such call carries the key of the first is what keeps its effect single.
    assert (toll.lost, toll.doubled) == (0, 0)
    assert [worker.end() for worker in workers] == [0, 0]
