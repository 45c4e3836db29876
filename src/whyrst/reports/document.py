"""JSON: one document with quality, incidents and verdicts, as `Summary` describes it.

The verdicts are written as they are judged; quality and incidents, which are known only at the end, follow
them. The order of members means nothing in JSON.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from whyrst.reports.printable import printable_json

if TYPE_CHECKING:
    from whyrst.reports.page import View
    from whyrst.reports.source import Source

FORMAT = "json"
"""Name of this format."""


def write(source: Source, out: BinaryIO, view: View) -> None:  # noqa: ARG001  (formats have one signature)
    """Write the document without ever holding all its verdicts."""
    from importlib.metadata import version

    import msgspec

    from whyrst.schema import SUMMARY

    encode = msgspec.json.Encoder().encode
    out.write(b'{"schema":%s,"version":%s,"verdicts":[' % (encode(SUMMARY), encode(version("whyrst"))))
    between = b"\n"
    for judged in source.batches():
        for row in range(len(judged)):
            out.write(between + printable_json(encode(judged.verdict(row))))
            between = b",\n"
    incidents, quality = (printable_json(encode(part)) for part in (source.incidents, source.quality))
    out.write(b'\n],"incidents":%s,"quality":%s}\n' % (incidents, quality))
    out.flush()
