"""Captures that were not made to be compared: strangers, empty ones, copies, pieces, damaged ones."""

from __future__ import annotations

import itertools
import random
import shutil
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest

from whyrst.capture.errors import CaptureError
from whyrst.cli.status import run
from whyrst.compare import CompareError, compare
from whyrst.lab import degrade
from whyrst.lab.origin import claim
from whyrst.lab.score import match
from whyrst.lab.truth import Record

HERE = Path(__file__).parent
POINTS = ("client", "router", "server")
PASSIVE, FORGED = HERE / "data-after-close", HERE / "forged-to-both"
SOME = (PASSIVE, FORGED, HERE / "snat-port", HERE / "reject-midstream", HERE / "sequence-rewriting")


def record(case):
    return msgspec.json.decode((case / "truth.json").read_bytes(), type=Record)


def claims(case, paths, poor):
    """What is said of the origin of each reset; the captures have the names of their points, and one is poor."""
    comparison = compare(paths)
    seen = list(match(record(case), comparison.verdicts))
    captures = {place.place: Path(place.capture).stem for place in comparison.places}
    return [claim(one.verdict.origin, one.truth, captures, poor, excusable=True) for one in seen]


def copied(case, folder, points=POINTS):
    return [Path(shutil.copy(case / f"{point}.pcap", folder)) for point in points]


def status(*paths):
    """Exit status of the program."""
    return run(["compare", *map(str, paths)])


def test_captures_of_other_traffic_are_refused_by_name():
    with pytest.raises(CompareError, match=r"data-after-close/server\.pcap"):
        list(compare([FORGED / "client.pcap", PASSIVE / "server.pcap"]).verdicts)


def test_one_stranger_among_captures_that_belong_together_is_named():
    with pytest.raises(CompareError, match=r"data-after-close/server\.pcap") as refused:
        list(compare([FORGED / "client.pcap", FORGED / "server.pcap", PASSIVE / "server.pcap"]).verdicts)
    assert str(FORGED / "server.pcap") not in str(refused.value)


def test_strangers_are_a_usage_error_of_the_program(capsys):
    assert status(FORGED / "client.pcap", PASSIVE / "server.pcap") == 2
    said = capsys.readouterr()
    assert not said.out
    assert "forged-to-both/client.pcap" in said.err
    assert "data-after-close/server.pcap" in said.err
    assert "Traceback" not in said.err


@pytest.mark.parametrize("size", [0, 10, 24], ids=["nothing", "half-a-header", "no-packets"])
def test_an_empty_capture_is_refused(size, tmp_path):
    paths = copied(PASSIVE, tmp_path)
    paths[2].write_bytes(paths[2].read_bytes()[:size])
    with pytest.raises((CompareError, CaptureError), match=r"server\.pcap"):
        list(compare(paths).verdicts)
    assert status(*paths) == 2


@pytest.mark.parametrize("case", SOME, ids=lambda case: case.name)
def test_a_capture_and_its_copy_prove_nothing_about_the_way_between_them(case, tmp_path):
    copy = shutil.copy(case / "client.pcap", tmp_path / "copy.pcap")
    for paths in ([case / "client.pcap", case / "client.pcap"], [case / "client.pcap", copy]):
        try:
            verdicts = list(compare(paths).verdicts)
        except CompareError:
            continue
        assert all(verdict.origin is not None for verdict in verdicts)
        assert {verdict.origin.kind for verdict in verdicts} <= {"end", "unknown"}


@pytest.mark.parametrize("case", SOME, ids=lambda case: case.name)
def test_the_order_of_the_arguments_does_not_matter(case):
    found = set()
    for order in itertools.permutations(POINTS):
        comparison = compare([case / f"{point}.pcap" for point in order])
        said = sorted(
            (v.cause, v.reset.seq, v.origin.kind, v.origin.places, v.origin.lost_between)
            for v in comparison.verdicts
            if v.origin is not None
        )
        assert [place.place for place in comparison.places] == ["client", "between", "server"]
        found.add((*said, *(Path(place.capture).name for place in comparison.places)))
    assert len(found) == 1
    assert len(next(iter(found))) > 3


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("case", SOME, ids=lambda case: case.name)
def test_a_capture_that_ended_before_the_resets_proves_no_absence(case, point, tmp_path):
    paths = copied(case, tmp_path)
    header, found = degrade.load(tmp_path / f"{point}.pcap")
    resets = [one.time for where in POINTS for one in degrade.load(case / f"{where}.pcap")[1] if one.is_reset]
    kept = [one for one in found if one.time < min(resets) - 1_000_000]
    degrade.save(tmp_path / f"{point}.pcap", header, kept)
    said = claims(case, paths, point)
    assert bool(said) == any(one.is_reset for path in paths for one in degrade.load(path)[1])
    assert [one for one in said if not one.right] == []


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("case", SOME, ids=lambda case: case.name)
def test_a_capture_that_began_after_the_resets_proves_no_absence(case, point, tmp_path):
    paths = copied(case, tmp_path)
    header, found = degrade.load(tmp_path / f"{point}.pcap")
    before = max(i for i, one in enumerate(found) if not one.is_reset)
    first = min((i for i, one in enumerate(found) if one.is_reset), default=before)
    degrade.save(tmp_path / f"{point}.pcap", header, [one for one in found[first + 1 :] if not one.is_reset])
    try:
        said = claims(case, paths, point)
    except CompareError:
        return  # Nothing is left that two captures have in common.
    assert bool(said) == any(one.is_reset for path in paths for one in degrade.load(path)[1])
    assert [one for one in said if not one.right] == []


@pytest.mark.parametrize("towards", ["client", "server"])
@pytest.mark.parametrize("case", SOME, ids=lambda case: case.name)
def test_one_direction_at_one_end_is_enough_or_leads_to_doubt(case, towards, tmp_path):
    for point in ("client", "server"):
        paths = copied(case, tmp_path)
        header, found = degrade.load(tmp_path / f"{point}.pcap")
        dialers = {one.source for one in found if one.segment is not None and one.segment.is_syn}
        degrade.save(
            tmp_path / f"{point}.pcap", header,
            [one for one in found if (one.source in dialers) == (towards == "server")],
        )  # fmt: skip
        assert [one for one in claims(case, paths, point) if not one.right] == []


def test_a_cut_file_is_compared_as_far_as_it_goes(tmp_path):
    paths = copied(PASSIVE, tmp_path)
    paths[2].write_bytes(paths[2].read_bytes()[:-7])
    assert [one for one in claims(PASSIVE, paths, "server") if not one.right] == []
    assert status(*paths) == 3


def test_captures_without_resets_have_no_verdicts(tmp_path):
    paths = copied(PASSIVE, tmp_path)
    for path in paths:
        degrade.change(path, lambda found: [one for one in found if not one.is_reset])
    assert list(compare(paths).verdicts) == []
    assert status(*paths) == 0


@pytest.mark.parametrize("seed", range(12))
def test_noise_is_refused_or_survived(seed, tmp_path):
    chance = random.Random(seed)
    paths = copied(chance.choice(SOME), tmp_path, ("client", "uplink", "router", "server"))
    for path in paths:
        data = bytearray(path.read_bytes())
        for _ in range(chance.randrange(1, 40)):
            data[chance.randrange(24, len(data))] = chance.randrange(256)
        path.write_bytes(bytes(data))
    with suppress(CompareError, CaptureError):
        for verdict in compare(paths).verdicts:
            assert verdict.origin is not None
