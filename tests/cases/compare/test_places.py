"""Captures of one run as different places and tools make them: what is said of the resets stays right."""

from __future__ import annotations

import shutil
import struct
from pathlib import Path

import msgspec
import pytest

from whyrst.compare import CompareError, compare
from whyrst.lab import degrade
from whyrst.lab.origin import claim
from whyrst.lab.score import match
from whyrst.lab.truth import WHERE, Record

HERE = Path(__file__).parent
SOME = [HERE / name for name in ("data-after-close", "forged-to-both", "reject-midstream", "snat-port", "nat-remapped")]
FIN, PSH = 1, 8
IPV4, VLAN = b"\x08\x00", b"\x81\x00\x00\x07"
TTL = {4: 22, 6: 21}
HOUR = 3_600_000_000_000
NAT64 = bytes.fromhex("0064ff9b0000000000000000")


def version(one):
    return 4 if one.frame[12:14] == IPV4 else 6


def tagged(found):
    return [one._replace(frame=one.frame[:12] + VLAN + one.frame[12:], wire=one.wire + 4) for one in found]


def cut(found):
    return [one._replace(frame=one.frame[:96]) for one in found]


def mirrored(found):
    """Each packet twice, once before and once behind a router, as a mirror of two ports gives them."""
    for one in found:
        again = bytearray(one.frame)
        again[TTL[version(one)]] -= 1
        yield one
        yield one._replace(time=one.time + 9_000, frame=bytes(again))


def parts(one):
    """Where the segment begins, its payload, and where its length stands with what it counts from."""
    frame = one.frame
    at, length, base = (14 + (frame[14] & 15) * 4, 16, 14) if version(one) == 4 else (54, 18, 54)
    end = base + struct.unpack_from(">H", frame, length)[0]
    return at, frame[at + (frame[at + 12] >> 4) * 4 : end], length, base


def piece(one, first, last):
    """A part of a segment's payload as a segment of its own."""
    at, payload, length, base = parts(one)
    frame = bytearray(one.frame[: at + (one.frame[at + 12] >> 4) * 4] + payload[first:last])
    struct.pack_into(">I", frame, at + 4, (struct.unpack_from(">I", one.frame, at + 4)[0] + first) % (1 << 32))
    struct.pack_into(">H", frame, length, len(frame) - base)
    if last < len(payload):
        frame[at + 13] &= ~(FIN | PSH)
    return one._replace(frame=bytes(frame), wire=len(frame))


def halved(found):
    """Where the other places show one large segment, this one shows two: there cards cut and merge."""
    for one in found:
        size = len(parts(one)[1]) if one.segment else 0
        if size > 1:
            yield piece(one, 0, size // 2)
            yield piece(one, size // 2, size)._replace(time=one.time + 1_000)
        else:
            yield one


def clock_set(by):
    def later(found):
        middle = found[len(found) // 2].time
        return [one._replace(time=one.time + by * (one.time >= middle)) for one in found]

    return later


def one_way(forwards):
    def kept(found):
        dialers = {one.source for one in found if one.segment is not None and one.segment.is_syn}
        return [one for one in found if (one.source in dialers) == forwards]

    return kept


def family_changed(found):
    for one in found:
        if version(one) == 4:
            at, *_ = parts(one)
            segment = one.frame[at : 14 + struct.unpack_from(">H", one.frame, 16)[0]]
            head = struct.pack(">IHBB", 6 << 28, len(segment), 6, one.frame[22] - 1)
            ends = NAT64 + one.frame[26:30] + NAT64 + one.frame[30:34]
            frame = one.frame[:12] + b"\x86\xdd" + head + ends + segment
            yield one._replace(frame=frame, wire=len(frame))


CHANGES = {
    "vlan": ("router", tagged),
    "cut-to-96-bytes": ("client", cut),
    "mirror": ("router", mirrored),
    "halved-at-the-client": ("client", halved),
    "halved-at-the-server": ("server", halved),
    "clock-set-forwards": ("server", clock_set(HOUR)),
    "clock-set-back": ("client", clock_set(-HOUR)),
    "clock-set-a-little": ("router", clock_set(-5_000_000)),
}


def told(case, folder, changes, points=WHERE):
    """Places and verdicts of captures that were changed, with the truth beside each."""
    for point in points:
        shutil.copy(case / f"{point}.pcap", folder)
        if point in changes:
            degrade.change(folder / f"{point}.pcap", changes[point])
    record = msgspec.json.decode((case / "truth.json").read_bytes(), type=Record)
    comparison = compare([folder / f"{point}.pcap" for point in points])
    return comparison.places, list(match(record, comparison.verdicts))


def wrong(places, seen, poor):
    """Origins that are wrong, and certain causes that are right nowhere."""
    captures = {place.place: Path(place.capture).stem for place in places}
    for one in seen:
        assert one.truth is not None
        said = claim(one.verdict.origin, one.truth, captures, poor, excusable=True)
        causes = set().union(*(one.truth.accept[where] for where in WHERE))
        if not said.right or (one.verdict.confidence == "certain" and one.verdict.cause not in causes):
            yield one.verdict


@pytest.mark.parametrize("case", SOME, ids=lambda case: case.name)
@pytest.mark.parametrize("name", CHANGES)
def test_every_reset_is_told_once_and_rightly(name, case, tmp_path):
    point, change = CHANGES[name]
    _, plain = told(case, tmp_path, {})
    places, seen = told(case, tmp_path, {point: change})
    assert list(wrong(places, seen, point)) == []
    assert len(seen) == len(plain) > 0


@pytest.mark.parametrize("case", SOME, ids=lambda case: case.name)
@pytest.mark.parametrize("forwards", [True, False], ids=["own-packets-only", "peer-packets-only"])
def test_ends_that_show_one_direction_each_prove_nothing(forwards, case, tmp_path):
    changes = {"client": one_way(forwards), "server": one_way(not forwards)}
    try:
        places, seen = told(case, tmp_path, changes, ("client", "server"))
    except CompareError:
        return  # Nothing that a translation leaves alone stands in both.
    assert list(wrong(places, seen, "client")) == []


@pytest.mark.parametrize("case", SOME, ids=lambda case: case.name)
def test_a_translation_between_address_families_is_survived(case, tmp_path):
    try:
        places, seen = told(case, tmp_path, {"server": family_changed})
    except CompareError:
        return  # A capture of other addresses alone.
    seen = [one for one in seen if one.truth is not None]  # other addresses are not those of the truth
    assert list(wrong(places, seen, "server")) == []
