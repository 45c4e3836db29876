"""Which container a process runs in, by the path of its cgroup.

Container runtimes name their cgroups by fixed patterns; the kernel knows a cgroup by a number, the inode of its folder
below the cgroup2 file system (kernfs). On hosts with cgroup v1 that number says nothing, and /proc/PID/cgroup does.
"""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.kernel.event import KernelEvent, Task

PROC = Path("/proc")
HEX = r"(?P<id>[0-9a-f]{64})"
SCOPES = {
    "docker": "docker",
    "cri-containerd": "containerd",
    "nerdctl": "containerd",
    "crio": "cri-o",
    "libpod": "podman",
}
"""Prefix of a systemd scope, and the runtime that uses it (with runc's and crun's systemd drivers)."""
SCOPE = re.compile(rf"^(?P<prefix>[a-z-]+)-{HEX}(?:\.scope)?$")
CRI = re.compile(rf"^[^:/]+\.slice:(?P<prefix>[a-z-]+):{HEX}$")
"""containerd with a systemd-style path but the cgroupfs driver."""
BARE = re.compile(rf"^{HEX}$")
POD = re.compile(r"pod(?P<uid>[0-9a-f]{8}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{12}|[0-9a-f]{32})\b")
"""A pod's uid; static pods have a hash instead. With the systemd driver its dashes are underscores."""
NAMED = (
    (re.compile(r"^lxc(?:\.payload)?[./](?P<id>[^/]+)$"), "lxc"),
    (re.compile(r"^machine-(?P<id>.+)\.scope$"), "machine"),
    (re.compile(r"^systemd-nspawn@(?P<id>.+)\.service$"), "nspawn"),
)
"""Containers that go by a name."""
FOLDERS = {"docker": "docker", "kubepods": "kubernetes", "libpod_parent": "podman", "ecs": "ecs", "lxc": "lxc"}
"""Parent folder with the cgroupfs driver, and what it says about the runtime."""
MOST = 1 << 16
"""Cgroups that one walk looks at."""
AGAIN = 5.0
"""Seconds between two walks."""


class Container(NamedTuple):
    """A container.

    Attributes:
        id: as the runtime knows it: 64 hexadecimal digits, or a name.
        runtime: docker, containerd, cri-o, podman, ...; kubernetes or container where the path does not say which.
        pod: uid of its Kubernetes pod.
    """

    id: str
    runtime: str
    pod: str | None = None


def container(path: str) -> Container | None:
    """The container of a cgroup path such as /system.slice/docker-ID.scope; None when it is none.

    The innermost container counts: some run in others.
    """
    parts = path.strip("/").split("/")
    pod = next((m["uid"].replace("_", "-") for part in reversed(parts) if (m := POD.search(part))), None)
    for at in range(len(parts) - 1, -1, -1):
        found = _part(parts, at)
        if found is not None:
            return Container(*found, pod)
    return None


def _part(parts: list[str], at: int) -> tuple[str, str] | None:
    """Id and runtime, if one component of the path is a container's."""
    part = parts[at]
    for pattern in (SCOPE, CRI):
        scope = pattern.match(part)
        if scope is not None and scope["prefix"] in SCOPES:
            return scope["id"], SCOPES[scope["prefix"]]
    if BARE.match(part):
        return part, next((FOLDERS[above] for above in parts[:at] if above in FOLDERS), "container")
    if at and parts[at - 1] == "lxc":
        return part, "lxc"
    return next(((m["id"], runtime) for pattern, runtime in NAMED if (m := pattern.match(part))), None)


def of_process(text: str) -> Container | None:
    """The container in /proc/PID/cgroup (cgroups(7)); None when no hierarchy names one."""
    paths = (line.split(":", 2)[2] for line in text.splitlines() if line.count(":") > 1)
    return next((found for path in paths if (found := container(path)) is not None), None)


class Containers:
    """Containers of events.

    Args:
        proc: where processes stand.
        root: of the cgroup2 file system; None to look where it is mounted.
    """

    def __init__(self, proc: Path = PROC, root: Path | None = None) -> None:
        self._proc = proc
        self._root = root if root is not None else mounted(_text(proc / "self" / "mountinfo"))
        self._paths: dict[int, str] = {}
        self._tasks: dict[Task, Container | None] = {}
        self._walked = float("-inf")
        self._walk()

    def of(self, event: KernelEvent) -> Container | None:
        """The container whose process sent or took the reset, as far as known."""
        path = self.path(event.cgroup)
        if path is not None and path != "/":
            return container(path)
        task = event.process
        if task is None or not task.pid:
            return None
        if task not in self._tasks:
            while len(self._tasks) >= MOST:
                del self._tasks[next(iter(self._tasks))]
            self._tasks[task] = of_process(_text(self._proc / str(task.pid) / "cgroup"))
        return self._tasks[task]

    def path(self, number: int) -> str | None:
        """Path of a cgroup below its mount; None when it is not known, or gone."""
        if number and number not in self._paths and time.monotonic() - self._walked >= AGAIN:
            self._walk()
        return self._paths.get(number)

    def _walk(self) -> None:
        """Learn the cgroups that are there; those that went stay known, since their resets may come late."""
        self._walked = time.monotonic()
        if self._root is None:
            return
        for number, folder in _folders(self._root):
            self._paths[number] = "/" + str(folder.relative_to(self._root)).removeprefix(".")
        while len(self._paths) > MOST:
            del self._paths[next(iter(self._paths))]


def mounted(mountinfo: str) -> Path | None:
    """Where the cgroup2 file system is mounted, by /proc/self/mountinfo; None when it is not."""
    for line in mountinfo.splitlines():
        left, _, right = line.partition(" - ")
        fields = left.split()
        if right.startswith("cgroup2 ") and len(fields) > 4:  # noqa: PLR2004 - the fifth is the mount point
            return Path(fields[4].replace(r"\040", " "))
    return None


def _folders(root: Path) -> Iterator[tuple[int, Path]]:
    """Number and path of each cgroup, at most MOST."""
    waiting = [root]
    for _ in range(MOST):
        if not waiting:
            return
        folder = waiting.pop()
        try:
            number = folder.stat().st_ino
            with os.scandir(folder) as entries:
                waiting += [Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)]
        except OSError:  # it went
            continue
        yield number, folder


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
