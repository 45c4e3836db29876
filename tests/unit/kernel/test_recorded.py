from __future__ import annotations

import msgspec
import pytest

from unit.trace.events import aborted, numbers, refused, taken
from whyrst.kernel.event import Ends
from whyrst.kernel.recorded import LONGEST, RecordError, read
from whyrst.trace.session import verdicts


def written(path, *events):
    path.write_bytes(b"".join(msgspec.json.encode(event) + b"\n" for event in events))
    return str(path)


def test_what_is_written_is_read_again(tmp_path):
    events = [
        refused(),
        aborted(),
        taken(),
        refused("[2001:db8::1]:80", "[2001:db8::2]:4000", user_stack=("main+0x1",)),
    ]
    assert list(read(written(tmp_path / "events", *events))) == events


@pytest.mark.parametrize(
    "line",
    [
        b"no json", b"[]", b"{}", b"\xff\xfe", b'{"schema": "whyrst.kernel-event/1"}',
        b"[" * 60_000, b'{"other": ' + b"[" * 60_000, b'"' + b"x" * LONGEST + b'"',
    ],
    ids=["text", "list", "empty", "binary", "one-field", "deep", "deep-inside", "long"],
)  # fmt: skip
def test_what_is_no_event_is_refused_with_its_line(tmp_path, line):
    path = tmp_path / "events"
    path.write_bytes(msgspec.json.encode(refused()) + b"\n\n" + line + b"\n")
    with pytest.raises(RecordError, match="line 3 is no kernel event"):
        list(read(str(path)))


@pytest.mark.parametrize(
    "event",
    [
        refused(schema="whyrst.kernel-event/9"),
        refused(time=-1),
        refused(time=1 << 63),
        refused(packet=Ends("10.0.0.1", "10.0.0.2:1")),
        refused(packet=Ends("10.0.0.1:70000", "10.0.0.2:1")),
        refused(packet=Ends("host:80", "10.0.0.2:1")),
        refused(packet=Ends("[::1:80", "x")),
        aborted(numbers=numbers(snd_nxt=1 << 32)),
        aborted(numbers=numbers(bytes_received=-1)),
        aborted(numbers=numbers(window_shift=64)),
        aborted(numbers=numbers(sent_ago=1e300)),
    ],
    ids=range(11),
)
def test_values_that_cannot_be_true_are_refused(tmp_path, event):
    with pytest.raises(RecordError, match="line 1"):
        list(read(written(tmp_path / "events", event)))


def test_what_is_read_can_be_judged(tmp_path):
    events = read(written(tmp_path / "events", refused(), aborted("10.0.0.1:81"), taken(after=1)))
    assert {one.cause for one in verdicts(events)} >= {"port-closed", "close-with-unread-data"}
