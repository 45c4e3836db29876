"""One boot: a kernel and an image under QEMU's software emulation, and what the script in it said.

KVM is not asked for: the machine that runs this may be a guest itself. QEMU ends with the script, with a panic of the
kernel, and at a time limit.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

PROGRAM = "qemu-system-x86_64"
# Speculation barriers cost much in an emulator and change nothing that is looked at. Feature 141, CMPXCHG16B, is hidden
# from the kernel, whose allocator uses it a lot: QEMU 7.2 spoils the flags if an interrupt follows it. The processor
# keeps it, since numpy asks for it.
_LINE = "console=ttyS0 quiet oops=panic panic=-1 mitigations=off random.trust_cpu=on clearcpuid=141"
_MEMORY = "1024M"
_ENDED = re.compile(r"\x04exit (\d+)\s*$")


@dataclass(frozen=True)
class Outcome:
    """What came out of one boot.

    Attributes:
        status: the script's exit status; None when it did not end.
        said: what it printed, standard output and error together.
        log: the kernel's log; long only if something is wrong.
        seconds: from the start of QEMU to its end.
    """

    status: int | None
    said: str
    log: str
    seconds: float


class MachineError(Exception):
    """QEMU cannot run here."""


def boot(kernel: Path, image: Path, limit: float) -> Outcome:
    """Boots a kernel with an image and waits until its script has ended.

    Args:
        kernel: a bzImage.
        image: an initial root file system whose init writes to the second serial line.
        limit: seconds after which QEMU is killed.

    Raises:
        MachineError: QEMU is not installed, or ended at once.
    """
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        log, said = Path(folder) / "log", Path(folder) / "said"
        command = (PROGRAM, *_arguments(kernel, image, log, said))
        try:
            with subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as emulator:
                complaint = _wait(emulator, limit)
        except FileNotFoundError:
            raise MachineError(f"{PROGRAM} is not installed (Debian: qemu-system-x86)") from None
        if emulator.returncode > 0:
            raise MachineError(f"{PROGRAM}: {complaint.strip()}")
        return _outcome(_text(said), _text(log), time.monotonic() - begin)


def _arguments(kernel: Path, image: Path, log: Path, said: Path) -> tuple[str, ...]:
    return (
        *("-accel", "tcg", "-cpu", "max", "-m", _MEMORY, "-smp", "1"),
        *("-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"),
        *("-serial", f"file:{log}", "-serial", f"file:{said}"),
        *("-kernel", str(kernel), "-initrd", str(image), "-append", _LINE),
    )


def _wait(emulator: subprocess.Popen[str], limit: float) -> str:
    try:
        return emulator.communicate(timeout=limit)[1]
    except subprocess.TimeoutExpired:
        return "not done in time"
    finally:
        emulator.kill()


def _outcome(said: str, log: str, seconds: float) -> Outcome:
    found = _ENDED.search(said)
    text = said[: found.start()] if found else said
    return Outcome(int(found[1]) if found else None, text.rstrip("\n"), log, seconds)


def _text(path: Path) -> str:
    return path.read_text(errors="replace").replace("\r", "") if path.exists() else ""
