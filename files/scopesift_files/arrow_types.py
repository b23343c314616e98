"""Arrow types in their plain form: what every Arrow and DuckDB function takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def plain_type(kind: Any) -> Any:
    """An Arrow type with views replaced by the types that hold the same values, also inside of lists and structs."""
    import pyarrow as pa

    is_type = pa.types
    if is_type.is_string_view(kind):
        return pa.string()
    if is_type.is_binary_view(kind):
        return pa.binary()
    if is_type.is_list(kind) or is_type.is_list_view(kind):
        return pa.list_(_plain_field(kind.value_field))
    if is_type.is_large_list(kind) or is_type.is_large_list_view(kind):
        return pa.large_list(_plain_field(kind.value_field))
    if is_type.is_fixed_size_list(kind):
        return pa.list_(_plain_field(kind.value_field), kind.list_size)
    if is_type.is_map(kind):
        return pa.map_(_plain_field(kind.key_field), _plain_field(kind.item_field), kind.keys_sorted)
    if is_type.is_struct(kind):
        return pa.struct([_plain_field(kind.field(at)) for at in range(kind.num_fields)])
    if is_type.is_dictionary(kind):
        return pa.dictionary(kind.index_type, plain_type(kind.value_type), kind.ordered)
    return kind


def plain_schema(schema: Any) -> Any:
    """A schema with the plain form of every type."""
    import pyarrow as pa

    return pa.schema([_plain_field(field) for field in schema], metadata=schema.metadata)


def plain_table(table: Any) -> Any:
    """A table with columns of plain types; the same table if they are.

    Raises:
        pyarrow.ArrowException: Arrow can't cast a column.
    """
    schema = plain_schema(table.schema)
    if schema == table.schema:
        return table
    import pyarrow as pa

    columns = []
    for column, field in zip(table.columns, schema, strict=True):
        try:
            columns.append(column.cast(field.type))
        except pa.ArrowNotImplementedError:  # a cast that this version lacks: value by value
            columns.append(pa.chunked_array([pa.array(column.to_pylist(), field.type)]))
    return pa.table(columns, schema=schema)


def take_rows(table: Any, places: Sequence[int]) -> Any:
    """Rows of a table, by number."""
    import pyarrow as pa

    try:
        return table.take(pa.array(places, pa.int64()))
    except pa.ArrowNotImplementedError:  # of a type that this version cannot select from
        return pa.concat_tables([table.slice(0, 0), *(table.slice(place, 1) for place in places)])


def _plain_field(field: Any) -> Any:
    return field.with_type(plain_type(field.type))
