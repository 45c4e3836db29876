"""What kernel events say in sentences, field by field."""

from __future__ import annotations

from errno import errorcode
from signal import Signals
from typing import TYPE_CHECKING

from whyrst.kernel.bugs import EARLY_DEMUX, EHASH_RACE, says
from whyrst.kernel.derive import reason
from whyrst.resets.facts import SECOND

if TYPE_CHECKING:
    from collections.abc import Callable

    from whyrst.kernel.event import KernelEvent, Task

SHOWN = 3
"""Connections that a sentence names."""


def function(event: KernelEvent) -> str | None:
    """The function that sent it, as it stands on the stack."""
    known = ("tcp_send_active_reset", "tcp_v4_send_reset", "tcp_v6_send_reset", "tcp_reset")
    return next((f for f in event.stack for k in known if f.startswith(k)), None)


def _rival(event: KernelEvent) -> str:
    """The connection that won, in words."""
    rival, past = event.rival, event.past
    if rival is None or past is None:
        return "no other attempt of its process is on record"
    apart = f"{abs(rival.opened - past.opened) / SECOND * 1000:.0f} ms"
    return f"{_task(event.process)} had begun a connection to {rival.ends.remote} {apart} from this one, which is open"


def _ending(ending: int | None) -> str:
    if ending is None:
        return "lives on"
    return f"was killed by signal {ending} ({_signal(ending)})" if ending else "was ending by itself"


def _signal(number: int) -> str:
    try:
        return Signals(number).name
    except ValueError:
        return "unknown"


def _listener(event: KernelEvent) -> str:
    """Who listened on the local port, in words."""
    listener = event.listener
    if listener is None:
        return "no listening socket on this port is on record"
    if listener.open:
        return f"{_task(listener.task)} listens on this port"
    ended = f", which {_ending(listener.ending)}" if listener.ending is not None else ""
    return f"{_task(listener.task)}{ended}, had closed the last socket listening there {_ago(event, listener.closed)}"


def _task(task: Task | None) -> str:
    return f"{task.comm}[{task.pid}]" if task is not None else "a process that is not on record"


def _error(number: int) -> str:
    return errorcode.get(number, str(number))


def _ago(event: KernelEvent, when: int | None) -> str:
    from whyrst.resets.text import duration

    return f"{duration(max(event.time - when, 0))} before" if when is not None else "at an unknown time"


def _closed(event: KernelEvent) -> str:
    """How the connection had ended on this host, in words."""
    past = event.past
    if past is None:
        return "no connection with these addresses is on record"
    if past.left is not None:
        text = f"{_task(past.leaver)} had closed it {_ago(event, past.left)}"
        return f"{text}, and its socket went from {past.before}" if past.ended is not None else text
    if past.ended is not None:
        return f"its socket had gone from {past.before} {_ago(event, past.ended)}"
    return f"{_task(past.acceptor or past.opener)} had it open"


SAYS: dict[str, Callable[[KernelEvent], str]] = {
    "reason": lambda e: reason(e) or "no reason",
    "function": lambda e: function(e) or "an unknown function",
    "task": lambda e: _task(e.task),
    "owner": lambda e: _task(e.owner or (e.task if e.in_process else None)),
    "closed": _closed,
    "state": lambda e: e.state,
    "ending": lambda e: _ending(e.ending),
    "listener": _listener,
    "leaver": lambda e: _task((e.past.leaver if e.past is not None else None) or e.process),
    "unsent": lambda e: f"{e.numbers.unsent:,}" if e.numbers is not None else "unknown",
    "requests": lambda e: str(e.numbers.requests) if e.numbers is not None else "unknown",
    "repeats": lambda e: str(e.past.repeats) if e.past is not None else "unknown",
    "repeat_length": lambda e: f"{e.past.repeat_length:,}" if e.past is not None else "unknown",
    "row": lambda e: str(e.past.row) if e.past is not None else "unknown",
    "rival": _rival,
    "twins": lambda e: ", ".join(f"{t.local} - {t.remote}" for t in (e.twins or ())[:SHOWN]) or "none",
    "early_demux": lambda e: says(EARLY_DEMUX, e.kernel),
    "ehash_race": lambda e: says(EHASH_RACE, e.kernel),
    "listener_ending": lambda e: _ending(e.listener.ending) if e.listener is not None else "is not on record",
    "error": lambda e: _error(e.past.error) if e.past is not None else "unknown",
    "before": lambda e: (e.past.before if e.past is not None else None) or "an unknown state",
    "unread": lambda e: f"{e.numbers.unread:,}" if e.numbers is not None else "unknown",
    "unacked": lambda e: f"{e.numbers.unacked:,}" if e.numbers is not None else "unknown",
    "queue": lambda e: f"{e.numbers.backlog} of {e.numbers.backlog_limit}" if e.numbers is not None else "unknown",
    "probes": lambda e: str(e.numbers.probes) if e.numbers is not None else "unknown",
    "user_timeout": lambda e: f"{e.numbers.user_timeout / 1000:g} s" if e.numbers is not None else "unknown",
    "lifetime": lambda e: _ago(e, e.past.opened) if e.past is not None else "unknown",
    "socket": lambda e: f"{e.socket.local} - {e.socket.remote}" if e.socket is not None else "none",
    "packet": lambda e: f"{e.packet.local} - {e.packet.remote}" if e.packet is not None else "none",
    "rejects": lambda e: "; ".join(map(str, e.rejects)) or "no rule that rejects with a TCP reset is known",
    "reset_before": lambda e: _ago(e, e.past.reset) if e.past is not None else "unknown",
}
"""Fields of sentences about kernel events, written {kernel_NAME} in a judge."""
