from __future__ import annotations

from pathlib import Path

import pytest

import whyrst
from whyrst.capture.errors import CaptureError

CASES = Path(__file__).parents[2] / "cases" / "compare"
POINTS = ("client", "router", "server")


def captures(name, points=POINTS):
    return [CASES / name / f"{point}.pcap" for point in points]


def test_the_package_is_the_function():
    assert [p.place for p in whyrst.compare(captures("forged-to-client")).places] == ["client", "between", "server"]


def test_a_reset_that_all_places_show_has_one_verdict():
    comparison = whyrst.compare(captures("data-after-close"))
    verdicts = list(comparison.verdicts)
    assert {len([s for s in v.origin.sights if s.seen]) for v in verdicts} == {3}
    assert len({(v.reset.source, v.reset.destination, v.time) for v in verdicts}) == len(verdicts)
    assert comparison.quality.resets == 3 * len(verdicts)


def test_four_places_have_names_of_their_own():
    comparison = whyrst.compare(captures("snat-port", ("server", "router", "uplink", "client")))
    assert [p.place for p in comparison.places] == ["client", "between-1", "between-2", "server"]
    names = [Path(p.capture).stem for p in comparison.places]
    assert names == ["client", "uplink", "router", "server"]


def test_the_user_knows_better_where_a_capture_was_taken():
    one, two = captures("forged-to-client", ("client", "router"))
    comparison = whyrst.compare([one, two], names={"between": two})
    assert [p.place for p in comparison.places] == ["client", "between"]


def test_a_name_for_a_capture_that_is_not_compared():
    with pytest.raises(whyrst.CompareError, match="not among the captures"):
        whyrst.compare(captures("forged-to-client"), names={"client": "other.pcap"})


def test_one_capture_has_nothing_to_be_compared_with():
    with pytest.raises(whyrst.CompareError, match="two captures"):
        whyrst.compare(captures("forged-to-client")[:1])


def test_what_is_no_file_is_refused(tmp_path):
    with pytest.raises(CaptureError, match="No such file"):
        whyrst.compare([*captures("forged-to-client"), tmp_path / "none.pcap"])
    with pytest.raises(CaptureError, match="more than once"):
        whyrst.compare([*captures("forged-to-client"), tmp_path])


def test_a_filter_leaves_out_connections():
    every = whyrst.compare(captures("snat-port", ("router", "server")))
    before = [v.reset.source for v in every.verdicts]
    port = before[0].rpartition(":")[2]
    some = whyrst.compare(captures("snat-port", ("router", "server")), filter=f"port {port}")
    assert 0 < len(before) > len(list(some.verdicts))


def test_dicts_hold_the_origin():
    first = whyrst.compare(captures("forged-to-client")).to_dicts()[0]
    assert first["origin"]["kind"] in {"end", "between"}
    assert len(first["origin"]["sights"]) == 3


def test_all_times_are_those_of_the_first_clock(tmp_path):
    from unit.compare.rewritten import read, write

    off = 5_000_000_000_000
    moved = write(
        tmp_path / "server.pcap", [r._replace(time=r.time + off) for r in read(captures("data-after-close")[2])]
    )
    comparison = whyrst.compare([captures("data-after-close")[0], moved])
    assert abs(comparison.places[1].offset + off) < 100_000_000
    for verdict in comparison.verdicts:
        times = [sight.time for sight in verdict.origin.sights]
        assert times[0][:15] == times[1][:15] == verdict.time[:15]


def test_passages_show_the_reset_at_every_place():
    comparison = whyrst.compare(captures("forged-to-client"))
    verdict = next(v for v in comparison.verdicts if v.cause == "forged-reset")
    (passage,) = [p for p in comparison.passages(verdict) if p.wanted]
    assert passage.frames == (verdict.frame, None, None)
    assert passage.forth is False
    handshake = comparison.passages(verdict)[:3]
    assert [p.seq for p in handshake][:2] == [0, 0]
    assert all(None not in p.frames for p in handshake)


def told(name):
    comparison = whyrst.compare(captures(name))
    return [
        (v.frame, v.cause, v.confidence, v.origin.kind, v.origin.places, v.origin.certain) for v in comparison.verdicts
    ]


@pytest.mark.parametrize("name", ["forged-to-client", "data-after-close", "snat-port", "reject-midstream", "nat-idle"])
@pytest.mark.parametrize(
    "limits",
    [{"alignment.KEPT": 0}, {"gather.MOST": 8, "gather.AROUND": 16}, {"survey.SAMPLES": 24}],
    ids=["one-connection-at-a-time", "near-resets-only", "thin-sample"],
)
def test_limits_of_memory_do_not_change_what_is_said(name, limits, monkeypatch):
    whole = told(name)
    for place, value in limits.items():
        monkeypatch.setattr(f"whyrst.compare.{place}", value)
    assert told(name) == whole
    assert whole


@pytest.mark.parametrize("name", ["haproxy-between", "forged-imitating", "conntrack-invalid"])
def test_what_is_found_does_not_depend_on_the_number_of_threads(name, monkeypatch):
    monkeypatch.setattr("whyrst.compare.comparison.worth_threads", lambda _: True)
    told = []
    comparisons = [whyrst.compare(captures(name), jobs=jobs, progress=lambda *at: told.append(at)) for jobs in (1, 3)]
    one, three = ([*comparison.verdicts, comparison.incidents, comparison.quality] for comparison in comparisons)
    assert one == three
    assert told[-1][0] == told[-1][1]
