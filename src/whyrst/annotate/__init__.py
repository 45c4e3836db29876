"""Annotated captures: the same packets, with verdicts and evidence as packet comments, for Wireshark.

The capture is read twice: once to judge its resets, once to copy it. The comments wait in a temporary file between
the two, so that memory does not grow with the capture.
"""

from __future__ import annotations

import os
from contextlib import nullcontext
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from whyrst import analysis
from whyrst.annotate.due import Due
from whyrst.annotate.notes import Notes
from whyrst.annotate.output import written
from whyrst.annotate.pcap import convert
from whyrst.annotate.pcapng import Copy
from whyrst.annotate.rewind import rewind
from whyrst.annotate.summary import Summary
from whyrst.capture.reader import Reader

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from whyrst.model import Quality

    Progress = Callable[[int, int | None], None]


class Annotated(NamedTuple):
    """What was written.

    Attributes:
        resets: verdicts.
        frames: packets that have a comment of whyrst.
        quality: how far the capture can be trusted, with its damage.
        refused: link types for which the filter does not compile, with the reason.
    """

    resets: int
    frames: int
    quality: Quality
    refused: dict[int, str]


def annotate(
    path: str | os.PathLike[str],
    out: str | os.PathLike[str] | BinaryIO,
    *,
    filter: str | None = None,  # noqa: A002 - the word that every capture tool has for it
    progress: Progress | None = None,
) -> Annotated:
    """Write a capture as pcapng with whyrst's verdicts in it.

    Args:
        path: pcap or pcapng, also compressed. "-" is standard input, which must be a file (see `rewind.keep_input`).
        out: a file, which is replaced when it exists, or a stream of bytes. A file appears when it is complete.
        filter: libpcap expression: which packets are judged. All are copied.
        progress: called with (bytes read, bytes to read or None); every byte is read twice.

    Raises:
        whyrst.capture.errors.FilterError: the filter is not valid, or libpcap is missing.
        whyrst.capture.errors.CaptureError: the capture cannot be read.
        OSError: the output cannot be written.
        sqlite3.Error: the temporary file cannot be written.
    """
    source = os.fspath(path)
    steps = _Steps(progress)
    with Notes() as notes:
        rewind(source)
        summary = Summary()
        report = analysis.analyze([source], filter=filter, progress=steps.first)
        for verdict in report.verdicts:
            notes.add(verdict)
            summary.add(verdict)
        text = summary.text(report.quality, report.incidents, filter)
        with _opened(out) as file:
            _copy(source, file, Due(notes), text, report.quality, steps)
            file.flush()
        return Annotated(notes.resets, notes.frames, report.quality, report.refused)


def _opened(out: str | os.PathLike[str] | BinaryIO) -> AbstractContextManager[BinaryIO]:
    return written(os.fspath(out)) if isinstance(out, (str, os.PathLike)) else nullcontext(out)


def _copy(path: str, out: BinaryIO, due: Due, text: str, quality: Quality, steps: _Steps) -> None:
    """The second pass."""
    rewind(path)
    with Reader(path) as reader:
        form = reader.format
    rewind(path)
    if form == "pcap":
        convert(path, out, due, text, steps.second)
        return
    until = quality.damage[-1].offset if quality.damage else None
    with Copy(path, out, due, until=until) as copy:
        copy.run(text, steps.second)


class _Steps:
    """Progress of two passes as one."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self._total: int | None = None

    def first(self, done: int, total: int | None) -> None:
        """So far in the first pass."""
        self._total = total
        if self._progress is not None:
            self._progress(done, None if total is None else 2 * total)

    def second(self, done: int) -> None:
        """So far in the second pass."""
        if self._progress is not None and self._total is not None:
            self._progress(self._total + done, 2 * self._total)
