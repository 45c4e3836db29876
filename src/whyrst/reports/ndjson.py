"""NDJSON: one verdict per line, written as it is judged."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from whyrst.reports.printable import printable_json

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from whyrst.model import Verdict
    from whyrst.reports.page import View
    from whyrst.reports.source import Source

FORMAT = "ndjson"
"""Name of this format."""

LINES = 512
"""Lines that are gathered before they are written."""


def write(source: Source, out: BinaryIO, view: View) -> None:  # noqa: ARG001  (formats have one signature)
    """Write a line for each reset; what is left of a batch is flushed at its end."""
    write_lines(source, out, lambda verdict: verdict)


def write_lines(source: Source, out: BinaryIO, event: Callable[[Verdict], Any]) -> None:
    """Write a line of JSON for each reset.

    Args:
        source: the resets.
        out: where to write; flushed after each batch.
        event: what to write of a verdict.
    """
    import msgspec

    encode = msgspec.json.Encoder().encode
    for judged in source.batches():
        for start in range(0, len(judged), LINES):
            rows = range(start, min(start + LINES, len(judged)))
            out.write(b"".join(printable_json(encode(event(judged.verdict(row)))) + b"\n" for row in rows))
        out.flush()
