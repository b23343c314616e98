"""Tables that fit the terminal."""

import io

import pytest
from rich.console import Console

from scopesift.terminal.tables import Column, FittedTable, decimals, interval, numbers

NAMES = ("one", "two", "three")


def shown(table, width):
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(table)
    return console.export_text().splitlines()


@pytest.fixture
def table():
    columns = [Column("what"), Column("why", least=10, drop=1), *numbers(*NAMES)]
    table = FittedTable(columns, title="title", note="note")
    table.add_row("first", "because of several words", "0.11", "0.22", "0.33")
    table.add_row("second", "–", "0.44", "0.55", "0.66")
    return table


@pytest.mark.parametrize("width", [80, 60, 45, 36, 30, 20])
def test_no_line_is_wider_than_the_terminal_and_no_number_is_cut_off(table, width):
    lines = shown(table, width)
    assert max(map(len, lines)) <= width
    assert {"first", "second", "0.11", "0.22", "0.33", "0.44", "0.55", "0.66"} <= set(" ".join(lines).split())
    assert (lines[0].strip(), lines[-1].strip()) == ("title", "note")


def test_words_wrap_before_a_column_is_left_out(table):
    assert "because of several words" in shown(table, 60)[3]
    narrower = shown(table, 36)
    assert "several" in " ".join(narrower)
    assert "left out" not in " ".join(narrower)


def test_a_column_that_is_left_out_is_named_below(table):
    lines = shown(table, 30)
    assert "because" not in " ".join(lines)
    assert " ".join(" ".join(lines[-3:]).split()).startswith("left out for want of width: why")


def test_a_terminal_too_narrow_for_numbers_gets_a_paragraph_a_row(table):
    lines = [line.strip() for line in shown(table, 20)]
    assert lines[1] == "first"
    assert "one 0.11" in lines
    assert "why –" not in " ".join(lines)


def test_wide_characters_count_double():
    table = FittedTable([Column("a"), Column("b")])
    table.add_row("漢字漢字", "x")
    assert len(shown(table, 20)[-1].rstrip()) == len("漢字漢字  x")


def test_a_row_has_a_cell_a_column(table):
    with pytest.raises(ValueError, match="expected 5 cells, got 1"):
        table.add_row("one")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "–"),
        (0.125, "0.12"),
        (0.998, "0.998"),
        (0.002, "0.002"),
        (0, "0.00"),
        (1.0, "1.00"),
        (0.995, "0.99"),
    ],
)
def test_a_share_that_is_not_all_is_not_shown_as_all(value, said):
    assert decimals(value) == said


def test_an_interval_shows_both_ends():
    assert interval([0.72, 0.868]) == "0.72–0.87"
    assert interval(None) == "–"
