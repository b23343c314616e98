import csv
import gc
import io
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scopesift_files.row_readers.rows import read_rows


@pytest.fixture
def read(tmp_path):
    def rows(data):
        path = tmp_path / "a.csv"
        path.write_bytes(data)
        return [row.with_text("text") for row in read_rows(path)]

    return rows


def test_quoted_line_breaks_and_commas_belong_to_the_field(read):
    (row, other) = read(b'id,text\r\n1,"two\nlines, and ""quotes"""\r\n2,plain\r\n')
    assert row.text == 'two\nlines, and "quotes"'
    assert (row.line, other.line, other.number) == (2, 4, 1)


def test_a_stray_quote_costs_its_own_line_only(read):
    rows = read(b'id,text\n1,good\n2,"never closed\n3,fine\n4,"also ""fine"""\n5,last\n')
    assert [(row.text, row.reason) for row in rows] == [
        ("good", ""), ("", "bad_csv"), ("fine", ""), ('also "fine"', ""), ("last", ""),
    ]  # fmt: skip
    assert rows[1].raw == b'2,"never closed'


def test_a_record_with_too_many_or_too_few_fields_is_rejected(read):
    assert [row.reason for row in read(b"id,text\n1\n1,a\n1,a,b\n")] == ["bad_csv", "", "bad_csv"]


def test_bad_utf8_inside_a_quoted_field_of_several_lines_costs_one_line(read):
    rows = read(b'id,text\n1,"a\xff\nb"\n2,fine\n')
    assert rows[0].reason == "bad_utf8"
    assert rows[-1].text == "fine"


FIELDS = st.text(st.sampled_from('ab,;"\n\r \té'), max_size=8)


# with \n alone as its line end the csv module leaves a field with \r without quotes, and does not read it back
WAYS = [("\n", csv.QUOTE_ALL), ("\r\n", csv.QUOTE_ALL), ("\r\n", csv.QUOTE_MINIMAL)]


@given(st.lists(st.tuples(FIELDS, FIELDS), max_size=8), st.sampled_from(WAYS))
def test_what_the_csv_module_writes_is_read_and_the_raw_bytes_are_those_of_the_file(
    tmp_path_factory, records, way
):
    end, quoting = way
    written = io.StringIO(newline="")
    csv.writer(written, lineterminator=end, quoting=quoting).writerows([("id", "text"), *records])
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    path.write_bytes(written.getvalue().encode())
    rows = list(read_rows(path))
    assert [row.reason for row in rows] == [""] * len(records)
    assert [tuple(row.fields.values()) for row in rows] == records
    assert b"".join(row.raw + end.encode() for row in rows) == path.read_bytes().split(end.encode(), 1)[1]


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_line_ends_inside_quotes_are_kept_in_the_value_and_in_the_raw_bytes(read, end):
    record = b'1,"two' + end + b"lines" + end + b'"'
    (row,) = read(b"id,text" + end + record + end)
    assert row.text.encode() == b"two" + end + b"lines" + end
    assert row.raw == record


def test_a_quote_inside_a_field_without_quotes_is_part_of_the_value(read):
    assert [row.text for row in read(b'id,text\n1,5" pipe\n2,"a, b"\n')] == ['5" pipe', "a, b"]


HEADERS = {
    "a column twice": (b"text,label,label\na,b,c\n", "'label' twice"),
    "two columns without a name": (b"text,,\na,b,c\n", "'' twice"),
    "zero bytes": (b"", "got none"),
    "blank lines only": (b"\n\n", "got none"),
    "carriage returns alone": (b"id,text\r1,a\r2,b\r", "carriage return"),
    "a quote that is not closed": (b'id,"text\n1,a\n', "invalid CSV"),
}


@pytest.mark.parametrize("fault", HEADERS)
def test_a_header_that_cannot_be_used_is_one_rejected_row_for_the_file(read, fault):
    data, says = HEADERS[fault]
    (row,) = read(data)
    assert row.reason == "bad_header"
    assert says in row.detail


def test_a_single_column_without_a_name_as_pandas_writes_its_index_is_read(read):
    (row,) = read(b",text\n0,hello\n")
    assert row.fields == {"": "0", "text": "hello"}


def test_a_header_may_span_lines_and_follow_blank_ones(read):
    (row,) = read(b'\n"long\nname",text\n1,hello\n')
    assert (list(row.fields), row.line, row.text) == (["long\nname", "text"], 4, "hello")


def seconds(act):
    """CPU time of the quickest of three calls, without pauses for a garbage collection of the whole test run."""
    times = []
    gc.collect()
    gc.disable()
    try:
        for _ in range(3):
            started = time.process_time()
            act()
            times.append(time.process_time() - started)
    finally:
        gc.enable()
    return min(times)


def test_an_unclosed_quote_takes_linear_time(read):
    lines = [b'%d,"a ""quoted"" word"\n' % at for at in range(15_000)]
    lines[10] = b'10,"never closed\n'
    whole, others = (b"id,text\n" + b"".join(own) for own in (lines, lines[:10] + lines[11:]))
    rows = read(whole)
    assert [row.number for row in rows if row.reason] == [10]
    assert len(rows) == len(read(others)) + 1
    assert seconds(lambda: read(whole)) < 5 * seconds(lambda: read(others)), "each line is read at most twice"


def test_lines_that_each_leave_a_quote_open_take_linear_time(read):
    few, many = (b"id,text\n" + b'x",""",\n' * count for count in (5_000, 40_000))
    assert all(row.reason == "bad_csv" for row in read(few))
    assert seconds(lambda: read(many)) < 24 * seconds(lambda: read(few))  # 8-fold; quadratic would be 64-fold
