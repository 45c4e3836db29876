"""Network namespaces by the number that kernel events show: where to read about them, and how to work inside.

The number is the inode of `/proc/PID/ns/net`. Nothing is held open: an open namespace would outlive its container.
"""

from __future__ import annotations

import ctypes
import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")
PROC = Path("/proc")
NAMED = Path("/run/netns")
"""Where `ip netns` keeps namespaces that need no process (ip-netns(8))."""
CLONE_NEWNET = 0x40000000
"""include/uapi/linux/sched.h."""
MOST = 1 << 16
"""Processes and threads that are looked at in one search."""
AGAIN, LEISURE = 1.0, 50
"""An unknown namespace is searched for again after a second, or 50 times what the last search took."""
START = 22
"""Place of a process's start in /proc/PID/stat (proc_pid_stat(5))."""


class Place(NamedTuple):
    """A thread that lives in a namespace.

    Attributes:
        path: its folder below /proc.
        start: when it began, in clock ticks: a number that is used again belongs to another start.
    """

    path: Path
    start: int


def here() -> int:
    """Number of the calling thread's namespace."""
    return Path("/proc/thread-self/ns/net").stat().st_ino


def inside(namespace: Path, make: Callable[[], T]) -> T:
    """What a function gives when it is called inside a namespace, by a thread of its own: ours stays where it is.

    Sockets and processes that it makes stay there.

    Raises:
        OSError: the namespace is gone, or CAP_SYS_ADMIN is missing; or what the function raised.
    """
    made: list[T] = []
    failed: list[BaseException] = []

    def work(fd: int) -> None:
        try:
            libc = ctypes.CDLL(None, use_errno=True)
            if libc.setns(fd, CLONE_NEWNET) != 0:
                error = ctypes.get_errno()
                raise OSError(error, os.strerror(error), str(namespace))  # noqa: TRY301 - handed to the caller
            made.append(make())
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            failed.append(error)

    fd = os.open(namespace, os.O_RDONLY | os.O_CLOEXEC)
    try:
        thread = threading.Thread(target=work, args=(fd,), name="inside a namespace")
        thread.start()
        thread.join()
    finally:
        os.close(fd)
    if failed:
        raise failed[0]
    return made[0]


class Namespaces:
    """The namespaces that processes live in, as far as we may look.

    Args:
        proc: where processes stand.
    """

    def __init__(self, proc: Path = PROC) -> None:
        self._proc = proc
        self._places: dict[int, Place] = {}
        self._due = 0.0
        self.search()

    def search(self) -> None:
        """Look at all processes again; what was found before and is still there stays."""
        began = time.monotonic()
        found = {number: place for number, place in self._places.items() if _start(place.path) == place.start}
        for count, path in enumerate(self._threads()):
            if count >= MOST:
                break
            try:
                number = (path / "ns" / "net").stat().st_ino
            except OSError:  # gone, or not ours to look at
                continue
            if number not in found and (start := _start(path)) is not None:
                found[number] = Place(path, start)
        self._places = found
        self._due = time.monotonic() + max(AGAIN, LEISURE * (time.monotonic() - began))

    def _threads(self) -> Iterator[Path]:
        """Ourselves, then all processes, then threads, which seldom live elsewhere than their process."""
        yield self._proc / "self"
        processes = [path for path in self._proc.iterdir() if path.name.isdecimal()]
        yield from processes
        for path in processes:
            try:
                tasks = [task for task in (path / "task").iterdir() if task.name != path.name]
            except OSError:
                continue
            yield from tasks

    def __iter__(self) -> Iterator[int]:
        return iter(self._places)

    def net(self, number: int) -> Path | None:
        """The folder with its tables and counters (`/proc/PID/net`); None when nobody is known to live there."""
        if number not in self._places and time.monotonic() >= self._due:
            self.search()
        place = self._places.get(number)
        if place is None or _start(place.path) != place.start:
            return None
        return place.path / "net"

    def door(self, number: int) -> Path | None:
        """A path that `inside` takes; None when none is known."""
        net = self.net(number)
        if net is not None:
            return net.parent / "ns" / "net"
        try:
            named = [path for path in NAMED.iterdir() if path.stat().st_ino == number]
        except OSError:
            return None
        return named[0] if named else None


def _start(path: Path) -> int | None:
    """When a process or thread began; None when it is gone."""
    try:
        text = (path / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()  # the name before may hold anything
    return int(fields[START - 3]) if len(fields) > START - 3 else None
