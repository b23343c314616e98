"""What --dry-run says of a run that it doesn't begin."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scopesift_filtering.estimate import SAMPLE_ROWS, estimate
from scopesift_filtering.run_plan import make_plan
from scopesift_filtering.settings import FilterSettings


@pytest.fixture
def judged(engine, tmp_path):
    """`judged(inputs, **settings)`: the estimate of a run over them; the folder it would write must not be there."""

    def judge(*inputs, **settings):
        out = tmp_path / "out"
        plan = make_plan(
            [str(path) for path in inputs], out, FilterSettings(mode="attributes", **settings), engine
        )
        found = estimate(plan)
        assert not out.exists()
        return found

    return judge


def write_parquet(path, texts):
    pq.write_table(pa.table({"text": texts}), path)
    return path


def test_rows_of_parquet_files_are_those_of_all_footers(judged, texts, tmp_path):
    """Compression makes rows of one file smaller than another's: bytes say little."""
    few = write_parquet(tmp_path / "a.parquet", texts(20))
    many = write_parquet(tmp_path / "b.parquet", ["the same"] * 3000)
    found = judged(few, many)
    assert found.rows == 3020
    assert found.sampled == 20
    assert found.seconds > 0


def test_a_damaged_parquet_file_counts_as_the_one_row_it_will_be(judged, texts, tmp_path):
    good = write_parquet(tmp_path / "a.parquet", texts(20))
    damaged = tmp_path / "b.parquet"
    damaged.write_bytes(b"PAR1 no footer")
    assert judged(good, damaged).rows == 21


def test_rows_of_text_files_are_extrapolated_from_the_bytes_of_the_sample(judged, write_jsonl):
    path = write_jsonl("a.jsonl", [{"text": f"row {row:05}"} for row in range(5000)])
    found = judged(path)
    assert found.sampled == SAMPLE_ROWS
    assert found.rows == pytest.approx(5000, rel=0.05)


def test_a_limit_bounds_the_estimate(judged, write_jsonl):
    path = write_jsonl("a.jsonl", [{"text": f"row {row:05}"} for row in range(5000)])
    assert judged(path, limit=700).rows == 700


def test_unreadable_rows_of_the_sample_are_told_apart(judged, write_jsonl):
    found = judged(write_jsonl("a.jsonl", [{"text": "one"}, b"{broken", {"text": "two"}]))
    assert (found.sampled, found.rejected) == (3, 1)


def test_an_empty_input_has_no_estimate(judged, write_jsonl):
    assert judged(write_jsonl("a.jsonl", [])) is None
