"""Captures for properties of the whole analysis: the golden cases, mutated, split and joined."""

from __future__ import annotations

import gzip
import re
import struct
from pathlib import Path

import msgspec
from hypothesis import strategies as st

from whyrst.analysis import analyze
from whyrst.capture.errors import CaptureError
from whyrst.lab.wire.capture import pcapng
from whyrst.model import Verdict

CASES = sorted((Path(__file__).parents[1] / "cases").glob("*/capture.pcap"))
FRAMES = re.compile(rb"frames? [0-9]+((, | and | to )[0-9]+)*")
HEADER = 24
"""Bytes before the first packet of a pcap."""
SMALL = [path for path in CASES if path.stat().st_size < 20_000]


def records(data):
    """The packet records of a little-endian pcap, each with its header."""
    found, at = [], HEADER
    while at < len(data):
        size = 16 + struct.unpack_from("<I", data, at + 8)[0]
        found.append(data[at : at + size])
        at += size
    return found


NANO = bytes.fromhex("4d3cb2a1")
"""How a pcap with nanoseconds begins."""


def as_pcapng(data):
    """The same packets in one section of a pcapng."""
    frames = []
    unit = 1 if data[:4] == NANO else 1000
    for packet in records(data):
        second, part = struct.unpack_from("<II", packet)
        frames.append((second * 1_000_000_000 + part * unit, packet[16:]))
    return pcapng(frames, 262144)


FORMS = {"pcap": bytes, "pcapng": as_pcapng, "gzip": gzip.compress}
"""What a mutation starts from; pcap most of all."""


@st.composite
def mutated(draw):
    """A capture with bytes changed, a part cut out, repeated or put elsewhere, or its end missing."""
    form = FORMS[draw(st.sampled_from(["pcap", "pcap", "pcapng", "pcapng", "gzip"]))]
    data = bytearray(form(draw(st.sampled_from(SMALL)).read_bytes()))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(len(data) - 1, 0)))
        size = draw(st.integers(1, 200))
        match draw(st.sampled_from(["set", "set", "set", "number", "cut", "repeat", "insert", "end"])):
            case "set" if data:
                data[at] = draw(st.integers(0, 255))
            case "number":
                data[at : at + 4] = struct.pack("<I", draw(st.sampled_from([0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF])))
            case "cut":
                del data[at : at + size]
            case "repeat":
                data[at:at] = data[at : at + size]
            case "insert":
                data[at:at] = draw(st.binary(max_size=40))
            case "end":
                del data[at:]
    return bytes(data)


def whole(paths, **options):
    """Verdicts, incidents and quality of captures; checks what must hold of any."""
    report = analyze(paths, **options)
    try:
        verdicts = list(report.verdicts)
    except CaptureError as error:
        return one_line(error)
    quality = report.quality
    assert quality.packets == quality.segments + sum(quality.skipped.values())
    assert quality.resets == len(verdicts)
    assert sum(incident.resets for incident in report.incidents) <= len(verdicts)
    for verdict in verdicts:
        assert msgspec.json.decode(msgspec.json.encode(verdict), type=Verdict) == verdict
        assert 0 <= verdict.probability <= 1
    return verdicts, report.incidents, quality


def one_line(error):
    assert "\n" not in str(error)


def anywhere(verdict):
    """A verdict without what depends on the place of its packets in files: names and frame numbers."""
    bare = msgspec.structs.replace(
        verdict,
        capture="",
        frame=0,
        reset=msgspec.structs.replace(verdict.reset, answers_frame=None),
        evidence=tuple(msgspec.structs.replace(one, frames=()) for one in verdict.evidence),
    )
    return FRAMES.sub(b"frame", msgspec.json.encode(bare))
