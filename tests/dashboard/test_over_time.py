"""The charts along the calendar draw every step and every passage once."""

from types import SimpleNamespace

from dashboard.parts.over_time import dots, lines

TOKENS = SimpleNamespace(
    activities=["<b>A</b>", "B", "never"],
    cases=[[(0, 0.0), (1, 86_400.0 * 3)], [(0, 86_400.0), (1, 86_400.0 * 2)]],
)


def test_dots_are_one_per_step_with_names_as_text():
    figure = dots(TOKENS, "UTC", relative=False)
    assert [len(trace.x) for trace in figure.data] == [2, 2]
    assert figure.data[0].name == "&lt;b&gt;A&lt;/b&gt;"


def test_from_the_start_of_each_case_the_longest_is_at_the_top():
    figure = dots(TOKENS, "UTC", relative=True)
    assert sorted(zip(figure.data[1].x, figure.data[1].y, strict=True)) == [(1.0, 0), (3.0, 1)]


def test_lines_lie_in_their_quarter():
    segment = SimpleNamespace(left=[0.0, 10.0, 20.0], came=[5.0, 30.0, 90.0], quarter=[0, 1, 3])
    figure = lines(segment, "UTC", legend=True)
    assert [len(trace.x) // 3 for trace in figure.data] == [1, 1, 0, 1]
    assert list(figure.data[0].y) == [1, 0, None]
