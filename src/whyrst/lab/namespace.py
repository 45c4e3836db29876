"""Network namespaces without names: they vanish with the process, however it ends.

A thread belongs to one network namespace, a socket to the one in which it was made. So a scenario is one program that
holds sockets of several hosts: `with host:` moves the calling thread there, and what is opened inside stays there.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import threading
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Sequence

CLONE_NEWNET = 0x40000000
"""include/uapi/linux/sched.h."""


class LabError(RuntimeError):
    """The lab cannot do what was asked, with the reason."""


_libc = ctypes.CDLL(None, use_errno=True)
_here = threading.local()


def _call(name: str, *args: int) -> None:
    if getattr(_libc, name)(*args) != 0:
        error = ctypes.get_errno()
        if error == 1:
            raise LabError("the lab makes network namespaces, which needs root (CAP_SYS_ADMIN)")
        raise OSError(error, f"{name}: {os.strerror(error)}")


def _current() -> int:
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


class Namespace:
    """One network namespace; a context manager that moves the calling thread into it and back.

    Raises:
        LabError: we may not make namespaces.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        home = _current()
        try:
            _call("unshare", CLONE_NEWNET)
            self._fd = _current()
            _call("setns", home, CLONE_NEWNET)
        finally:
            os.close(home)

    def __enter__(self) -> Self:
        stack = _here.__dict__.setdefault("stack", [])
        stack.append(_current())
        _call("setns", self._fd, CLONE_NEWNET)
        return self

    def __exit__(self, *_: object) -> None:
        home = _here.stack.pop()
        try:
            _call("setns", home, CLONE_NEWNET)
        finally:
            os.close(home)

    @property
    def fd(self) -> int:
        """The namespace as a file descriptor."""
        return self._fd

    @property
    def inode(self) -> int:
        """Its number, as the kernel's events show it."""
        return os.fstat(self._fd).st_ino

    def sysctl(self, name: str, value: object) -> None:
        """Set a setting of this namespace, such as "net.ipv4.tcp_fin_timeout"."""
        with self:
            Path("/proc/sys", name.replace(".", "/")).write_text(f"{value}\n", encoding="ascii")

    def read(self, path: str) -> str:
        """Read a file below /proc/net of this namespace, such as "netstat"."""
        with self:
            return Path("/proc/thread-self/net", path).read_text(encoding="ascii")

    def run(self, *command: str, check: bool = True, text: str | None = None, timeout: float = 30) -> str:
        """Run a program in this namespace to its end and return what it printed.

        Raises:
            LabError: it failed, or is not installed.
        """
        try:
            with self:
                done = subprocess.run(  # noqa: S603 - commands are the scenarios' own
                    command, input=text, capture_output=True, text=True, timeout=timeout, check=False
                )
        except FileNotFoundError as error:
            raise LabError(f"{command[0]} is not installed") from error
        if check and done.returncode != 0:
            raise LabError(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def start(self, command: Sequence[str], **options: Any) -> subprocess.Popen[bytes]:
        """Start a program in this namespace, as leader of its own process group; the caller ends that. It is killed
        when this process dies.

        Raises:
            LabError: it is not installed.
        """
        sink: int | IO[bytes] = subprocess.DEVNULL
        options.setdefault("stdin", sink)
        options.setdefault("stdout", sink)
        options.setdefault("stderr", sink)
        try:
            with self:
                return subprocess.Popen(command, preexec_fn=_die_with_parent, start_new_session=True, **options)  # noqa: S603, PLW1509
        except FileNotFoundError as error:
            raise LabError(f"{command[0]} is not installed") from error

    def close(self) -> None:
        """Let the namespace go; the kernel removes it when its last socket and program are gone."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


PR_SET_PDEATHSIG = 1
SIGKILL = 9


def _die_with_parent() -> None:
    _libc.prctl(PR_SET_PDEATHSIG, SIGKILL)
