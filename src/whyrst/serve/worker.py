"""The process that reads captures for the app: `python -m whyrst.serve.worker SECONDS BYTES WHAT FILE...`.

WHAT is `analyze` (several files are compared), or `svg:N` or `text:N` for the ladder of the Nth reset; after that, `--`
and what to call the files.

It speaks NDJSON on its standard output: `progress`, `verdicts`, `incidents` and `quality`, `error`. It limits itself
before it touches the capture: processor time, memory, no files written, no core dump. Whatever happens to it, the app
only sees its output end.
"""

from __future__ import annotations

import contextlib
import os
import resource
import sys
from typing import TYPE_CHECKING, Any

import msgspec

from whyrst.kernel import privileges

if TYPE_CHECKING:
    from collections.abc import Iterable

    from whyrst.model import Verdict

BATCH = 200
"""Verdicts in one line."""
STEP = 4_000_000
"""Bytes between two lines of progress."""


def limit(seconds: int, memory: int) -> None:
    """Take no more than this; what is lower already stays. Capabilities, such as the live page needs, go."""
    for what, most in (
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(what)
        lowest = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (lowest, lowest))
    if os.geteuid() != 0:  # root may read what others keep to themselves by its capabilities only
        privileges.drop()


class Speaker:
    """Writes lines for the app."""

    def __init__(self) -> None:
        self._out = sys.stdout.buffer
        self._encoder = msgspec.json.Encoder()
        self._told = 0

    def say(self, **parts: Any) -> None:
        """One line."""
        self._out.write(self._encoder.encode(parts) + b"\n")
        self._out.flush()

    def progress(self, done: int, total: int | None) -> None:
        """How far reading is; not every step is told."""
        if done - self._told >= STEP:
            self._told = done
            self.say(progress=(done, total))

    def verdicts(self, verdicts: Iterable[Verdict]) -> None:
        """Verdicts as they come, some in a line."""
        waiting: list[Verdict] = []
        for verdict in verdicts:
            waiting.append(verdict)
            if len(waiting) == BATCH:
                self.say(verdicts=waiting)
                waiting.clear()
        if waiting:
            self.say(verdicts=waiting)


def analyze(paths: list[str], speaker: Speaker) -> None:
    """Analyze one capture, or compare several."""
    import whyrst

    if len(paths) > 1:
        comparison = whyrst.compare(paths)
        speaker.verdicts(comparison.verdicts)
        speaker.say(incidents=comparison.incidents, quality=comparison.quality)
        return
    report = whyrst.analyze(paths, progress=speaker.progress)
    speaker.verdicts(report.verdicts)
    damage = "; ".join(f"{d.reason} at byte {d.offset}" for d in report.quality.damage)
    speaker.say(incidents=report.incidents, quality=report.quality, damage=damage or None)


def draw(paths: list[str], labels: list[str], number: int, form: str) -> int:
    """Write a ladder, or why there is none; exit status."""
    from whyrst.serve.picture import ladder

    try:
        drawn, status = ladder(paths, labels, number, form), 0
    except Exception as error:  # noqa: BLE001 - whatever it is, the app is told and goes on
        drawn, status = (str(error) or type(error).__name__).encode(), 1
    sys.stdout.buffer.write(drawn)
    return status


def main(words: list[str]) -> int:
    """Seconds, bytes, what, files; exit status."""
    seconds, memory, what, *paths = words
    limit(int(seconds), int(memory))
    form, _, number = what.partition(":")
    if number:
        end = paths.index("--")
        return draw(paths[:end], paths[end + 1 :], int(number), form)
    speaker = Speaker()
    try:
        analyze(paths, speaker)
    except Exception as error:  # noqa: BLE001 - whatever it is, the app is told and goes on
        with contextlib.suppress(OSError):
            speaker.say(error=f"{type(error).__name__}: {error}" if not str(error) else str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
