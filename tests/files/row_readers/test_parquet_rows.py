"""Rows of Parquet: what Arrow can cast is read, what can't be read is rejected row by row."""

import datetime
import pickle

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scopesift_files.errors import InputError
from scopesift_files.row_readers.rows import read_rows

VIEW, BYTES = pa.string_view(), pa.binary_view()
LONG = "longer than the twelve bytes that a view holds itself"
VIEWS = {
    "text": (VIEW, ["short", LONG]),
    "bytes": (BYTES, [b"\xff", None]),
    "list": (pa.list_(VIEW), [[LONG], None]),
    "large list": (pa.large_list(BYTES), [[], [b"x"]]),
    "pair": (pa.list_(VIEW, 2), [["a", "b"], ["c", LONG]]),
    "struct": (pa.struct([("a", VIEW), ("b", pa.list_(BYTES))]), [{"a": "x", "b": [b"y"]}, None]),
    "map": (pa.map_(VIEW, VIEW), [[("k", LONG)], []]),
}


def rows_of(path):
    return [row.with_text("text") for row in read_rows(path)]


@pytest.fixture
def polars_file(tmp_path):
    """Every place of a type where polars writes views, as it writes them."""
    pq.write_table(
        pa.table({name: pa.array(*reversed(VIEWS[name])) for name in VIEWS}), tmp_path / "a.parquet"
    )
    return tmp_path / "a.parquet"


def test_views_of_polars_are_read_as_plain_types_inside_of_others_too(polars_file):
    assert pq.read_schema(polars_file).field("text").type == VIEW, "the file holds views"
    rows = rows_of(polars_file)
    assert [row.text for row in rows] == ["short", LONG]
    assert [{name: row.fields[name] for name in VIEWS} for row in rows] == [
        {name: values[at] for name, (_, values) in VIEWS.items()} for at in range(2)
    ]
    table = rows[0].fields.slice.table
    assert "view" not in str(table.schema)
    assert table.take([1, 0]).num_rows == 2


def test_rows_that_travel_hold_their_values(polars_file):
    row = pickle.loads(pickle.dumps(rows_of(polars_file)))[1]
    assert (row.text, row.fields["pair"]) == (LONG, ["c", LONG])


def test_a_column_named_twice_rejects_the_file(tmp_path):
    table = pa.table([pa.array(["a"]), pa.array(["b"])], names=["text", "text"])
    pq.write_table(table, tmp_path / "a.parquet")
    (row,) = rows_of(tmp_path / "a.parquet")
    assert (row.reason, row.detail) == ("bad_parquet", "expected each column once, got 'text' twice")
    assert row.complaint.startswith("a.parquet: expected each column once")


def test_a_value_that_python_cannot_hold_costs_nothing_unless_it_is_read(tmp_path):
    when = pa.array([0, 2**60], pa.timestamp("ms"))
    pq.write_table(pa.table({"text": ["a", "b"], "when": when}), tmp_path / "a.parquet")
    rows = rows_of(tmp_path / "a.parquet")
    assert [row.text for row in rows] == ["a", "b"]
    assert rows[0].value("when") == datetime.datetime(1970, 1, 1)
    with pytest.raises(
        InputError, match=r"a\.parquet, row 2: expected a value that Python can represent in 'when'"
    ):
        rows[1].value("when")


def test_a_damaged_row_group_gives_its_rows_rejected_and_the_others_as_they_are(tmp_path):
    path = tmp_path / "a.parquet"
    texts = [f"text {at} {hash(str(at)) ** 3}" for at in range(900)]
    pq.write_table(pa.table({"text": texts}), path, row_group_size=300)
    second = pq.ParquetFile(path).metadata.row_group(1).column(0)
    data = bytearray(path.read_bytes())
    data[second.data_page_offset : second.data_page_offset + 40] = b"\xff" * 40
    path.write_bytes(data)
    rows = rows_of(path)
    assert [row.number for row in rows] == list(range(900))
    assert [row.number for row in rows if row.reason] == list(range(300, 600))
    assert {row.reason for row in rows} == {"", "bad_parquet"}
    assert rows[899].text == texts[899]
