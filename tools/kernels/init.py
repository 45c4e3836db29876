"""The first process of a kernel under test: runs one script as root and reports on the second serial line.

The kernel starts it from the image that `image.py` builds. The first serial line is the kernel's log.
"""

import ctypes
import fcntl
import os
import signal
import socket
import struct
import subprocess
import sys
import termios
import tty
from pathlib import Path

REPORT = "/dev/ttyS1"
ENDED = "\x04exit "  # what `machine.py` looks for
LIMIT = 500  # seconds; an emulator is slow, and whoever waits for it may be gone
MOUNTS = (
    ("proc", "/proc"),
    ("sysfs", "/sys"),
    ("devtmpfs", "/dev"),
    ("tmpfs", "/tmp"),  # noqa: S108 - of a machine that lives for seconds
    ("tmpfs", "/run"),
    ("cgroup2", "/sys/fs/cgroup"),
    ("bpf", "/sys/fs/bpf"),
    ("tracefs", "/sys/kernel/tracing"),
    ("debugfs", "/sys/kernel/debug"),
)
SIOCGIFFLAGS = 0x8913
SIOCSIFFLAGS = 0x8914
IFF_UP = 1
RB_AUTOBOOT = 0x01234567


def mount() -> None:
    """Mounts what programs expect; what a kernel lacks is left out."""
    libc = ctypes.CDLL(None, use_errno=True)
    for kind, place in MOUNTS:
        if Path(place).is_dir():
            libc.mount(kind.encode(), place.encode(), kind.encode(), 0, None)


def raise_loopback() -> None:
    """Sets the loopback interface up, as `ip link set lo up` does."""
    with socket.socket() as ours:
        asked = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack_from("16sh", fcntl.ioctl(ours, SIOCGIFFLAGS, asked))[1]
        fcntl.ioctl(ours, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))


def run() -> int:
    """Runs the script with whyrst and its packages on the path, its output on the serial line."""
    script = Path("/script/name").read_text()
    environment = {
        "PATH": "/usr/sbin:/usr/bin",
        "PYTHONPATH": "/whyrst:/packages:/script",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        "HOME": "/root",
        "LANG": "C.UTF-8",
    }
    command = [sys.executable, f"/script/{script}"]
    return subprocess.run(command, env=environment, check=False, timeout=LIMIT).returncode


def main() -> None:
    """Runs the script, reports its exit status, and resets the machine: QEMU is told to end then."""
    mount()
    line = os.open(REPORT, os.O_RDWR | os.O_NOCTTY)
    tty.setraw(line)
    for number in (0, 1, 2):
        os.dup2(line, number)
    status = 255
    try:
        raise_loopback()
        status = run()
    finally:
        print(f"\n{ENDED}{status}", flush=True)
        termios.tcdrain(line)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        ctypes.CDLL(None).reboot(RB_AUTOBOOT)


main()
