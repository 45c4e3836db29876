"""Search for captures of several places that break their comparison.

    python fuzz/compare.py [libFuzzer options] [CORPUS]

The bytes are edits of recorded captures: two to four places of one run, whose packets are dropped, repeated, moved in
time, readdressed, renumbered or changed. So the captures stay close enough to be compared. A reset must be told
once at most for each of its packets, every verdict must be drawn, and nothing but a `CompareError` or a `CaptureError`
may be raised.
"""

from __future__ import annotations

import struct
import xml.etree.ElementTree as ET

import atheris

with atheris.instrument_imports(include=["whyrst"]):
    import msgspec
    from search import CASES, as_pcap, packets, placed, search

    from whyrst.capture.errors import CaptureError
    from whyrst.causes import all_causes
    from whyrst.compare import CompareError, compare
    from whyrst.reports.svg.passages import side_by_side

RUNS = [
    [one.read_bytes() for one in sorted(folder.glob("*.pcap"))]
    for folder in sorted((CASES / "compare").iterdir())
    if folder.is_dir() and sum(one.stat().st_size for one in folder.glob("*.pcap")) < 20_000  # noqa: PLR2004
]
FIELDS = {"address": (26, 4), "target": (30, 4), "ports": (34, 4), "seq": (38, 4), "ack": (42, 4), "flags": (47, 1),
          "ttl": (22, 1), "id": (18, 2), "window": (48, 2)}  # fmt: skip
"""Offsets in an Ethernet frame with IPv4 and TCP."""
NUMBERS = (0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
ACTIONS = ("drop", "repeat", "move", "drift", "shift", "set", "number", "cut", "bytes")


def edited(choose: atheris.FuzzedDataProvider) -> list[bytes]:
    """Captures of one run, edited."""
    run = RUNS[choose.ConsumeIntInRange(0, len(RUNS) - 1)]
    count = choose.ConsumeIntInRange(2, len(run))
    first = choose.ConsumeIntInRange(0, len(run) - 1)
    files = [run[(first + k) % len(run)] for k in range(count)]
    tracks = [packets(one) for one in files]
    for _ in range(choose.ConsumeIntInRange(0, 12)):
        track = tracks[choose.ConsumeIntInRange(0, count - 1)]
        if track:
            edit(choose, track)
    found = [as_pcap(track, one) for track, one in zip(tracks, files, strict=True)]
    if choose.ConsumeBool():
        at = choose.ConsumeIntInRange(0, count - 1)
        cut = choose.ConsumeIntInRange(0, len(found[at]))
        found[at] = found[at][:cut] + choose.ConsumeBytes(24) + found[at][cut + choose.ConsumeIntInRange(0, 64) :]
    return found


def edit(choose: atheris.FuzzedDataProvider, track: list[tuple[int, bytes]]) -> None:
    """Change the packets of one capture."""
    action = ACTIONS[choose.ConsumeIntInRange(0, len(ACTIONS) - 1)]
    at = choose.ConsumeIntInRange(0, len(track) - 1)
    time, data = track[at]
    span = slice(at, at + choose.ConsumeIntInRange(1, len(track)))
    match action:
        case "drop":
            del track[span]
        case "repeat":
            track[at:at] = track[span]
        case "move":
            track[at] = time + choose.ConsumeIntInRange(-(1 << 40), 1 << 40), data
        case "shift" | "drift":
            rate, by = choose.ConsumeIntInRange(-1000, 1000), choose.ConsumeIntInRange(-(1 << 50), 1 << 50)
            drifts = action == "drift"
            track[:] = [(when + ((when - track[0][0]) * rate // 10**6 if drifts else by), one) for when, one in track]
        case "set" | "number":
            name = sorted(FIELDS)[choose.ConsumeIntInRange(0, len(FIELDS) - 1)]
            value = choose.ConsumeInt(4) if action == "set" else NUMBERS[choose.ConsumeIntInRange(0, len(NUMBERS) - 1)]
            track[span] = [(when, rewritten(one, *FIELDS[name], value)) for when, one in track[span]]
        case "cut":
            track[at] = time, data[: choose.ConsumeIntInRange(0, len(data))]
        case "bytes":
            where = choose.ConsumeIntInRange(0, len(data))
            track[at] = time, data[:where] + choose.ConsumeBytes(8) + data[where:]


def rewritten(data: bytes, at: int, size: int, value: int) -> bytes:
    """A packet with another number in one field."""
    if len(data) < at + size:
        return data
    return data[:at] + struct.pack(">I", value & 0xFFFFFFFF)[4 - size :] + data[at + size :]


def check(data: bytes) -> None:
    """Compare, and hold the verdicts to what must be true of any."""
    paths = [placed(one, f"{k}.pcap") for k, one in enumerate(edited(atheris.FuzzedDataProvider(data)))]
    try:
        comparison = compare(paths)
        verdicts = list(comparison.verdicts)
    except (CaptureError, CompareError) as error:
        if "\n" in str(error):
            raise AssertionError(error) from error
        return
    names = {str(path) for path in paths}
    places = [(place.place, place.capture) for place in comparison.places]
    assert {capture for _, capture in places} == names, places
    for verdict in verdicts:
        assert verdict.capture in names, verdict
        assert 0 <= verdict.probability <= 1, verdict
        hold(verdict, names)
        passages = comparison.passages(verdict)
        ET.fromstring(side_by_side(verdict.connection, places, passages))  # noqa: S314  (our own)
    msgspec.json.encode(verdicts)
    msgspec.json.encode(comparison.incidents)
    comparison.pairs()
    assert comparison.quality.resets >= len(verdicts)


def hold(verdict: object, names: set[str]) -> None:
    """What the origin of a verdict must be like."""
    origin = verdict.origin  # type: ignore[attr-defined]
    if origin is None:
        return
    assert len(origin.places) == {"end": 1, "between": 2, "unknown": 0}[origin.kind], origin
    assert not (origin.certain and origin.kind == "unknown"), origin
    for sight in origin.sights:
        assert sight.capture in names, sight
        assert bool(sight.seen) == (sight.frame is not None), sight


if __name__ == "__main__":
    all_causes()
    search(check, [(f"run-{k}", bytes(range(k, k + 120))) for k in range(100)])
