from __future__ import annotations

import pickle

import pytest

from whyrst.analysis import analyze
from whyrst.lab.accuracy import page
from whyrst.lab.compared import WAYS
from whyrst.lab.score import Outcome, compare, key_of, missed, shares
from whyrst.lab.truth import Record, Truth
from whyrst.lab.wire import Capture, Host


@pytest.fixture
def refusal(tmp_path):
    """A capture of one refused connection, from the lab's own addresses."""
    capture = Capture("client", seed=3)
    talk = capture.conversation(Host("192.0.2.10"), Host("198.51.100.20", hops=1), 40100, 8080)
    talk.server.refuse(talk.client.syn())
    capture.write(tmp_path / "one.pcap")
    return tmp_path / "one.pcap"


def record(*truths):
    return Record("some", "some title", 1, 4, "6.18", {}, truths, {}, ())


def truth(cause="port-closed", sender="server", ports=(40100, 8080), **more):
    accept = dict.fromkeys(("client", "router", "server"), (cause,))
    origin = more.pop("origin", sender)
    return Truth(ports, sender, origin, cause, "passive", accept, more.pop("nth", None), "made so", **more)


def test_a_right_verdict(refusal):
    outcomes, seen = compare(record(truth()), "client", analyze(refusal).verdicts)
    assert [(o.cause, o.said, o.right, o.mechanism_right) for o in outcomes] == [
        ("port-closed", "port-closed", True, True)
    ]
    assert [one.truth.cause for one in seen] == ["port-closed"]


def test_a_wrong_verdict(refusal):
    outcomes, _ = compare(record(truth("firewall-reject")), "client", analyze(refusal).verdicts)
    assert [(o.cause, o.said, o.right) for o in outcomes] == [("firewall-reject", "port-closed", False)]


def test_a_reset_that_the_scenario_does_not_know_is_wrong(refusal):
    outcomes, _ = compare(record(), "client", analyze(refusal).verdicts)
    assert [(o.cause, o.right) for o in outcomes] == [("none", False)]


def test_a_reset_that_no_point_saw_is_missed_unless_it_may_be_unseen(refusal):
    known = record(truth(), truth(ports=(1, 2)), truth(ports=(3, 4), may_be_unseen=True))
    outcomes, seen = compare(known, "client", analyze(refusal).verdicts)
    assert [(o.said, o.right) for o in outcomes] == [("port-closed", True)]
    assert [(o.said, o.right) for o in missed(known, seen)] == [("missed", False)]


def test_the_page_counts():
    outcomes = [
        Outcome("a", 1, "client", 5, "port-closed", "port-closed", "certain", True, True, ""),
        Outcome("a", 1, "client", 7, "port-closed", "port-scan", "likely", False, True, ""),
    ]
    assert [str(share) for share in shares(outcomes, lambda o: o.where).values()] == ["1/2 = 50.0 %"]
    text = page(outcomes, [1], "6.18")
    assert "| certain | 1/1 = 100.0 % | 99 % |" in text
    assert "| port-closed | port-scan | likely | 1 |" in text


def test_the_page_counts_origins_by_way_of_comparing():
    told = Outcome("a", 1, "all", 5, "forged-reset", "forged-reset", "certain", True, True, "")
    outcomes = [
        told._replace(origin="router", origin_said="client-router", origin_right=True),
        told._replace(origin="router", origin_said="unknown", origin_right=False),
        told._replace(where="ends", origin="server", origin_said="server", origin_right=True),
    ]
    text = page(outcomes, [1], "6.18")
    assert "| client, router and server | 1/2 = 50.0 % | 1 | 2/2 = 100.0 % | 2/2 = 100.0 % |" in text
    assert "| client and server only | 1/1 = 100.0 % | 0 |" in text
    assert "| a | all | router | unknown | 1 |" in text
    assert "| all | 2/2 = 100.0 % |" in text


def test_the_same_reset_behind_a_translation_has_one_truth():
    known = record(truth(elsewhere=(((10123, 8080), "server"),)))
    near = key_of(known, "198.51.100.20:8080", "192.0.2.10:40100")
    far = key_of(known, "198.51.100.20:8080", "198.51.100.1:10123")
    assert near == far == (frozenset((40100, 8080)), "server")
    assert key_of(known, "198.51.100.20:8080", "198.51.100.1:10124") != near


def test_ways_to_compare_can_be_handed_to_other_processes():
    assert [way.name for way in pickle.loads(pickle.dumps(WAYS))] == [way.name for way in WAYS]  # noqa: S301 - our own
