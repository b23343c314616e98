"""The condition: SQL over the input's columns and ours, checked at the start and evaluated by DuckDB."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from scopesift_files.errors import UsageError

# one thread and no file access: a condition only reads its row
CONFIG = {
    "threads": "1",
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}
OPTION = "--where"  # of the command line; Python's is called otherwise
COMPARED = ("COMPARE_EQUAL", "COMPARE_NOTEQUAL", "COMPARE_IN", "COMPARE_NOT_IN")
JOINED = "FROM input POSITIONAL JOIN ours"


@dataclass(frozen=True)
class Condition:
    """A parsed condition.

    Attributes:
        parts: terms of its top-level AND, as SQL; the reasons of dropped rows.
        columns: its column references, each a path of names.
        comparisons: columns that are compared with a string by `=`, `<>` or IN, each with one of the strings.
        setting: what it is given as, "--where" or "where"; messages begin with it.
    """

    parts: tuple[str, ...]
    columns: tuple[tuple[str, ...], ...]
    comparisons: tuple[tuple[tuple[str, ...], str], ...]
    setting: str

    def input_columns(self, inputs: Sequence[str], ours: Sequence[str]) -> list[str]:
        """The input's columns that the condition reads.

        Args:
            inputs: names of the input's columns.
            ours: names of our columns.

        Raises:
            UsageError: a name that is both an input column and ours, or neither.
        """
        by_fold = {name.casefold(): name for name in inputs}
        own = {name.casefold() for name in ours}
        read: list[str] = []
        for path in self.columns:
            first = path[0].casefold()
            if first == "ours" and len(path) > 1:
                name, there = path[1], ours
                if path[1].casefold() in own:
                    continue
            elif first == "input" and len(path) > 1:
                name, there = path[1], inputs
            else:
                name, there = path[0], [*inputs, *ours]
                if first in own and first in by_fold:
                    raise UsageError(
                        f"{self.setting}: {name!r} is a column of the input and one of ours; "
                        f"write input.{name} or ours.{name}"
                    )
                if first in own:
                    continue
            if name.casefold() not in by_fold:
                known = ", ".join(there[:40]) or "none"
                raise UsageError(f"{self.setting}: there is no column {'.'.join(path)!r}; there are {known}")
            if by_fold[name.casefold()] not in read:
                read.append(by_fold[name.casefold()])
        return read

    def unqualified(self, ours: Sequence[str]) -> set[str]:
        """Our columns that it names without `ours.`, case-folded; rows with a column of that name are ambiguous."""
        own = {name.casefold() for name in ours}
        return {path[0].casefold() for path in self.columns} & own


def parse_condition(sql: str, setting: str = OPTION) -> Condition:
    """Parse a condition with DuckDB's own parser.

    Args:
        sql: the condition; blank: every row meets it.
        setting: what it is given as, in messages.

    Raises:
        UsageError: not one SQL expression, or one that depends on more than its row: subqueries, aggregates, windows,
            and non-deterministic functions (random, now).
    """
    if not sql.strip():
        return Condition((), (), (), setting)
    connection = _connect()
    statement = f"SELECT * FROM input WHERE ({sql}\n)"  # noqa: S608
    tree = json.loads(connection.execute("SELECT json_serialize_sql(?)", [statement]).fetchall()[0][0])
    if tree.get("error"):
        raise UsageError(f"{setting}: {_one_line(str(tree.get('error_message')))}; it is {sql!r}")
    node = tree["statements"][0]["node"]
    where = node.get("where_clause")
    sound = len(tree["statements"]) == 1 and node["type"] == "SELECT_NODE" and where is not None
    if not sound or node["modifiers"] or node["group_expressions"] or node["having"] or node["qualify"]:
        raise UsageError(f"{setting}: expected one SQL expression, got {sql!r}")
    changing = {
        name
        for (name,) in connection.execute(
            "SELECT DISTINCT function_name FROM duckdb_functions() WHERE stability <> 'CONSISTENT'"
        ).fetchall()
    } - {"error"}
    columns: list[tuple[str, ...]] = []
    compared: list[tuple[tuple[str, ...], dict[str, Any]]] = []
    for item in _walk(where):
        kind = item.get("class")
        if kind in ("SUBQUERY", "WINDOW"):
            raise UsageError(f"{setting}: a {kind.lower()} depends on more than its row; leave it out")
        name = str(item.get("function_name", "")).lower()
        if kind == "COLUMN_REF":
            columns.append(tuple(item["column_names"]))
            name = item["column_names"][0].lower() if len(item["column_names"]) == 1 else ""
        compared += _compared(item)
        if name in changing:
            raise UsageError(f"{setting}: {name} is not deterministic, so a run could not be resumed")
    conjunction = where.get("type") == "CONJUNCTION_AND"
    parts = [_sql_of(connection, tree, child) for child in (where["children"] if conjunction else [where])]
    # DuckDB reads its own constants, whose form in the tree depends on its version
    constants = [constant for _, constant in compared]
    values = connection.execute(_select(connection, tree, constants)).fetchall()[0] if constants else ()
    connection.close()
    pairs = zip((path for path, _ in compared), values, strict=True)
    comparisons = dict.fromkeys((path, value) for path, value in pairs if isinstance(value, str))
    return Condition(tuple(parts), tuple(dict.fromkeys(columns)), tuple(comparisons), setting)


class CompiledCondition:
    """Evaluates the parts of a condition for rows."""

    def __init__(
        self, parts: Sequence[str], input_schema: Any, our_schema: Any, setting: str = OPTION
    ) -> None:
        """Check the parts against the columns.

        Args:
            parts: SQL expressions.
            input_schema: Arrow schema of the input columns that they read.
            our_schema: of our columns.
            setting: what the condition is given as, in messages.

        Raises:
            UsageError: an unknown name, a wrong type or function, or a part that is not boolean.
        """
        self.parts = tuple(parts)
        self.input_schema, self.our_schema = input_schema, our_schema
        if not self.parts:
            return
        import duckdb

        for part in self.parts:
            try:
                types = self._run([part], _nothing(input_schema), _nothing(our_schema), types=True)
            except duckdb.Error as error:
                raise UsageError(f"{setting}: {_one_line(str(error))}") from None
            if types != ["BOOLEAN"]:
                raise UsageError(
                    f"{setting}: {part} gives {types[0]}, expected a comparison that is true or false"
                )

    def judge(self, inputs: Any, ours: Any) -> tuple[list[tuple[bool | None, ...]], Mapping[int, str]]:
        """Whether each part holds for each row.

        Args:
            inputs: Arrow table of the input columns that the condition reads, `[N]` rows.
            ours: Arrow table of our columns.

        Returns:
            For each row the parts' values (None: unknown, as in SQL), and the rows for which they can't be
            evaluated, with DuckDB's error.
        """
        if not self.parts:
            return [() for _ in range(len(ours))], {}
        import duckdb

        try:
            return self._run(list(self.parts), inputs, ours), {}
        except duckdb.Error as error:
            if len(ours) == 1:
                return [()], {0: _one_line(str(error))}
        half = len(ours) // 2
        left, left_bad = self.judge(inputs.slice(0, half), ours.slice(0, half))
        right, right_bad = self.judge(inputs.slice(half), ours.slice(half))
        return left + right, {**left_bad, **{half + at: why for at, why in right_bad.items()}}

    @cached_property
    def _database(self) -> Any:
        return _connect()  # takes longer than judging the rows of a batch

    def _run(self, parts: list[str], inputs: Any, ours: Any, *, types: bool = False) -> list[Any]:
        connection = self._database.cursor()  # threads may judge at the same time, each by its own
        try:
            # DuckDB can't join a table without columns by position
            connection.register("input", inputs if inputs.num_columns else _row_numbers(len(ours)))
            connection.register("ours", ours)
            if types:  # WHERE rejects aggregates, which SELECT accepts
                connection.execute(f"SELECT 1 {JOINED} WHERE ({parts[0]})").fetchall()
            answer = connection.execute(f"SELECT {', '.join(f'({part})' for part in parts)} {JOINED}")
            if types:
                described = [str(column[1]) for column in answer.description]
                answer.fetchall()
                return described
            return answer.fetchall()
        finally:
            connection.close()


def _connect() -> Any:
    try:
        import duckdb
    except ImportError:
        raise UsageError("filtering needs duckdb and fsspec; pip install 'scopesift[filter]'") from None
    return duckdb.connect(":memory:", config=CONFIG)


def _nothing(schema: Any) -> Any:
    """One row of nulls, for which DuckDB evaluates a condition's constants and reports their errors."""
    import pyarrow as pa

    return pa.table([pa.nulls(1, field.type) for field in schema], schema=schema)


def _row_numbers(count: int) -> Any:
    import pyarrow as pa

    return pa.table({"": pa.array(range(count), pa.int64())})


def _sql_of(connection: Any, tree: dict[str, Any], expression: dict[str, Any]) -> str:
    """One expression of a parsed statement as SQL."""
    sql = _select(connection, tree, [expression]).removeprefix("SELECT ")
    return sql[1:-1] if sql.startswith("(") and sql.endswith(")") and _closes_last(sql) else sql


def _select(connection: Any, tree: dict[str, Any], expressions: list[dict[str, Any]]) -> str:
    """A statement that selects expressions of a parsed one from nothing."""
    copy = json.loads(json.dumps(tree))
    node = copy["statements"][0]["node"]
    node["select_list"], node["where_clause"] = expressions, None
    node["from_table"] = {"type": "EMPTY", "alias": "", "sample": None, "query_location": 0}
    sql: str = connection.execute("SELECT json_deserialize_sql(?)", [json.dumps(copy)]).fetchall()[0][0]
    return sql


def _compared(item: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """The columns that a parsed comparison names, each with each of its constants, still parsed."""
    if item.get("type") not in COMPARED:
        return
    sides = item.get("children") or [item["left"], item["right"]]
    constants = [side for side in sides if side["class"] == "CONSTANT"]
    for column in (side for side in sides if side["class"] == "COLUMN_REF"):
        for constant in constants:
            yield tuple(column["column_names"]), constant


def _closes_last(sql: str) -> bool:
    """Whether the first bracket of an expression is closed by its last one; quoted brackets don't count."""
    depth, quote = 0, ""
    for at, letter in enumerate(sql):
        if quote or letter in "'\"":
            # a doubled quote closes and reopens, with the same effect
            quote = "" if letter == quote else quote or letter
            continue
        depth += (letter == "(") - (letter == ")")
        if depth == 0:
            return at == len(sql) - 1
    return False


def _walk(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from _walk(item)
    elif isinstance(value, list):
        for item in value:
            yield from _walk(item)


def _one_line(text: str) -> str:
    return " ".join(text.split("LINE 1:")[0].split())
