from __future__ import annotations

import pandas as pd
import pytest

from benchmark.errors import InputError
from leaderboards.scores import COLUMNS, read_scores


def test_a_csv_comes_back_with_its_columns_and_exact_values(write_csv, row):
    scores = read_scores([write_csv(row(value=0.1 + 0.2, seed=7))])
    assert list(scores.columns) == list(COLUMNS)
    assert scores.loc[0, "value"] == 0.1 + 0.2
    assert scores.loc[0, "seed"] == 7


def test_a_folder_stands_for_its_scores_csv(write_csv, row):
    path = write_csv(row())
    pd.testing.assert_frame_equal(read_scores([path.parent]), read_scores([path]))


def test_parquet_and_csv_of_the_same_scores_read_alike(tmp_path, write_csv, row, frame):
    rows = [row(), row(clip="cow", status="undefined", reason="empty_mask", n_used=None)]
    parquet = tmp_path / "scores.parquet"
    frame(*rows).to_parquet(parquet)
    pd.testing.assert_frame_equal(read_scores([parquet]), read_scores([write_csv(*rows)]))


def test_the_order_of_files_and_rows_does_not_matter(write_csv, row):
    a = write_csv(row(clip="a"), row(clip="b"), name="one.csv")
    b = write_csv(row(clip="d"), row(clip="c"), name="two.csv")
    pd.testing.assert_frame_equal(read_scores([a, b]), read_scores([b, a]))


def test_a_score_without_a_value_is_nan_and_keeps_its_reason(write_csv, row):
    scores = read_scores([write_csv(row(status="missing", reason="no video"))])
    assert scores["value"].isna().all()
    assert scores.loc[0, "reason"] == "no video"


@pytest.mark.parametrize(
    ("changes", "column", "found"),
    [
        ({"method": ""}, "method", "''"),
        ({"level": "extreme"}, "level", "'extreme'"),
        ({"direction": "up"}, "direction", "'up'"),
        ({"status": "done"}, "status", "'done'"),
        ({"seed": "x"}, "seed", "'x'"),
        ({"value": "inf"}, "value", "'inf'"),
        ({"value": "nan"}, "value", "'nan'"),
        ({"value": "high"}, "value", "'high'"),
        ({"value": ""}, "value", "''"),
        ({"status": "failed", "reason": ""}, "reason", "''"),
    ],
)
def test_a_bad_cell_is_refused_with_file_row_and_column(write_csv, row, changes, column, found):
    path = write_csv(row(), row(clip="cow", **changes))
    with pytest.raises(InputError) as refusal:
        read_scores([path])
    message = str(refusal.value)
    assert f"{path}, row 3, column '{column}': found {found}, expected" in message
    assert "\n" not in message


def test_a_value_beside_a_status_that_is_not_ok_is_refused(write_csv, row):
    path = write_csv(row(status="undefined", reason="empty_mask") | {"value": 0.0})
    with pytest.raises(InputError, match=r"row 2, column 'value': found '0\.0', expected nothing"):
        read_scores([path])


def test_a_duplicate_sample_is_refused_even_across_files(write_csv, row):
    first, second = write_csv(row(), name="one.csv"), write_csv(row(clip="a"), row(value=0.6), name="two.csv")
    with pytest.raises(InputError, match=r"two\.csv, row 3: .* stands in .*one\.csv, row 2 already"):
        read_scores([first, second])


def test_the_same_sample_under_other_settings_is_no_duplicate(write_csv, row):
    assert len(read_scores([write_csv(row(), row(comparable_with="mtbench@1[tracker=dis]"))])) == 2


@pytest.mark.parametrize(
    ("column", "one", "other", "name"),
    [
        ("level", "easy", "hard", "bear"),
        ("category", "human", "camera", "bear"),
        ("direction", "higher", "lower", "hybrid_mf"),
        ("unit", "1", "px", "hybrid_mf"),
    ],
)
def test_rows_that_contradict_each_other_are_refused(write_csv, row, column, one, other, name):
    path = write_csv(row(prompt="p0", **{column: one}), row(prompt="p1", **{column: other}))
    with pytest.raises(InputError, match=rf"row 3, column '{column}': found '{other}' for {name}.*row 2"):
        read_scores([path])


def test_one_prompt_of_two_kinds_is_refused(write_csv, row):
    path = write_csv(row(seed=0, kind="caption"), row(seed=1, kind="scene"), row(clip="cow", kind="scene"))
    with pytest.raises(InputError, match=r"row 3, column 'kind': found 'scene' for p0.*'caption' as in .*row 2"):
        read_scores([path])


def test_a_missing_column_is_named(tmp_path, row, frame):
    path = tmp_path / "scores.csv"
    frame(row()).drop(columns="metric").to_csv(path, index=False)
    with pytest.raises(InputError, match=r"scores\.csv: column 'metric' is missing"):
        read_scores([path])


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "not a readable score file"),
        (b"\xff\xfe\x00", "not a readable score file"),
        (b"method,clip\nA\n", "row 2 has 1 cells and the header 2"),
        (b"method,clip\nA,b,c\n", "row 2 has 3 cells and the header 2"),
    ],
)
def test_a_file_that_is_no_table_is_refused(tmp_path, content, problem):
    path = tmp_path / "scores.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=problem):
        read_scores([path])


def test_a_text_file_named_parquet_is_refused(tmp_path):
    path = tmp_path / "scores.parquet"
    path.write_text("not parquet")
    with pytest.raises(InputError, match="not a readable score file"):
        read_scores([path])


def test_no_scores_at_all_are_refused(tmp_path, write_csv):
    with pytest.raises(InputError, match="no score files were given"):
        read_scores([])
    with pytest.raises(InputError, match="no such score file"):
        read_scores([tmp_path / "nowhere.csv"])
    with pytest.raises(InputError, match="found no scores"):
        read_scores([write_csv()])
