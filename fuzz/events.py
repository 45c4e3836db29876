"""Coverage-guided search for recorded kernel events that break their reader, their judging or their joining.

    python fuzz/events.py [libFuzzer options] [CORPUS]

A line is an event or is refused on one line; whatever is taken must be judged, alone and beside a capture. The bytes
are a file, or, after a first byte with its lowest bit set, edits of the fields of events.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import atheris

with atheris.instrument_imports(include=["whyrst"]):
    import msgspec
    from search import CASES, placed, search

    from whyrst.analysis import analyze
    from whyrst.causes import all_causes
    from whyrst.kernel.event import SCHEMA, Ends, KernelEvent, Listener, Numbers, Past, Reject, Rival, Task
    from whyrst.kernel.recorded import RecordError, read
    from whyrst.trace.session import verdicts

if TYPE_CHECKING:
    from collections.abc import Iterator

CASE = CASES / "linger-zero" / "capture.pcap"
MOST = 20
"""Events that one run judges."""
WORDS = (True, False, 0, 1, -1, 1 << 16, 1 << 32, 1 << 62, (1 << 64) - 1, 1e300, "", "TCP_STATE", "NO_SOCKET",
         "SYN_SENT", "LISTEN", "TIME_WAIT", "FIN_WAIT2", "CLOSE", "UNKNOWN", "received", "dropped", "unseen",
         "[::1]:0", "0.0.0.0:65535", "fe80::1%\x1b:1", "tcp_close", "tcp_write_timeout",
         "inet_csk_listen_stop")  # fmt: skip


def seeds() -> Iterator[tuple[str, bytes]]:
    """One event of each kind for a reset of the case, with and without what may be absent."""
    reset = next(iter(analyze(CASE).verdicts)).reset
    task = Task(7, "curl")
    ends = Ends(reset.source, reset.destination)
    numbers = Numbers(
        snd_una=reset.seq, snd_nxt=reset.seq, write_seq=reset.seq, rcv_nxt=reset.ack, copied_seq=reset.ack,
        rcv_wnd=65536, window_shift=7, timestamps=True, bytes_sent=100, bytes_acked=100, bytes_received=200,
        sent_ago=0.2, received_ago=0.1, heard_ago=None, lingers=True, linger_time=0, linger2=0, keepalive=False,
        orphan=False, retransmits=0, retransmitted=0, probes=0, user_timeout=0, backlog=0, backlog_limit=0, error=0,
        shutdown=0, srtt=0.01, mark=0, uid=0,
    )  # fmt: skip
    now = 1_780_000_000_000_000_000
    past = Past(
        opened=now - 9, established=now - 8, left=now - 2, ended=now - 1, passive=False, opener=task, acceptor=None,
        leaver=task, before="FIN_WAIT2", snd_nxt=reset.seq, rcv_nxt=reset.ack, bytes_acked=100, bytes_received=200,
        error=0, repeats=0, repeated=None, reset=None, reset_sent=False, reset_reason=None, cpu=0,
    )  # fmt: skip
    full = {
        "numbers": numbers, "past": past, "listener": Listener(now - 9, None, 1, task, None), "owner": task,
        "rival": Rival(now - 9, now - 8, ends), "twins": (ends,), "container": "c0ffee",
        "rejects": (Reject("ip filter INPUT: reject", 1),), "socket": ends, "state": "ESTABLISHED", "in_process": True,
    }  # fmt: skip
    for kind, more in itertools.product(("sent", "received", "dropped", "unseen"), (full, {})):
        bare = {
            "schema": SCHEMA, "kind": kind, "time": now, "netns": 1, "cpu": 0, "reason": "TCP_STATE", "probed": False,
            "state": "UNKNOWN", "substate": None, "socket": None, "packet": ends, "trigger": segment(reset.seq),
            "numbers": None, "past": None, "in_process": False, "task": task, "uid": 0, "cookie": 0, "cgroup": 0,
            "inode": 0, "stack": ("tcp_disconnect",), "user_stack": (), "kernel": "6.18.0",
        }  # fmt: skip
        event = msgspec.convert(bare | more, KernelEvent)
        yield f"{kind}-{'full' if more else 'bare'}", msgspec.json.encode(event) + b"\n"


def segment(seq: int) -> bytes:
    """The beginning of an ACK, from its IP header on."""
    head = bytes.fromhex("450000280000400040060000c000020ac6336407")
    return head + bytes.fromhex("9c44005000000001") + seq.to_bytes(4, "big") + bytes.fromhex("5010faf000000000")


def edited(choose: atheris.FuzzedDataProvider) -> bytes:
    """Events with other values in some fields."""
    events = [msgspec.json.decode(line) for _, line in SEEDS]
    for _ in range(choose.ConsumeIntInRange(0, 8)):
        place = events[choose.ConsumeIntInRange(0, len(events) - 1)]
        while True:
            keys = sorted(place) if isinstance(place, dict) else list(range(len(place)))
            if not keys:
                break
            key = keys[choose.ConsumeIntInRange(0, len(keys) - 1)]
            if not isinstance(place[key], dict | list):
                place[key] = value(choose, place[key])
                break
            if choose.ConsumeIntInRange(0, 9) == 0:
                place[key] = None
                break
            place = place[key]
    return b"\n".join(map(msgspec.json.encode, events))


def value(choose: atheris.FuzzedDataProvider, old: object) -> object:
    """Another value, mostly of the same type."""
    match choose.ConsumeIntInRange(0, 5):
        case 0:
            return None
        case 1:
            return WORDS[choose.ConsumeIntInRange(0, len(WORDS) - 1)]
        case 2:
            return choose.ConsumeIntInRange(-(1 << 63), (1 << 63) - 1)
        case 3 if isinstance(old, str):
            return old[: choose.ConsumeIntInRange(0, len(old))] + choose.ConsumeUnicodeNoSurrogates(4)
        case 4:
            return choose.ConsumeRegularFloat()
        case _:
            return choose.ConsumeIntInRange(0, 300)


def check(data: bytes) -> None:
    """Read these bytes as recorded events, judge them alone and beside a capture."""
    if data[:1] and data[0] & 1:
        data = edited(atheris.FuzzedDataProvider(data[1:]))
    try:
        events = list(itertools.islice(read(str(placed(data, "events"))), MOST))
    except RecordError as error:
        if not str(error).isprintable():
            raise AssertionError(error) from error
        return
    if events:
        msgspec.json.encode(list(verdicts(events)))
        msgspec.json.encode(list(analyze(CASE, events=events).verdicts))


if __name__ == "__main__":
    all_causes()
    SEEDS = list(seeds())
    search(check, [*SEEDS, *((f"edits-{k}", bytes([1]) + bytes(range(k, k + 64))) for k in range(20))])
