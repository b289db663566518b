"""A model that is discovered from variants is the one that PM4Py discovers from every event."""

import pytest

from benchmarks import mined, pm4pys
from benchmarks.measuring import measured


@pytest.mark.long
def test_a_million_events_give_the_same_tree():
    with mined.generated_home(1_000_000) as folder:
        pm4pys.prepared(folder)
        ours = measured(mined.asked, folder, "inductive").answer
        assert ours == measured(pm4pys.asked, folder, "inductive").answer
        assert ours.startswith("sequence(")
