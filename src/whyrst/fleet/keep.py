"""The second step: choose the flows of a capture point that must be followed again, and keep only their segments.

Wanted are flows with a reset anywhere at the point, and flows that stand in more than one of its captures: whether
these are one connection that goes on, two, or one that was captured twice, only their segments can tell.
"""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from whyrst.capture.errors import CaptureError
from whyrst.connections.tracker import PAYLOAD
from whyrst.fast.layout import Flag, Seg
from whyrst.fleet import flows
from whyrst.fleet.lines import count, flows_of
from whyrst.fleet.objects import local
from whyrst.fleet.store import note, noted, of_file, of_point, replacing, written
from whyrst.resets.facts import distinct
from whyrst.segments.read import read

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whyrst.fleet.archive import File
    from whyrst.resets.facts import Column
    from whyrst.segments.read import Batch

ROWS = 1 << 16
"""Segments of a row group."""
AT_ONCE = 1 << 24
"""Connections that are looked at together to choose flows; of more, some at a time."""
CELLS = tuple(cell for cell in Seg if cell not in {Seg.COUNT, Seg.PAYLOAD_AT, Seg.NAME_AT, Seg.NAME_LENGTH})
"""Cells that are kept; the others only make sense beside the capture's bytes."""


class Kept(msgspec.Struct, frozen=True):
    """What `keep` took from one capture.

    Attributes:
        stamp: of the state of the capture that was read.
        chosen: digest of the point's wanted flows.
        digest: of those among them that the capture holds.
        segments: rows of the table; there is none without.
        bytes: size of the table.
        lost: why it could not be read again.
    """

    stamp: str
    chosen: str
    digest: str
    segments: int
    bytes: int
    lost: str | None = None


class Choice(msgspec.Struct, frozen=True):
    """The wanted flows of a capture point.

    Attributes:
        inputs: digest of the states of its captures.
        chosen: digest of the flows.
        flows: how many.
    """

    inputs: str
    chosen: str
    flows: int


def choose(key: str, files: Sequence[str], inputs: str, out: str) -> Choice:
    """Write down the wanted flows of a capture point.

    Args:
        key: the point's.
        files: keys of its captures.
        inputs: digest of their states.
        out: OUT.
    """
    bits = (sum(count(out, one) for one in files) // AT_ONCE).bit_length()
    chosen = np.concatenate([_chosen(files, part - (1 << bits >> 1), bits, out) for part in range(1 << bits)])
    with replacing(wanted_path(out, key)) as name, open(name, "wb") as file:
        np.save(file, chosen)
    made = Choice(inputs, _digest(chosen), len(chosen))
    note(_choice_path(out, key), made)
    return made


def _chosen(files: Sequence[str], part: int, bits: int, out: str) -> Column:
    """The wanted flows among those whose numbers begin with these bits."""
    reset, every = [np.zeros(0, dtype=np.int64)], []
    for one in files:
        flow, wanted = flows_of(out, one)
        here = flow >> (64 - bits) == part if bits else np.ones(len(flow), dtype=bool)
        reset.append(flow[here & wanted])
        every.append(distinct(flow[here]))
    return distinct(np.concatenate([*reset, flows.repeated(every)]))


def chosen_before(key: str, out: str) -> Choice | None:
    """What was chosen at a point, from whatever captures."""
    return noted(_choice_path(out, key), Choice)


def wanted_path(out: str, key: str) -> str:
    """Where the wanted flows of a point stand, sorted."""
    return os.path.join(of_point(out, key), "wanted.npy")


def _choice_path(out: str, key: str) -> str:
    return os.path.join(of_point(out, key), "wanted.json")


def _digest(flow: Column) -> str:
    return hashlib.blake2b(np.ascontiguousarray(flow).tobytes(), digest_size=16).hexdigest()


def keep(file: File, point: str, chosen: str, out: str) -> Kept:
    """Keep the segments of the point's wanted flows that a capture holds, unless that was done for the same flows.

    Args:
        file: the capture.
        point: the point's key.
        chosen: digest of the wanted flows.
        out: OUT.

    Raises:
        OSError: OUT cannot be written.
    """
    folder = of_file(out, file.key)
    wanted = np.load(wanted_path(out, point), mmap_mode="r")
    mine = distinct(flows_of(out, file.key)[0])
    mine = mine[flows.among(mine, wanted)]
    done = kept_before(file.key, out)
    segments = size = 0
    lost = None
    if done is not None and (done.stamp, done.digest, done.lost) == (file.stamp, _digest(mine), None):
        segments, size = done.segments, done.bytes
    elif len(mine):
        try:
            segments, size = _copy(file, mine, os.path.join(folder, "kept.parquet"))
        except CaptureError as error:
            if done is not None and done.stamp == file.stamp and done.segments:
                segments, size = done.segments, done.bytes  # what was kept before is better than nothing
            lost = error.reason
    made = Kept(file.stamp, chosen, _digest(mine), segments, size, lost)
    note(os.path.join(folder, "kept.json"), made)
    return made


def kept_before(key: str, out: str) -> Kept | None:
    """What was kept of a capture, whatever its state was."""
    return noted(os.path.join(of_file(out, key), "kept.json"), Kept)


def _copy(file: File, wanted: Column, target: str) -> tuple[int, int]:
    """Write the segments of these flows; gives their number and the size of the table."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = [(cell.name.lower(), pa.int64()) for cell in CELLS]
    more = [("order", pa.int64()), ("ordinal", pa.int64()), ("name", pa.binary()), ("payload", pa.binary())]
    schema = pa.schema([*names, *more])
    count = 0
    with local(file.path) as path, replacing(target) as name:
        with written(name) as table, pq.ParquetWriter(table, schema, compression="zstd") as out:
            pending: list[Any] = []
            for piece in _pieces(path, wanted, schema):
                pending.append(piece)
                count += len(piece)
                if sum(map(len, pending)) >= ROWS:
                    out.write_table(pa.Table.from_batches(pending))
                    pending = []
            if pending:
                out.write_table(pa.Table.from_batches(pending))
        size = os.path.getsize(name)
    return count, size


def _pieces(path: str, wanted: Column, schema: Any) -> Any:
    """Record batches of the wanted segments, batch after batch."""
    (series,) = read([path])
    latest = ordinal = 0
    for batch in series:
        order = np.maximum.accumulate(np.maximum(batch.rows[:, Seg.TIME], latest))
        chosen = np.flatnonzero(flows.among(flows.of_segments(batch.rows), wanted))
        if len(chosen):
            yield _piece(batch, chosen, order[chosen], ordinal + chosen, schema)
        latest = int(order[-1])
        ordinal += len(batch.rows)


def _piece(batch: Batch, chosen: Column, order: Column, ordinal: Column, schema: Any) -> Any:
    import pyarrow as pa

    rows = batch.rows[chosen]
    names = [bytes(batch.buffer[at : at + n]) for at, n in rows[:, [Seg.NAME_AT, Seg.NAME_LENGTH]].tolist()]
    resets = (rows[:, Seg.FLAGS] & Flag.RST) != 0
    have = np.where(resets, np.minimum(rows[:, Seg.PAYLOAD_HAVE], PAYLOAD), 0)
    payloads = [
        bytes(batch.buffer[at : at + n]) if n > 0 else b""
        for at, n in zip(rows[:, Seg.PAYLOAD_AT].tolist(), have.tolist(), strict=True)
    ]
    cells = [pa.array(np.ascontiguousarray(rows[:, cell])) for cell in CELLS]
    return pa.RecordBatch.from_arrays(
        [*cells, pa.array(order), pa.array(ordinal), pa.array(names, pa.binary()), pa.array(payloads, pa.binary())],
        schema=schema,
    )
