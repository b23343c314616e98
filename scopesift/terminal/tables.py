"""Tables that fit the terminal: columns are left out where it is narrow, or every row becomes a paragraph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

WIDE, NARROW = 2, 1
"""Spaces between columns; the smaller number where the larger would cost a column."""
PAIRS = " · "
INDENT = 2
NOTHING = ("", "–")


@dataclass(frozen=True)
class Column:
    """A column.

    Attributes:
        name: Heading; wraps between words.
        right: Aligned right, as numbers are.
        least: Width down to which its cells wrap; None: they don't.
        drop: Columns with larger numbers are left out first in a narrow terminal; 0: never.
    """

    name: str
    right: bool = False
    least: int | None = None
    drop: int = 0


def numbers(*names: str) -> list[Column]:
    """Columns of numbers that are always shown."""
    return [Column(name, right=True) for name in names]


class FittedTable:
    """A table as wide as the terminal at most.

    First the columns' spacing shrinks, then columns that may be dropped are left out, and said so below; if it still
    does not fit, each row is a paragraph of `name value` pairs. Nothing is ever cut off.
    """

    def __init__(
        self, columns: Sequence[Column], *, title: str = "", note: str = "", indent: int = 0
    ) -> None:
        """An empty table; the note is printed below it, rows are indented by some spaces."""
        self.columns, self.title, self.note, self.indent = list(columns), title, note, indent
        self._rows: list[tuple[list[Text], str]] = []

    def add_row(self, *cells: str | Text, style: str = "") -> None:
        """Add a row, a cell a column.

        Raises:
            ValueError: Another number of cells than columns.
        """
        if len(cells) != len(self.columns):
            raise ValueError(f"expected {len(self.columns)} cells, got {len(cells)}")
        self._rows.append(([Text(cell) if isinstance(cell, str) else cell for cell in cells], style))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Render within `options.max_width`."""
        width = options.max_width - self.indent
        if self.title:
            yield Text(self.title, style="bold")
        shown, widths = self._fit(width)
        if widths is None:
            yield from self._paragraphs(width)
        else:
            table = self._table(shown, widths, WIDE if _total(widths, WIDE) <= width else NARROW)
            yield Padding(table, (0, 0, 0, self.indent)) if self.indent else table
        left_out = [one.name for at, one in enumerate(self.columns) if at not in shown and one.name]
        if left_out and widths is not None:
            yield Text(f"left out for want of width: {', '.join(left_out)}", style="dim")
        if self.note:
            yield Text(self.note, style="dim")

    def _fit(self, width: int) -> tuple[list[int], list[int] | None]:
        """The columns that fit in a width, and the width of each; None if not even the necessary ones do."""
        shown = list(range(len(self.columns)))
        while True:
            least = [self._least(at) for at in shown]
            if _total(least, NARROW) <= width:
                gap = WIDE if _total(least, WIDE) <= width else NARROW
                return shown, self._widen(shown, least, width - _total(least, gap))
            droppable = [at for at in shown if self.columns[at].drop]
            if not droppable:
                return list(range(len(self.columns))), None
            shown.remove(max(droppable, key=lambda at: self.columns[at].drop))

    def _widen(self, shown: Sequence[int], least: Sequence[int], spare: int) -> list[int]:
        """Widths with the spare space given to cells that would wrap, the shortest wish first."""
        widths = list(least)
        wishes = sorted(
            (max(self._natural(at), cell_len(self.columns[at].name), wide) - wide, place)
            for place, (at, wide) in enumerate(zip(shown, least, strict=True))
        )
        for done, (wish, place) in enumerate(wishes):
            given = min(wish, spare // (len(wishes) - done))
            widths[place], spare = widths[place] + given, spare - given
        return widths

    def _natural(self, at: int) -> int:
        return max(
            (cell_len(line) for cells, _ in self._rows for line in cells[at].plain.split("\n")), default=0
        )

    def _least(self, at: int) -> int:
        column = self.columns[at]
        longest_word = max((cell_len(word) for word in column.name.split()), default=0)
        needed = self._natural(at) if column.least is None else min(self._natural(at), column.least)
        return max(longest_word, needed, 1)

    def _table(self, shown: Sequence[int], widths: Sequence[int], gap: int) -> Table:
        # the box's own divider is one of the spaces between columns
        table = Table(
            box=box.SIMPLE_HEAD,
            show_header=any(self.columns[at].name for at in shown),
            show_edge=False,
            pad_edge=False,
            padding=(0, gap - 1, 0, 0),
        )
        for at, wide in zip(shown, widths, strict=True):
            column = self.columns[at]
            table.add_column(
                column.name, justify="right" if column.right else "left", width=wide, overflow="fold"
            )
        for cells, style in self._rows:
            table.add_row(*(cells[at] for at in shown), style=style)
        return table

    def _paragraphs(self, width: int) -> RenderResult:
        for cells, style in self._rows:
            yield Text(cells[0].plain or self.columns[0].name, style=style or "bold")
            pairs = [
                Text.assemble((f"{column.name} ", "dim"), cell) if column.name else cell
                for column, cell in zip(self.columns[1:], cells[1:], strict=True)
                if cell.plain not in NOTHING
            ]
            yield from _wrapped(pairs, width - INDENT)


def _wrapped(pairs: Sequence[Text], width: int) -> RenderResult:
    """Lines of pairs; one is broken only if it is wider than a line."""
    line = Text()
    for pair in pairs:
        if line and cell_len(line.plain) + len(PAIRS) + cell_len(pair.plain) > width:
            yield Padding(line, (0, 0, 0, INDENT))
            line = Text()
        line = Text(PAIRS).join([line, pair]) if line else pair.copy()
    if line:
        yield Padding(line, (0, 0, 0, INDENT))


def _total(widths: Sequence[int], gap: int) -> int:
    return sum(widths) + gap * (len(widths) - 1)


def decimals(value: float | None) -> str:
    """Two decimals; three for a share that two would show as 0 or 1 and that is neither; – for None."""
    if value is None:
        return "–"
    shown = f"{value:.2f}"
    return f"{value:.3f}" if shown in ("0.00", "1.00", "-0.00") and value not in (0, 1) else shown


def interval(ends: Sequence[float] | None) -> str:
    """Low and high end of an interval."""
    return f"{decimals(ends[0])}–{decimals(ends[1])}" if ends else "–"
