"""Turns columns of any Arrow type into text that reads back as the same value."""

import json

import pyarrow as pa
import pyarrow.compute as compute

from ingest.errors import Unfit


def as_text(column: pa.Array, name: str) -> pa.Array:
    """The column as text: times in ISO 8601 (UTC where they have a zone), numbers without a false `.0`.

    Lists and structures become JSON. Raises `Unfit` for bytes that are no text.
    """
    kind = column.type
    if pa.types.is_dictionary(kind):
        return as_text(column.dictionary_decode(), name)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return _checked(column.cast(pa.string()), name)
    if pa.types.is_floating(kind):
        return _number(column.cast(pa.float64()))
    if pa.types.is_timestamp(kind):
        return _moment(column)
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        try:
            return column.cast(pa.string())
        except pa.ArrowInvalid as error:
            raise _no_text(name) from error
    if pa.types.is_nested(kind):
        return pa.array(
            [
                None if v is None else json.dumps(v, default=str, ensure_ascii=False)
                for v in column.to_pylist()
            ],
            pa.string(),
        )
    try:
        return column.cast(pa.string())
    except pa.ArrowException as error:
        raise Unfit("format", f"Column {name!r} holds {kind}, which is no text, number or time.") from error


def _checked(column: pa.Array, name: str) -> pa.Array:
    """The column, whose bytes are what they are declared to be: UTF-8."""
    try:
        column.validate(full=True)
    except pa.ArrowInvalid as error:
        raise _no_text(name) from error
    return column


def _no_text(name: str) -> Unfit:
    return Unfit("encoding", f"Column {name!r} holds bytes that are no text in UTF-8 (encoding).")


def _number(column: pa.Array) -> pa.Array:
    """Whole numbers as whole numbers: a column of ids with gaps is often stored as floating point."""
    if column.null_count == len(column):
        return column.cast(pa.string())
    column = compute.if_else(compute.is_nan(column), pa.scalar(None, pa.float64()), column)  # none in pandas
    whole = compute.and_(
        compute.equal(column, compute.round(column)), compute.less(compute.abs(column), 1e15)
    )
    integers = compute.if_else(whole, column, pa.scalar(0.0)).cast(pa.int64()).cast(pa.string())
    return compute.if_else(whole, integers, column.cast(pa.string()))


def _moment(column: pa.Array) -> pa.Array:
    zoned = column.type.tz is not None
    plain = column.cast(pa.timestamp("us", column.type.tz), safe=False)
    text = plain.cast(pa.timestamp("us")).cast(pa.string())
    return compute.binary_join_element_wise(text, "Z", "") if zoned else text
