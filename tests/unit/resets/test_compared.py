"""Facts about resets from what several captures said of their origin."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from whyrst.fast.tables import Rst
from whyrst.model import Dropped, Origin, Sight
from whyrst.resets.compared import Compared

CLIENT = Sight("a/client.pcap", "client", True, 5, None, "192.0.2.1:1", "192.0.2.2:2")
SERVER = Sight("b/server.pcap", "server", True, 6, None, "192.0.2.1:1", "192.0.2.2:2")
MISSING = Sight("b/server.pcap", "server", False)
BLIND = Sight("b/server.pcap", "server", None)


def origin(kind="between", *, certain=True, **more):
    places = {"between": ("client", "server"), "end": ("server",), "unknown": ()}[kind]
    return Origin(kind, places, more.pop("lost", ()), (CLIENT, MISSING), "so it is", certain=certain, **more)


def compared(*origins, by_client=False):
    n = len(origins)
    resets = SimpleNamespace(
        by_client=np.full(n, by_client),
        captures=("a/client.pcap",),
        own=lambda cell: np.zeros(n, dtype=np.int64) if cell == Rst.CAPTURE else None,
    )
    return Compared(resets, origins)


def test_only_what_is_proven_is_known():
    facts = compared(origin(), origin(certain=False), origin("end"), origin("unknown", certain=False), None)
    assert facts.made_between.values.tolist() == [1, 0, -1, 0, 0]
    assert facts.made_at_end.values.tolist() == [-1, 0, 1, 0, 0]
    assert facts.likely_between.tolist() == [True, True, False, False, False]


@pytest.mark.parametrize(
    ("trigger", "by_client", "arrived"),
    [
        ((CLIENT, SERVER), False, 1),
        ((CLIENT, MISSING), False, -1),
        ((CLIENT, BLIND), False, 0),
        ((), False, 0),
        ((CLIENT, MISSING), True, 1),
    ],
    ids=["arrived", "dropped", "not-told", "none", "of-the-server"],
)
def test_whether_the_answered_segment_came_to_the_alleged_sender(trigger, by_client, arrived):
    facts = compared(origin(trigger=trigger), by_client=by_client)
    assert facts.trigger_arrived.values.tolist() == [arrived]


def test_sentences_name_frames_and_captures():
    lost = Dropped("server", 4, 1448, 1448, 120, "b/server.pcap", (7, 8, 9, 10), "a/client.pcap")
    facts = compared(origin(trigger=(CLIENT, MISSING), dropped=(lost,), silence=90.0, known_as=("c:1", "s:2")), None)
    assert facts.says(0, "origin") == "so it is"
    assert facts.says(0, "trigger") == "frame 5 of client.pcap, which it answers, never arrived at server.pcap"
    assert facts.says(0, "dropped") == (
        "4 of the server's segments (1,448 bytes; frames 7, 8, 9 of server.pcap) never arrived at client.pcap"
    )
    assert facts.says(0, "silence") == "90 s"
    assert facts.says(0, "known_as") == "c:1 and s:2"
    assert facts.says(1, "origin") == "nothing"


@pytest.mark.parametrize(
    ("segments", "smallest", "passed", "large"),
    [(4, 1448, 120, True), (1, 1448, 120, False), (4, 500, 120, False), (4, 1200, 1448, False)],
    ids=["large", "one", "small", "as-large-as-what-passed"],
)
def test_a_way_that_is_too_narrow(segments, smallest, passed, large):
    lost = Dropped("client", segments, 1448, smallest, passed, "a", (1,), "b")
    assert compared(origin("end", dropped=(lost,))).large_dropped.tolist() == [large]


def test_whose_segments_were_dropped():
    lost = Dropped("server", 4, 1448, 1448, 120, "a", (1,), "b")
    assert compared(origin("end", dropped=(lost,))).own_dropped.tolist() == [True]
    assert compared(origin("end", dropped=(lost,)), by_client=True).own_dropped.tolist() == [False]


def test_the_place_at_which_it_is_judged():
    assert compared(origin(), None).place == ("client", "")


def test_an_untranslated_segment_has_one_pair_of_addresses():
    other = Sight("b/server.pcap", "server", True, 6, None, "203.0.113.1:7", "192.0.2.2:2")
    facts = compared(origin(trigger=(CLIENT, SERVER)), origin(trigger=(CLIENT, other)))
    assert facts.untranslated.tolist() == [True, False]
