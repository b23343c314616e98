"""Arrow types without views (`string_view`, …), which some Arrow and DuckDB functions don't support."""

from __future__ import annotations

from typing import Any


def plain_type(kind: Any) -> Any:
    """An Arrow type with views replaced by the types that hold the same values, also inside lists and structs."""
    import pyarrow as pa

    if kind == pa.string_view():
        return pa.string()
    if kind == pa.binary_view():
        return pa.binary()
    if pa.types.is_list(kind) or pa.types.is_list_view(kind):
        return pa.list_(_plain_field(kind.value_field))
    if pa.types.is_large_list(kind) or pa.types.is_large_list_view(kind):
        return pa.large_list(_plain_field(kind.value_field))
    if pa.types.is_fixed_size_list(kind):
        return pa.list_(_plain_field(kind.value_field), kind.list_size)
    if pa.types.is_map(kind):
        return pa.map_(_plain_field(kind.key_field), _plain_field(kind.item_field), kind.keys_sorted)
    if pa.types.is_struct(kind):
        return pa.struct([_plain_field(kind.field(at)) for at in range(kind.num_fields)])
    if pa.types.is_dictionary(kind):
        return pa.dictionary(kind.index_type, plain_type(kind.value_type), kind.ordered)
    return kind


def plain_table(table: Any) -> Any:
    """The table with all columns cast to plain types; the same object if nothing needs casting.

    Raises:
        pyarrow.ArrowException: a column can't be cast.
    """
    import pyarrow as pa

    schema = pa.schema([_plain_field(field) for field in table.schema], metadata=table.schema.metadata)
    return table if schema == table.schema else table.cast(schema)


def _plain_field(field: Any) -> Any:
    return field.with_type(plain_type(field.type))
