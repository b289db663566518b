"""The in-memory driver's clock reaches the moment it is moved to: a due timer is due when it gets there."""

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrate.engine.memory import not_before


@settings(max_examples=30)
@given(st.floats(1.7e9, 2e9))
def test_a_moment_between_two_microseconds_has_come_when_the_clock_is_there(moment: float) -> None:
    assert 0 <= not_before(moment).timestamp() - moment <= 2e-6
