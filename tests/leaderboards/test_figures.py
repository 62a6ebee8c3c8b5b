from __future__ import annotations

import io

import matplotlib as mpl
import numpy as np
import pytest
from PIL import Image

from leaderboards import figures
from leaderboards.aggregate import aggregate
from leaderboards.figures import difficulty_distribution, tradeoff


@pytest.fixture
def drawn(monkeypatch):
    """The figures drawn in a test, so that their texts and points can be read."""
    seen = []
    to_png = figures._png
    monkeypatch.setattr(figures, "_png", lambda figure: seen.append(figure) or to_png(figure))
    return seen


def texts(panel) -> set[str]:
    return {text.get_text() for text in panel.texts}


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def test_the_same_summary_gives_the_same_bytes_whatever_matplotlibrc_says(frame, leaderboard_rows):
    summary = aggregate(frame(*leaderboard_rows))
    first = tradeoff(summary)
    with mpl.rc_context({"font.size": 20, "axes.facecolor": "red"}):
        assert tradeoff(summary) == first
        assert mpl.rcParams["font.size"] == 20, "drawing must leave the caller's settings as they are"
    assert b"Software" not in first, "the library's version must not be in the bytes"


def test_motion_is_drawn_against_edit_fidelity_where_both_have_values(drawn, row, frame):
    rows = [
        row(method=method, metric=metric, value=value)
        for method in ("A", "copy")
        for metric, value in (("cos_mean", 0.1), ("tc_dino_consecutive", 0.2), ("edit_fidelity", 31), ("hybrid_mf", 1))
    ]
    tradeoff(aggregate(frame(*rows)))
    panel = drawn[0].axes[0]
    assert panel.get_xlabel().startswith("hybrid_mf, higher")
    assert panel.get_ylabel().startswith("edit_fidelity, higher")
    assert texts(panel) == {"A", "copy"}


def test_temporal_consistency_steps_in_for_edit_fidelity(drawn, row, frame):
    rows = [
        row(),
        row(metric="tc_clip_consecutive", value=0.9),
        row(metric="edit_fidelity", status="unavailable", reason="no weights"),
    ]
    tradeoff(aggregate(frame(*rows)))
    assert drawn[0].axes[0].get_ylabel().startswith("tc_clip_consecutive")


def test_the_terms_of_motion_fidelity_step_in_when_no_model_is_there(drawn, frame, leaderboard_rows):
    tradeoff(aggregate(frame(*leaderboard_rows)))
    panel = drawn[0].axes[0]
    assert panel.get_xlabel().startswith("exp_frechet_mean†, higher")
    assert panel.get_ylabel().startswith("cos_mean†, higher")
    assert "† other settings than the reference: tracker=dis" in panel.get_xlabel()


def test_a_panel_with_one_metric_says_that_there_is_nothing_to_compare(drawn, row, frame):
    tradeoff(aggregate(frame(row())))
    assert texts(drawn[0].axes[0]) == {"no two metrics have values to compare"}


def test_every_protocol_has_a_panel(drawn, row, frame):
    tradeoff(aggregate(frame(row(), row(protocol="dmt@1", comparable_with="dmt@1"))))
    assert [panel.get_title(loc="left") for panel in drawn[0].axes] == ["dmt@1", "mtbench@1"]


def test_a_method_without_a_value_has_no_point(drawn, row, frame):
    lost = {"method": "B", "status": "missing", "reason": "no video"}
    tradeoff(aggregate(frame(row(), row(metric="edit_fidelity"), row(**lost), row(metric="edit_fidelity", **lost))))
    assert texts(drawn[0].axes[0]) == {"MethodA"}


def test_labels_of_equal_methods_do_not_overlap(drawn, row, frame):
    rows = [row(method=f"method {n}", metric=metric) for n in range(6) for metric in ("hybrid_mf", "edit_fidelity")]
    tradeoff(aggregate(frame(*rows)))
    boxes = [text.get_window_extent() for text in drawn[0].axes[0].texts]
    assert not any(boxes[a].overlaps(boxes[b]) for a in range(6) for b in range(a))


def test_percent_scales_the_points(drawn, row, frame):
    summary = aggregate(frame(row(value=0.5), row(metric="edit_fidelity", unit="cosine x100", value=31)))
    tradeoff(summary, percent=True)
    assert drawn[0].axes[0].collections[0].get_offsets().tolist() == [[50, 31]]


def test_difficulty_bars_count_clips_per_level_and_cluster(drawn):
    difficulty_distribution([("a", "easy", 2), ("b", "easy", 3), ("c", "hard", 8), ("d", "medium", None)])
    levels, clusters = drawn[0].axes
    assert [bar.get_height() for bar in levels.patches] == [2, 1, 1]
    assert sum(bar.get_height() for bar in clusters.patches) == 3
    assert clusters.get_xlabel() == "clusters per clip, mean 4.33\n(3 of 4 clips)"


def test_difficulty_without_clusters_shows_levels_alone(drawn):
    difficulty_distribution([("a", "easy", None), ("b", "", None)])
    assert [label.get_text() for label in drawn[0].axes[0].get_xticklabels()] == ["easy", "medium", "hard", "unknown"]
    assert len(drawn[0].axes) == 1


def test_figures_are_pictures_of_column_width(frame, leaderboard_rows):
    for png in (tradeoff(aggregate(frame(*leaderboard_rows))), difficulty_distribution([("a", "easy", 1)])):
        picture = pixels(png)
        assert picture.shape[1] == 1050, "3.5 inches at 300 dpi"
        assert picture.std() > 5, "the picture is empty"
