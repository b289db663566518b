"""Growing finds the planted process, keeps it precise, and leaves out what floats."""

import random
from collections import Counter
from datetime import datetime, timedelta
from itertools import permutations

import pandas as pd
import pytest

from mining.derivatives import Trie, measure
from mining.floating import grow_beside_floating
from mining.grow import grow, is_flower
from mining.outcomes import decision_names
from mining.running import running_cases
from mining.tree import choice, leaf, loop, sequence, silent


def word(text: str) -> tuple[str, ...]:
    return tuple(text)


def test_a_regular_process_is_found_whole() -> None:
    grown = grow(
        {word("abcfg"): 50, word("acbfg"): 40, word("aefg"): 9, word("abcfrfg"): 7, word("aefrfrfg"): 2}
    )
    assert grown.verdict == "plan"
    assert grown.coverage == 1.0
    assert grown.precision >= 0.8


def test_noise_is_left_to_the_manual_queue_rather_than_blurring_the_tree() -> None:
    grown = grow({word("abcdef"): 900, word("fedcba"): 40, word("bdface"): 40})
    assert str(grown.tree) == "->( 'a', 'b', 'c', 'd', 'e', 'f' )"
    assert grown.coverage == pytest.approx(900 / 980)


def test_direct_repeats_become_a_loop_of_one_activity() -> None:
    grown = grow({word("abc"): 10, word("abbbc"): 10})
    assert grown.tree == sequence(leaf("a"), loop(leaf("b")), leaf("c"))


def test_chaos_is_refused_and_what_is_said_of_it_is_true() -> None:
    variants = dict.fromkeys(permutations("abcdef", 5), 2)
    grown = grow(variants)
    assert grown.verdict == "refuse"
    found = measure(grown.tree, Trie.of(variants))
    assert (found.fitness, found.precision) == (grown.coverage, grown.precision)


def test_a_flower_is_recognised() -> None:
    assert is_flower(loop(choice(leaf("a"), leaf("b"), leaf("c"))))
    assert is_flower(loop(silent(), choice(leaf("a"), leaf("b"), leaf("c"))))
    assert not is_flower(loop(choice(leaf("a"), leaf("b"))))


def test_an_activity_at_any_time_floats() -> None:
    rng = random.Random(1)
    variants: Counter[tuple[str, ...]] = Counter()
    for _ in range(400):
        trace = ["a", "b", rng.choice("cd")]
        while rng.random() < 0.3:
            trace += ["r", "b", rng.choice("cd")]
        trace += ["e", "f"]
        for _ in range(rng.choice((0, 1, 2))):
            trace.insert(rng.randrange(1, len(trace)), "x")
        variants[tuple(trace)] += 1
    grown = grow_beside_floating(variants)
    assert grown.floating == ("x",)
    assert grown.coverage == 1.0
    assert str(grown.tree) == "->( 'a', *( ->( 'b', X( 'c', 'd' ) ), 'r' ), 'e', 'f' )"


def test_names_that_differ_in_the_outcome_are_one_decision() -> None:
    found = decision_names(
        [
            "Declaration APPROVED by CHEF",
            "Declaration REJECTED by CHEF",
            "Declaration REJECTED by STAFF",
            "Pay",
        ]
    )
    assert [d.name for d in found] == ["Declaration DECIDED by CHEF"]
    assert set(found[0].outcomes.values()) == {"APPROVED", "REJECTED"}


def test_running_cases_are_those_cut_off_by_the_end_of_the_log() -> None:
    begin = datetime(2024, 1, 1)
    rows = []
    for i in range(200):
        t = begin + timedelta(days=i)
        steps = ["open", "work", "close"] if i % 10 else ["open", "withdraw"]
        for k, step in enumerate(steps):
            at = t + timedelta(days=2 * k)
            if at <= begin + timedelta(days=199):
                rows.append((f"c{i}", step, at, at))
    frame = pd.DataFrame(rows, columns=["case", "activity", "start", "end"])
    planted = {f"c{i}" for i in range(196, 200)}
    assert running_cases(frame) == planted
