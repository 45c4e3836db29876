"""Lines of connections as `find` wrote them, read back."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from whyrst.fast.tables import End, Log
from whyrst.fleet.store import of_file, stored

if TYPE_CHECKING:
    from whyrst.resets.facts import Column, Mask

RESET = End.CLIENT_RST | End.SERVER_RST


class Lines(NamedTuple):
    """Connections of one capture, in the order in which they appeared.

    Attributes:
        log: shape (Log.COUNT, n).
        flow: their flows.
        wanted: reset, or perhaps not finished when it was written.
    """

    log: Column
    flow: Column
    wanted: Mask


def lines(out: str, key: str) -> Lines:
    """All lines of one capture."""
    import pyarrow.parquet as pq

    with stored(_path(out, key)) as file:
        table = pq.ParquetFile(file).read(use_threads=False)
    log = np.zeros((Log.COUNT, len(table)), dtype=np.int64)
    for cell in Log:
        if cell is not Log.COUNT:
            log[cell] = table[cell.name.lower()].to_numpy()
    wanted = ((log[Log.END] & RESET) != 0) | ~table["settled"].to_numpy()
    return Lines(log, table["flow"].to_numpy(), wanted)


def count(out: str, key: str) -> int:
    """How many lines a capture has."""
    import pyarrow.parquet as pq

    with stored(_path(out, key)) as file:
        return int(pq.ParquetFile(file).metadata.num_rows)


def flows_of(out: str, key: str) -> tuple[Column, Mask]:
    """Flows of the lines of one capture, and which are wanted whatever other captures hold."""
    import pyarrow.parquet as pq

    with stored(_path(out, key)) as file:
        table = pq.ParquetFile(file).read(columns=["flow", "end", "settled"], use_threads=False)
    wanted = ((table["end"].to_numpy() & RESET) != 0) | ~table["settled"].to_numpy()
    return table["flow"].to_numpy(), wanted


def _path(out: str, key: str) -> str:
    return os.path.join(of_file(out, key), "lines.parquet")
