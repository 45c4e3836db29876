"""Addresses, times and numbers of resets as people write them, and the fields that sentences may name."""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import re
import struct
from datetime import UTC, datetime
from functools import cache
from string import Formatter
from typing import TYPE_CHECKING

from whyrst.connections.states import State
from whyrst.fast.layout import Flag, Seg
from whyrst.fast.tables import Conn, Dir, Rst
from whyrst.resets.constants import NETWORK, SERVER, nearest
from whyrst.resets.facts import SECOND

if TYPE_CHECKING:
    from collections.abc import Callable

    from whyrst.resets.columns import Resets

V4_MAPPED = 0xFFFF


def address(hi: int, lo: int) -> str:
    """An address from its two halves (`Seg.SRC_HI`, `Seg.SRC_LO`)."""
    if hi == 0 and lo >> 32 == V4_MAPPED:
        return str(ipaddress.IPv4Address(lo & 0xFFFFFFFF))
    return str(ipaddress.IPv6Address((hi & 0xFFFFFFFFFFFFFFFF) << 64 | (lo & 0xFFFFFFFFFFFFFFFF)))


def endpoint(hi: int, lo: int, port: int) -> str:
    """ip:port, or [ip]:port for IPv6."""
    ip = address(hi, lo)
    return f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"


def packed(hi: int, lo: int) -> bytes:
    """The address as 4 or 16 bytes in network order."""
    if hi == 0 and lo >> 32 == V4_MAPPED:
        return struct.pack(">I", lo & 0xFFFFFFFF)
    return struct.pack(">QQ", hi & 0xFFFFFFFFFFFFFFFF, lo & 0xFFFFFFFFFFFFFFFF)


def community_id(a: bytes, a_port: int, b: bytes, b_port: int, seed: int = 0) -> str:
    """Community ID v1 of a TCP connection.

    Args:
        a: one address in network order.
        a_port: its port.
        b: the other address.
        b_port: its port.
        seed: as the specification has it.
    """
    if (a, a_port) > (b, b_port):
        a, a_port, b, b_port = b, b_port, a, a_port
    data = struct.pack(">H", seed) + a + b + struct.pack(">BBHH", 6, 0, a_port, b_port)
    return "1:" + base64.b64encode(hashlib.sha1(data, usedforsecurity=False).digest()).decode()


def iso(ns: int) -> str:
    """ISO 8601 in UTC with nanoseconds; out of range times are shown as seconds since 1970."""
    seconds, rest = divmod(ns, SECOND)
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"
    except (OverflowError, ValueError, OSError):
        return f"1970-01-01T00:00:00Z+{ns / SECOND:.9f}s"


def duration(ns: int) -> str:
    """A time span with a fitting unit and three figures."""
    seconds = ns / SECOND
    if seconds < 1e-3:  # noqa: PLR2004
        return f"{seconds * 1e6:.0f} us"
    if seconds < 0.9995:  # noqa: PLR2004 - what rounds to 1000 ms is a second
        return f"{seconds * 1e3:.3g} ms"
    if seconds < 600:  # noqa: PLR2004
        return f"{seconds:.3g} s" if seconds < 100 else f"{seconds:.0f} s"  # noqa: PLR2004
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"  # noqa: PLR2004


FLAG_NAMES = tuple((int(flag), str(flag.name)) for flag in Flag)
"""Flags in the header's order, from FIN on."""


def flag_names(flags: int) -> str:
    """Flags as RST,ACK."""
    return ",".join(name for bit, name in FLAG_NAMES if flags & bit)


STATE_NAMES = tuple(s.name.replace("_", "-") for s in State)


def _role(r: Resets, i: int, *, sender: bool) -> str:
    return "client" if bool(r.by_client[i]) == sender else "server"


def _constant(ns: int, table: tuple[object, ...]) -> str:
    import numpy as np

    known = NETWORK if table is NETWORK else SERVER
    at = int(nearest(np.array([ns / SECOND]), known)[0])
    return f"{known[at].seconds:g} s: {known[at].who}" if at >= 0 else "no known constant"


ALERTS = {
    0: "close_notify", 10: "unexpected_message", 20: "bad_record_mac", 40: "handshake_failure", 42: "bad_certificate",
    43: "unsupported_certificate", 44: "certificate_revoked", 45: "certificate_expired", 46: "certificate_unknown",
    47: "illegal_parameter", 48: "unknown_ca", 49: "access_denied", 50: "decode_error", 51: "decrypt_error",
    70: "protocol_version", 71: "insufficient_security", 80: "internal_error", 86: "inappropriate_fallback",
    90: "user_canceled", 109: "missing_extension", 112: "unrecognized_name", 116: "certificate_required",
    120: "no_application_protocol",
}  # fmt: skip
"""TLS alert descriptions, RFC 8446 section 6."""


def _ending(r: Resets, i: int) -> str:
    if r.sender(Dir.RSTS)[i] > 0:
        return f"the {_role(r, i, sender=True)} had reset it in frame {int(r.sender(Dir.RST_FRAME)[i])}"
    if r.peer(Dir.RSTS)[i] > 0:
        return f"the {_role(r, i, sender=False)} had reset it in frame {int(r.peer(Dir.RST_FRAME)[i])}"
    mine, theirs = int(r.sender(Dir.FIN_FRAME)[i]), int(r.peer(Dir.FIN_FRAME)[i])
    return f"both sides had closed, in frames {mine} and {theirs}"


def _alert(r: Resets, i: int) -> str:
    for get in (r.sender, r.peer):
        code = int(get(Dir.ALERT)[i])
        if code >= 0:
            return ALERTS.get(code & 0xFF, f"alert {code & 0xFF}")
    return "an encrypted alert"


FIELDS: dict[str, Callable[[Resets, int], object]] = {
    "sender": lambda r, i: _role(r, i, sender=True),
    "peer": lambda r, i: _role(r, i, sender=False),
    "rst_frame": lambda r, i: int(r.seg(Seg.FRAME)[i]),
    "seq": lambda r, i: int(r.seg(Seg.SEQ)[i]),
    "ack": lambda r, i: int(r.seg(Seg.ACK)[i]),
    "ttl": lambda r, i: int(r.seg(Seg.TTL)[i]),
    "ip_id": lambda r, i: int(r.seg(Seg.IP_ID)[i]),
    "window": lambda r, i: int(r.seg(Seg.WINDOW)[i]),
    "tos": lambda r, i: int(r.seg(Seg.TOS)[i]),
    "flags": lambda r, i: flag_names(int(r.seg(Seg.FLAGS)[i])),
    "usual_ttl": lambda r, i: int(r.sender(Dir.TTL)[i]),
    "last_id": lambda r, i: int(r.sender(Dir.ID)[i]),
    "last_window": lambda r, i: int(r.sender(Dir.WINDOW)[i]),
    "window_max": lambda r, i: int(r.sender(Dir.WINDOW_MAX)[i]),
    "trigger_frame": lambda r, i: int(r.trigger.frame[i]),
    "trigger_delay": lambda r, i: duration(int(r.trigger.delay[i])),
    "trigger_length": lambda r, i: int(r.trigger.length[i]),
    "stray_length": lambda r, i: int(r.trigger.stray_length[i]),
    "trigger_tos": lambda r, i: int(r.trigger.tos[i]),
    "trigger_gap": lambda r, i: duration(int(r.trigger.gap[i])),
    "after_fin": lambda r, i: duration(int(r.trigger.after_fin[i])),
    "sender_fin_frame": lambda r, i: int(r.sender(Dir.FIN_FRAME)[i]),
    "peer_fin_frame": lambda r, i: int(r.peer(Dir.FIN_FRAME)[i]),
    "sender_last_frame": lambda r, i: int(r.sender(Dir.LAST_FRAME)[i]),
    "peer_last_frame": lambda r, i: int(r.peer(Dir.LAST_FRAME)[i]),
    "sender_data_frame": lambda r, i: int(r.sender(Dir.DATA_FRAME)[i]),
    "peer_data_frame": lambda r, i: int(r.peer(Dir.DATA_FRAME)[i]),
    "sender_first_data_frame": lambda r, i: int(r.sender(Dir.FIRST_DATA_FRAME)[i]),
    "peer_first_data_frame": lambda r, i: int(r.peer(Dir.FIRST_DATA_FRAME)[i]),
    "sender_syn_frame": lambda r, i: int(r.sender(Dir.SYN_FRAME)[i]),
    "peer_syn_frame": lambda r, i: int(r.peer(Dir.SYN_FRAME)[i]),
    "sender_repeat_frame": lambda r, i: int(r.sender(Dir.RETRANS_FRAME)[i]),
    "peer_repeat_frame": lambda r, i: int(r.peer(Dir.RETRANS_FRAME)[i]),
    "sender_rst_frame": lambda r, i: int(r.sender(Dir.RST_FRAME)[i]),
    "peer_rst_frame": lambda r, i: int(r.peer(Dir.RST_FRAME)[i]),
    "sender_zero_frame": lambda r, i: int(r.sender(Dir.ZERO_FRAME)[i]),
    "peer_zero_frame": lambda r, i: int(r.peer(Dir.ZERO_FRAME)[i]),
    "sender_acked_frame": lambda r, i: int(r.sender(Dir.ACKED_FRAME)[i]),
    "peer_acked_frame": lambda r, i: int(r.peer(Dir.ACKED_FRAME)[i]),
    "sender_alert_frame": lambda r, i: int(r.sender(Dir.ALERT_FRAME)[i]),
    "peer_alert_frame": lambda r, i: int(r.peer(Dir.ALERT_FRAME)[i]),
    "sender_after_frame": lambda r, i: int(r.own(Rst.SENDER_AFTER_FRAME)[i]),
    "peer_after_frame": lambda r, i: int(r.own(Rst.PEER_AFTER_FRAME)[i]),
    "foreign_frame": lambda r, i: int(r.conn(Conn.FOREIGN_FRAME)[i]),
    "foreign_ack": lambda r, i: int(r.conn(Conn.FOREIGN_ACK)[i]),
    "turn_frame": lambda r, i: int(r.conn(Conn.TURN_FRAME)[i]),
    "idle_frame": lambda r, i: int(r.conn(Conn.IDLE_FRAME)[i]),
    "sender_bytes": lambda r, i: f"{int(r.progress.sender_bytes[i]):,}",
    "peer_bytes": lambda r, i: f"{int(r.progress.peer_bytes[i]):,}",
    "sender_unacked": lambda r, i: f"{int(r.progress.sender_unacked[i]):,}",
    "peer_unacked": lambda r, i: f"{int(r.progress.peer_unacked[i]):,}",
    "unread": lambda r, i: f"{int(r.progress.unread[i]):,}",
    "sender_state": lambda r, i: STATE_NAMES[int(r.progress.sender_state[i])],
    "peer_state": lambda r, i: STATE_NAMES[int(r.progress.peer_state[i])],
    "sender_repeats": lambda r, i: int(r.stalls.sender_repeats[i]),
    "peer_repeats": lambda r, i: int(r.stalls.peer_repeats[i]),
    "sender_repeat_length": lambda r, i: int(r.sender(Dir.RETRANS_LENGTH)[i]),
    "peer_repeat_length": lambda r, i: int(r.peer(Dir.RETRANS_LENGTH)[i]),
    "sender_acked_max": lambda r, i: int(r.sender(Dir.ACKED_MAX)[i]),
    "peer_acked_max": lambda r, i: int(r.peer(Dir.ACKED_MAX)[i]),
    "sender_ladder": lambda r, i: duration(int(r.stalls.sender_ladder[i])),
    "peer_ladder": lambda r, i: duration(int(r.stalls.peer_ladder[i])),
    "sender_probes": lambda r, i: int(r.stalls.sender_probes[i]),
    "probe_interval": lambda r, i: duration(int(r.stalls.probe_interval[i])),
    "sender_shut": lambda r, i: duration(int(r.stalls.sender_window_shut_for[i])),
    "peer_shut": lambda r, i: duration(int(r.stalls.peer_window_shut_for[i])),
    "silence": lambda r, i: duration(int(r.silences.before[i])),
    "sender_silence": lambda r, i: duration(int(r.silences.sender[i])),
    "peer_silence": lambda r, i: duration(int(r.silences.peer[i])),
    "turn": lambda r, i: duration(int(r.silences.turn[i])),
    "idle": lambda r, i: duration(int(r.silences.idle[i])),
    "fin_idle": lambda r, i: duration(int(r.silences.fin_idle[i])),
    "fin_patience": lambda r, i: duration(int(r.silences.fin_patience[i])),
    "since_sender_fin": lambda r, i: duration(int(r.silences.since_sender_fin[i])),
    "since_peer_fin": lambda r, i: duration(int(r.silences.since_peer_fin[i])),
    "connect_wait": lambda r, i: duration(int(r.silences.connect_wait[i])),
    "age": lambda r, i: duration(int(r.silences.start[i])),
    "since_syn": lambda r, i: duration(int(r.silences.syn[i])),
    "idle_constant": lambda r, i: _constant(int(r.silences.idle[i]), NETWORK),
    "silence_constant": lambda r, i: _constant(int(r.silences.before[i]), NETWORK),
    "fin_idle_constant": lambda r, i: _constant(int(r.silences.fin_idle[i]), SERVER),
    "broken": lambda r, i: duration(int(r.silences.broken[i])),
    "broken_or_silence": lambda r, i: duration(max(int(r.silences.broken[i]), int(r.silences.before[i]))),
    "broken_constant": lambda r, i: _constant(max(int(r.silences.broken[i]), int(r.silences.before[i])), NETWORK),
    "broken_alike": lambda r, i: int(r.silences.broken_alike[i]),
    "stalled": lambda r, i: duration(int(r.silences.stalled[i])),
    "overdue": lambda r, i: duration(int(r.stalls.sender_overdue[i])),
    "sender_span": lambda r, i: duration(int(r.stalls.sender_span[i])),
    "probe_wait": lambda r, i: duration(int(r.stalls.probe_wait[i])),
    "zero_acks": lambda r, i: int(r.peer(Dir.ZERO_ACKS)[i]),
    "lost_services": lambda r, i: int(r.neighbours.lost_services[i]),
    "lost_connections": lambda r, i: int(r.neighbours.lost_connections[i]),
    "resets_of_sender": lambda r, i: int(r.aftermath.of_sender[i]),
    "answers": lambda r, i: int(r.sender(Dir.ANSWERS)[i]),
    "rtt": lambda r, i: duration(int(r.habits.rtt[i])),
    "round_trip": lambda r, i: duration(int(r.habits.round_trip[i])),
    "made_nearer": lambda r, i: (
        "all else was captured on both sides of a router, this reset and what it answers once"
        if r.mechanism.made_here[i]
        else f"its TTL {int(r.seg(Seg.TTL)[i])} is not that of the host's other packets"
    ),
    "signs": lambda r, i: int(r.mechanism.forger_signs[i]),
    "step": lambda r, i: f"{int(r.aftermath.step[i]):+,}",
    "resets_after": lambda r, i: int(r.own(Rst.RSTS_AFTER)[i]),
    "resets_equal": lambda r, i: int(r.own(Rst.RSTS_EQUAL)[i]),
    "number": lambda r, i: int(r.own(Rst.NUMBER)[i]),
    "syns": lambda r, i: int(r.client(Dir.SYNS)[i]),
    "syn_acks": lambda r, i: int(r.server(Dir.SYNS)[i]),
    "refused_near": lambda r, i: int(r.neighbours.refused_near[i]),
    "accepted_near": lambda r, i: int(r.neighbours.accepted_near[i]),
    "accepted_before": lambda r, i: duration(int(r.neighbours.accepted_before[i])),
    "accepted_after": lambda r, i: duration(int(r.neighbours.accepted_after[i])),
    "refused_after": lambda r, i: duration(int(r.neighbours.refused_after[i])),
    "ended_together": lambda r, i: int(r.neighbours.ended_together[i]),
    "served_ended_together": lambda r, i: int(r.neighbours.served_ended_together[i]),
    "served_in_burst": lambda r, i: int(r.neighbours.served_in_burst[i]),
    "dropped_unasked": lambda r, i: int(r.neighbours.dropped_unasked[i]),
    "dropped_at_once": lambda r, i: int(r.neighbours.dropped_at_once[i]),
    "resets_of_service": lambda r, i: int(r.neighbours.resets_of_service[i]),
    "resets_of_client": lambda r, i: int(r.neighbours.resets_of_client[i]),
    "fins_of_client": lambda r, i: int(r.neighbours.fins_of_client[i]),
    "habitual_resets": lambda r, i: int(
        (r.neighbours.resets_of_client if r.by_client[i] else r.neighbours.resets_of_service)[i]
    ),
    "habitual_rounds": lambda r, i: int(
        (r.neighbours.resets_in_turn_of_client if r.by_client[i] else r.neighbours.resets_in_turn_of_service)[i]
    ),
    "habitual_fins": lambda r, i: int(
        (r.neighbours.fins_of_client if r.by_client[i] else r.neighbours.fins_of_service)[i]
    ),
    "burst_size": lambda r, i: int(r.neighbours.burst_size[i]),
    "since_burst": lambda r, i: duration(int(r.neighbours.since_burst[i])),
    "burst_quiet": lambda r, i: duration(int(r.neighbours.watched_after_burst[i])),
    "fins_of_service": lambda r, i: int(r.neighbours.fins_of_service[i]),
    "filter_signs": lambda r, i: int(r.mechanism.filter_signs[i]),
    "clients_refused": lambda r, i: int(r.attempts.clients_refused[i]),
    "services_refused": lambda r, i: int(r.attempts.services_refused[i]),
    "served": lambda r, i: int(r.attempts.served[i]),
    "dropped": lambda r, i: int(r.attempts.dropped[i]),
    "ended_unserved": lambda r, i: int(r.attempts.ended_unserved[i]),
    "ports_tried": lambda r, i: int(r.attempts.ports_tried[i]),
    "hosts_tried": lambda r, i: int(r.attempts.hosts_tried[i]),
    "ports_answered": lambda r, i: int(r.attempts.ports_answered[i]),
    "unasked": lambda r, i: int(r.attempts.unasked[i]),
    "syn_ttl": lambda r, i: int(r.server(Dir.SYN_TTL)[i]),
    "server_syn_window": lambda r, i: int(r.server(Dir.SYN_WINDOW)[i]),
    "client_syn_window": lambda r, i: int(r.client(Dir.SYN_WINDOW)[i]),
    "trigger_ack": lambda r, i: int(r.trigger.ack[i]),
    "fan_out": lambda r, i: int(r.neighbours.fan_out[i]),
    "probe_period": lambda r, i: duration(int(r.neighbours.probe_period[i])),
    "client_resets_alike": lambda r, i: int(r.neighbours.client_resets_alike[i]),
    "ending": _ending,
    "alert": _alert,
    "told": lambda r, i: told.says if (told := r.declared.told(i)) else "nothing",
    "status": lambda r, i: int(r.sender(Dir.STATUS)[i]),
}
"""What a sentence may name. A field that ends in `_frame` is also a frame of the evidence."""


WHERE = re.compile(r"(,? (in|of|from|by) frames?| and) $")
WHICH = re.compile(r"frames? $")


ONE = re.compile(
    r"^ ((?:keep-alive |different )?)"
    r"(attempt|byte|client|connection|habit|host|port|probe|repeat|reset|second|service|sign|time)s\b"
)
"""What may follow a number, in the plural."""


def _unnumbered(lead: str) -> str:
    """What leads to a frame's number, where packets have no numbers, or there was no such segment."""
    return WHICH.sub("a segment", WHERE.sub("", lead))


def fill(template: str, r: Resets, i: int) -> tuple[str, tuple[int, ...]]:
    """A sentence for reset i, and the frames that it names.

    Args:
        template: text with fields of `FIELDS` in braces.
        r: the batch.
        i: index of the reset.
    """
    parts: list[str] = []
    frames: dict[int, None] = {}
    for literal, name in _parts(template):
        parts.append(ONE.sub(r" \1\2", literal) if parts and parts[-1] == "1" else literal)
        if name and name.startswith("kernel_"):
            parts.append(r.kernel.says(i, name.removeprefix("kernel_")) if r.kernel is not None else "?")
        elif name and name.startswith("compared_"):
            parts.append(r.compared.says(i, name.removeprefix("compared_")) if r.compared is not None else "?")
        elif name:
            value = FIELDS[name](r, i)
            if name.endswith("_frame") and isinstance(value, int):
                if value <= 0 or not r.numbered:
                    parts[-1] = _unnumbered(literal)
                    continue
                frames[value] = None
            parts.append(str(value))
    return "".join(parts), tuple(frames)


@cache
def _parts(template: str) -> tuple[tuple[str, str | None], ...]:
    """A template as pieces of text, each with the field that follows it."""
    return tuple((literal, name) for literal, name, _, _ in Formatter().parse(template))
