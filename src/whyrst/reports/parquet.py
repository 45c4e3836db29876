"""Parquet: the verdict's own fields as columns, nested ones as structs and lists; times as timestamps in UTC.

It is written row group by row group, through pyarrow (extra `arrow`). The schema is made from the types in `model`.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO

from whyrst.reports.steps import nanoseconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.model import Verdict
    from whyrst.reports.page import View
    from whyrst.reports.source import Source

FORMAT = "parquet"
"""Name of this format."""

NEEDS = ("pyarrow", "arrow")
"""A library that this format needs, and the extra of whyrst that brings it."""

BINARY = True
"""Nothing for a terminal."""

ROWS = 8192
"""Rows of a row group."""

PIECE = 512
"""Verdicts that are held at once before they become columns."""

TIMES = (".time", ".connection.start", ".start", ".end")
"""Fields that hold a time in words and become timestamps."""

ALIASES = {"StrType": "string", "LiteralType": "string", "IntType": "int64", "FloatType": "double", "BoolType": "bool"}
"""Arrow's names of the plain types, by msgspec's."""


def write(source: Source, out: BinaryIO, view: View) -> None:  # noqa: ARG001  (formats have one signature)
    """Write all resets.

    Raises:
        ModuleNotFoundError: pyarrow is not installed.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    form = schema()
    pieces = (pa.RecordBatch.from_pylist(piece, form) for piece in _pieces(source))
    group = list(islice(pieces, ROWS // PIECE))  # read before anything is written: the capture may be unreadable
    with pq.ParquetWriter(out, form, compression="zstd") as writer:
        while group:
            writer.write_table(pa.Table.from_batches(group))
            group = list(islice(pieces, ROWS // PIECE))


def schema(kind: type | None = None) -> Any:
    """The columns, a pyarrow.Schema.

    Args:
        kind: a type of `model` whose fields they are; `Verdict` when none is named.

    Raises:
        ModuleNotFoundError: pyarrow is not installed.
    """
    import msgspec
    import pyarrow as pa

    from whyrst.model import Verdict

    return pa.schema(list(_arrow(msgspec.inspect.type_info(kind or Verdict), "")))


def row(verdict: Verdict) -> dict[str, Any]:
    """The values of one reset."""
    import msgspec

    made: dict[str, Any] = msgspec.to_builtins(verdict)
    made["time"] = nanoseconds(verdict.time)
    made["connection"]["start"] = nanoseconds(verdict.connection.start)
    if verdict.kernel is not None:
        made["kernel"]["socket"] = [(key, str(value)) for key, value in verdict.kernel.socket.items()]
    return made


def _pieces(source: Source) -> Iterator[list[dict[str, Any]]]:
    piece: list[dict[str, Any]] = []
    for judged in source.batches():
        for number in range(len(judged)):
            piece.append(row(judged.verdict(number)))
            if len(piece) == PIECE:
                yield piece
                piece = []
    if piece:
        yield piece


def _arrow(kind: Any, path: str) -> Any:
    """The Arrow type of a field of `model`, by its type as msgspec tells it; of the whole struct, its fields."""
    import pyarrow as pa
    from msgspec import inspect

    made: Any
    match kind:
        case _ if path in TIMES:
            made = pa.timestamp("ns", "UTC")
        case inspect.Metadata():
            made = _arrow(kind.type, path)
        case inspect.StructType():
            fields = [pa.field(one.encode_name, _arrow(one.type, f"{path}.{one.encode_name}")) for one in kind.fields]
            made = pa.struct(fields) if path else fields
        case inspect.UnionType():  # a type or null; a value of several types is written in words
            real = [one for one in kind.types if not isinstance(one, inspect.NoneType)]
            made = _arrow(real[0], path) if len(real) == 1 else pa.string()
        case inspect.VarTupleType():
            made = pa.list_(_arrow(kind.item_type, f"{path}[]"))
        case inspect.TupleType():
            made = pa.list_(_arrow(kind.item_types[0], f"{path}[]"))
        case inspect.DictType():
            made = pa.map_(pa.string(), _arrow(kind.value_type, f"{path}[]"))
        case _:
            made = pa.type_for_alias(ALIASES[type(kind).__name__])
    return made
