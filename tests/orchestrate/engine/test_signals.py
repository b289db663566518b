"""A worker hears that it should end, whichever thread the signal goes to."""

import os
import signal
import threading

from orchestrate.worker import told_to_end


def test_a_signal_ends_the_wait_and_nothing_else() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with told_to_end() as wait:
        os.kill(os.getpid(), signal.SIGTERM)
        wait()
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_thousand_signals_while_waiting_are_all_heard() -> None:
    """Each comes while the wait is under way; a wait that holds a lock would hang in one of them."""
    with told_to_end() as wait:
        for _ in range(1000):
            threading.Thread(target=os.kill, args=(os.getpid(), signal.SIGTERM)).start()
            wait()
