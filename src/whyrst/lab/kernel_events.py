"""What the kernel says about resets while a scenario runs: tracepoints with reason and stack, from tracefs.

An instance of our own is made below tracefs, so nobody else's tracing is touched. A small shell waits on a pipe and
removes it when the pipe closes, which it does however this process ends. Where the
kernel or the machine has no tracefs, the run goes on without it and says so.
"""

from __future__ import annotations

import ctypes
import os
import re
import subprocess
from pathlib import Path
from tempfile import mkdtemp
from typing import NamedTuple

CLEAN = 'cat; rmdir "$1"; [ -z "$2" ] || { umount "$2"; rmdir "$2"; }'
"""The shell that cleans up: removing an instance ends its events; $2 is the mount, if it is ours."""
EVENTS = ("tcp/tcp_send_reset", "tcp/tcp_receive_reset")
USUAL = Path("/sys/kernel/tracing")
LINE = re.compile(r"^\s*(?P<task>.+)-(?P<pid>\d+)\s+\[\d+\]\s+\S+\s+(?P<time>[\d.]+): (?P<event>\w+): (?P<fields>.*)$")
STACK = re.compile(r"^ => (\S+)")


class KernelEvent(NamedTuple):
    """One reset that the kernel sent or took.

    Attributes:
        event: "tcp_send_reset" or "tcp_receive_reset".
        time: seconds of the trace's clock.
        task: whom the kernel interrupted or served: the socket's owner only if it was called by it.
        fields: as the tracepoint prints them: src, dest, state, reason (since Linux 6.10) or sport, dport, saddr, ...
        stack: kernel functions, innermost first.
    """

    event: str
    time: float
    task: str
    fields: dict[str, str]
    stack: tuple[str, ...]


class KernelEvents:
    """Records reset events from construction to `stop`.

    Attributes:
        missing: why nothing is recorded, or an empty string.
    """

    def __init__(self) -> None:
        self.missing = ""
        self._mounted: Path | None = None
        self._instance: Path | None = None
        self._cleaner: subprocess.Popen[bytes] | None = None
        try:
            self._instance = self._start()
        except OSError as error:
            self.missing = f"no kernel events: {error.strerror or error}"

    def _start(self) -> Path:
        root = USUAL
        if not (USUAL / "instances").is_dir():
            root = self._mounted = Path(mkdtemp(prefix="whyrst-tracefs-"))
            if ctypes.CDLL(None, use_errno=True).mount(b"nodev", os.fsencode(root), b"tracefs", 0, None) != 0:
                raise OSError(ctypes.get_errno(), "tracefs cannot be mounted")
        instance = root / "instances" / f"whyrst-{os.getpid()}"
        instance.mkdir(exist_ok=True)
        self._cleaner = subprocess.Popen(  # noqa: S603 - no shell text but ours
            ("/bin/sh", "-c", CLEAN, "sh", str(instance), str(self._mounted or "")),
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        for event in EVENTS:
            place = instance / "events" / event
            if not place.is_dir():
                self.missing = f"this kernel has no tracepoint {event.replace('/', ':')}"
                continue
            (place / "trigger").write_text("stacktrace\n", encoding="ascii")
            (place / "enable").write_text("1\n", encoding="ascii")
        return instance

    def stop(self, path: Path, addresses: set[str]) -> list[KernelEvent]:
        """Write the trace to a file, end recording, and return the events of these addresses."""
        text = ""
        if self._instance is not None:
            text = (self._instance / "trace").read_text(encoding="ascii", errors="replace")
        if self._cleaner is not None:
            self._cleaner.communicate()
        events = [e for e in parse(text) if addresses & set(_addresses(e))]
        path.write_text(render(events) or f"{self.missing or 'no reset events'}\n", encoding="ascii", errors="replace")
        return events


def parse(text: str) -> list[KernelEvent]:
    """Events of a trace file, each with the stack that follows it."""
    events: list[KernelEvent] = []
    for line in text.splitlines():
        frame = STACK.match(line)
        if frame and events:
            last = events[-1]
            events[-1] = last._replace(stack=(*last.stack, frame[1]))
            continue
        found = LINE.match(line)
        if found:
            fields = dict(part.split("=", 1) for part in found["fields"].split() if "=" in part)
            events.append(KernelEvent(found["event"], float(found["time"]), found["task"].strip(), fields, ()))
    return events


def render(events: list[KernelEvent]) -> str:
    """The events as text, one with its stack after the other."""
    lines = []
    for each in events:
        fields = " ".join(f"{name}={value}" for name, value in each.fields.items() if not name.startswith("sk"))
        lines.append(f"{each.time:.6f} {each.event} task={each.task} {fields}")
        lines += [f"  {name}" for name in each.stack]
    return "".join(f"{line}\n" for line in lines)


def _addresses(event: KernelEvent) -> list[str]:
    ends = [event.fields.get(name, "") for name in ("src", "dest")]
    plain = [event.fields.get(name, "") for name in ("saddr", "daddr", "saddrv6", "daddrv6")]
    return [end.rsplit(":", 1)[0].strip("[]") for end in ends if end] + [p for p in plain if p]
