"""Columns of the input: types are widened where one type can hold them, and matter only where they are read."""

import datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scopesift_files.errors import InputError, UsageError


@pytest.fixture
def write_parts(tmp_path):
    """Parquet files of two rows each, with `n` as given beside their text."""

    def write(columns, **more):
        paths = []
        for at, column in enumerate(columns):
            path = tmp_path / f"part-{at:03d}.parquet"
            pq.write_table(pa.table({"text": [f"a cat {at}", f"a dog {at}"], "n": column, **more}), path)
            paths.append(path)
        return paths

    return write


INT32, INT64, NULL = pa.array([1, 2], pa.int32()), pa.array([3, 2**40]), pa.nulls(2)
STRING, LARGE = pa.array(["1", "x"]), pa.array(["1", "y"], pa.large_string())
VIEW = pa.array(["1", "z"], pa.string_view())
OTHERS = {
    "integers of two sizes": ([INT32, INT64], "n = 2", ["a dog 0"]),
    "integers and numbers": ([INT32, pa.array([0.5, 1.0])], "n = 1", ["a cat 0", "a dog 1"]),
    "nulls": ([NULL, STRING, NULL], "n = 'x' OR n IS NULL", ["a cat 0", "a dog 0", "a dog 1", "a cat 2", "a dog 2"]),
    "strings": ([STRING, LARGE, VIEW, STRING.dictionary_encode()], "n = '1'", [f"a cat {at}" for at in range(4)]),
    "lists of views": (
        [pa.array([["a"], None]), pa.array([["a"], []], pa.list_(pa.string_view()))],
        "list_contains(n, 'a')",
        ["a cat 0", "a cat 1"],
    ),
}  # fmt: skip


def kept(out):
    return pq.read_table(out / "kept", schema=pa.schema([("text", pa.string())])).column("text").to_pylist()


@pytest.mark.parametrize("kind", OTHERS)
def test_types_that_one_type_can_hold_are_widened_to_it(kind, write_parts, run, tmp_path):
    columns, where, expected = OTHERS[kind]
    tally = run(write_parts(columns), tmp_path / "out", where=where)
    assert (kept(tmp_path / "out"), tally.rejected) == (expected, 0)


def test_columns_that_the_condition_does_not_read_may_be_of_any_types(write_parts, run, tmp_path):
    columns = [INT32, STRING, NULL, pa.array([datetime.date(2026, 1, 1), None]), pa.array([[1], []])]
    tally = run(write_parts(columns), tmp_path / "out", where="toxicity >= 0")
    assert (tally.kept, tally.rejected) == (10, 0)


def test_types_that_no_type_holds_are_refused_before_any_work_wherever_the_file_stands(
    write_parts, run, tmp_path
):
    parts = write_parts([INT64] * 120 + [pa.array([True, False])])
    with pytest.raises(InputError, match=r"part-120.parquet: column 'n' is bool, in other files int64; "):
        run(parts, tmp_path / "out", where="n > 2")
    assert not (tmp_path / "out").exists()


def test_a_column_that_is_called_like_the_reasons_is_refused_wherever_the_file_stands(
    write_parts, run, tmp_path
):
    parts = write_parts([INT64] * 120)
    pq.write_table(pa.table({"text": ["x"], "scopesift": [1]}), parts[110])
    with pytest.raises(UsageError, match="a column 'scopesift'"):
        run(parts, tmp_path / "out", where="toxicity < 1")


def test_a_column_that_is_called_like_ours_is_told_wherever_the_file_stands(write_parts, engine, tmp_path):
    from scopesift_filtering.run_plan import make_plan
    from scopesift_filtering.settings import FilterSettings

    parts = write_parts([INT64] * 120)
    pq.write_table(pa.table({"text": ["x"], "toxicity": [1]}), parts[110])
    paths = [str(path) for path in parts]
    plan = make_plan(paths, tmp_path / "out", FilterSettings(where="ours.toxicity < 1"), engine)
    assert plan.shadowed == ["toxicity"]
    with pytest.raises(UsageError, match=r"write input.toxicity or ours.toxicity"):
        make_plan(paths, tmp_path / "out", FilterSettings(where="toxicity < 1"), engine)


def test_one_value_that_does_not_fit_is_one_rejected_row(write_parts, run, rows_of, tmp_path):
    huge = pa.array([5, 2**63 + 1], pa.uint64())
    tally = run(write_parts([INT64, huge]), tmp_path / "out", where="n >= 3")
    (dead,) = rows_of(tmp_path / "out" / "rejected")
    assert (dead["file"][-16:], dead["row"], dead["reason"]) == ("part-001.parquet", 1, "bad_value")
    assert kept(tmp_path / "out") == ["a cat 0", "a dog 0", "a cat 1"]
    assert tally.rows == 4


def test_a_part_without_the_column_counts_as_null_there(write_parts, run, tmp_path):
    parts = write_parts([INT64, INT64])
    pq.write_table(pa.table({"text": ["no n here"]}), parts[0])
    run(parts, tmp_path / "out", where="n IS NULL")
    assert kept(tmp_path / "out") == ["no n here"]


def test_text_files_beside_parquet_take_its_types_value_by_value(
    write_parts, write_jsonl, run, rows_of, tmp_path
):
    days = pa.array([datetime.date(2026, 1, 1), None])
    lines = write_jsonl("z.jsonl", [{"text": "later", "n": None}, {"text": "never"}])
    run([*write_parts([days]), lines], tmp_path / "out", where="n > DATE '2025-01-01' OR n IS NULL")
    assert [row["text"] for row in rows_of(tmp_path / "out" / "kept")] == ["later", "never"]


def test_views_are_filtered_and_written_whether_the_condition_reads_them_or_not(write_parts, run, tmp_path):
    pairs = pa.array([[("k", "v")], None], pa.map_(pa.string_view(), pa.string_view()))
    parts = write_parts([VIEW], pairs=pairs)
    for where, texts in (("toxicity >= 0", ["a cat 0", "a dog 0"]), ("n = 'z'", ["a dog 0"])):
        out = tmp_path / where.partition(" ")[0]
        run(parts, out, where=where, mode="both")
        assert kept(out) == texts
        table = pq.read_table(out / "kept")
        assert table.column("pairs").to_pylist()[-1] is None
        assert table.column("n").to_pylist()[-1] == "z"
