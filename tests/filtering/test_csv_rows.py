import pytest
from scopesift_files.errors import InputError
from scopesift_filtering.inputs import InputFile
from scopesift_filtering.settings import FilterSettings
from scopesift_filtering.text_rows import csv_rows


@pytest.fixture
def read(tmp_path):
    def rows(data):
        path = tmp_path / "a.csv"
        path.write_bytes(data)
        return list(csv_rows(InputFile(str(path), "csv", len(data)), 0, FilterSettings()))

    return rows


def test_quoted_line_breaks_and_commas_belong_to_the_field(read):
    (row, other) = read(b'id,text\r\n1,"two\nlines, and ""quotes"""\r\n2,plain\r\n')
    assert row.text == 'two\nlines, and "quotes"'
    assert (row.line, other.line, other.row) == (2, 4, 1)


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


def test_a_header_that_names_a_column_twice_is_refused(read):
    with pytest.raises(InputError, match="twice"):
        read(b"text,text\na,b\n")
