from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from annotate.windows import Found, follow_in_windows, window_spans

STEP = np.array([3, -1], np.float32)


class Steady:
    """Follows every point exactly along `STEP`; sees it but in the frames `hidden` of the clip."""

    def __init__(self, count: int, hidden: range = range(0)) -> None:
        self.count, self.hidden = count, hidden
        self.calls: list[tuple[slice, np.ndarray]] = []

    def __call__(self, window: slice, queries: np.ndarray) -> Found:
        self.calls.append((window, queries))
        times = np.arange(window.stop - window.start)
        points = queries[:, None, 1:] + (times[None] - queries[:, :1])[..., None] * STEP
        seen = np.array([t not in self.hidden for t in range(window.start, window.stop)])
        return points.astype(np.float32), np.tile(seen, (len(queries), 1))

    def follow(self, queries: np.ndarray, length: int = 10, overlap: int = 4) -> Found:
        return follow_in_windows(self, self.count, queries, length=length, overlap=overlap)


def queries_at(*frames: int) -> np.ndarray:
    return np.array([[t, 100 + 7 * t, 50 - t] for t in frames], np.float32)


def truth(queries: np.ndarray, count: int) -> np.ndarray:
    return queries[:, None, 1:] + (np.arange(count)[None] - queries[:, :1])[..., None] * STEP


@pytest.mark.parametrize("count", [1, 9, 10, 11, 16, 17, 100])
def test_windows_cover_every_frame_and_share_the_overlap(count: int) -> None:
    spans = window_spans(count, 10, 4)
    assert (spans[0].start, spans[-1].stop) == (0, count)
    assert all(0 < span.stop - span.start <= 10 for span in spans)
    assert all(before.stop - after.start == 4 for before, after in pairwise(spans))
    assert len(spans) == 1 or spans[-1].stop - spans[-1].start > 4


def test_a_short_clip_is_followed_in_one_call_and_with_all_queries() -> None:
    tracker, queries = Steady(10), queries_at(0, 9, 4)
    points, visible = tracker.follow(queries)
    ((window, asked),) = tracker.calls
    assert window == slice(0, 10)
    np.testing.assert_array_equal(asked, queries)
    np.testing.assert_array_equal(points, truth(queries, 10))
    assert visible.all()


def test_points_are_followed_through_all_windows_both_ways() -> None:
    tracker, queries = Steady(40), queries_at(0, 39, 17, 9, 10)
    points, visible = tracker.follow(queries)
    np.testing.assert_allclose(points, truth(queries, 40), atol=1e-3)
    assert visible.all()
    assert max(window.stop - window.start for window, _ in tracker.calls) == 10


def test_queries_of_the_first_frame_need_one_call_per_window() -> None:
    tracker = Steady(40)
    tracker.follow(queries_at(0, 0))
    assert [window for window, _ in tracker.calls] == window_spans(40, 10, 4)


@pytest.mark.parametrize(("hidden", "asked"), [(range(8, 10), 7), (range(0), 9)])
def test_the_next_window_asks_where_a_point_was_last_seen(hidden: range, asked: int) -> None:
    tracker = Steady(16, hidden)
    points, visible = tracker.follow(queries_at(0))
    window, queries = tracker.calls[1]
    assert (window.start + queries[0, 0], tuple(queries[0, 1:])) == (asked, tuple(truth(queries_at(0), 16)[0, asked]))
    np.testing.assert_allclose(points, truth(queries_at(0), 16), atol=1e-3)
    np.testing.assert_array_equal(visible[0].nonzero()[0], [t for t in range(16) if t not in hidden])


def test_a_point_hidden_wherever_two_windows_meet_stays_invisible_but_goes_on() -> None:
    points, visible = Steady(30, hidden=range(6, 10)).follow(queries_at(0, 29))
    assert visible[0].nonzero()[0].tolist() == list(range(6))
    assert visible[1].nonzero()[0].tolist() == list(range(10, 30))
    np.testing.assert_allclose(points, truth(queries_at(0, 29), 30), atol=1e-3)
