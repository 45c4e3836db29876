"""A number for the flow that a segment or a connection belongs to, equal for both directions.

The tracker knows a connection by its addresses and ports, so these decide; tunnels do not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whyrst.fast.layout import Seg
from whyrst.fast.tables import Conn, Log
from whyrst.resets.facts import distinct
from whyrst.resets.timeline import mix

if TYPE_CHECKING:
    from whyrst.resets.facts import Column, Mask


def of_segments(rows: Column) -> Column:
    """Flows of segments, rows of `Seg` cells."""
    a = mix(rows[:, Seg.SRC_HI], rows[:, Seg.SRC_LO], rows[:, Seg.SPORT])
    b = mix(rows[:, Seg.DST_HI], rows[:, Seg.DST_LO], rows[:, Seg.DPORT])
    return mix(np.minimum(a, b), np.maximum(a, b))


def of_lines(log: Column) -> Column:
    """Flows of connections, columns of `Log` cells."""
    return _of_ends(*(log[cell] for cell in _LINE))


def of_connections(cells: Column) -> Column:
    """Flows of connections, columns of `Conn` cells."""
    return _of_ends(*(cells[cell] for cell in _CONNECTION))


_LINE = (Log.CLIENT_HI, Log.CLIENT_LO, Log.SERVER_HI, Log.SERVER_LO, Log.PORTS)
_CONNECTION = (Conn.CLIENT_HI, Conn.CLIENT_LO, Conn.SERVER_HI, Conn.SERVER_LO, Conn.PORTS)


def _of_ends(client_hi: Column, client_lo: Column, server_hi: Column, server_lo: Column, ports: Column) -> Column:
    a = mix(client_hi, client_lo, ports >> 16)
    b = mix(server_hi, server_lo, ports & 0xFFFF)
    return mix(np.minimum(a, b), np.maximum(a, b))


def among(values: Column, ordered: Column) -> Mask:
    """Whether each value is among others, which are sorted."""
    if len(ordered) == 0:
        return np.zeros(len(values), dtype=bool)
    at = np.minimum(np.searchsorted(ordered, values), len(ordered) - 1)
    found: Mask = ordered[at] == values
    return found


def repeated(many: list[Column]) -> Column:
    """Values that stand in more than one of these columns, sorted."""
    whole = np.sort(np.concatenate([distinct(one) for one in many])) if many else np.zeros(0, dtype=np.int64)
    return distinct(whole[1:][whole[1:] == whole[:-1]])
