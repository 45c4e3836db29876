from __future__ import annotations

import pytest

from whyrst.lab.origin import claim
from whyrst.lab.truth import Truth
from whyrst.model import Origin

THREE = {"client": "client", "between": "router", "server": "server"}
FOUR = {"client": "client", "between-1": "uplink", "between-2": "router", "server": "server"}
TWO = {"client": "client", "server": "server"}
TURNED = {"server": "client", "client": "server"}


def truth(sender, origin):
    return Truth((1, 2), sender, origin, "port-closed", "passive", {}, None, "")


def said(kind, *places):
    return Origin(kind, places, (), (), "")


@pytest.mark.parametrize(
    ("sender", "origin", "verdict", "captures", "right"),
    [
        ("server", "server", said("end", "server"), THREE, True),
        ("server", "router", said("end", "server"), THREE, False),
        ("server", "server", said("between", "client", "server"), THREE, False),
        ("server", "server", said("end", "server"), TURNED, False),
        ("server", "router", said("between", "client", "between"), THREE, True),
        ("server", "router", said("between", "between", "client"), THREE, True),
        ("server", "router", said("between", "between", "server"), THREE, False),
        ("server", "router", said("between", "client", "server"), THREE, False),
        ("server", "router", said("between", "client", "server"), TWO, True),
        ("server", "router", said("between", "between-1", "between-2"), FOUR, True),
        ("server", "router", said("between", "client", "between-2"), FOUR, False),
        ("client", "backend", said("between", "client", "between"), THREE, True),
        ("router", "router", said("between", "client", "server"), THREE, True),
        ("router", "router", said("end"), THREE, True),
        ("server", "server", said("unknown"), THREE, False),
        ("backend", "backend", said("unknown"), THREE, True),
        ("backend", "backend", said("end"), THREE, True),
        ("server", "server", None, THREE, False),
    ],
)
def test_right_is_the_host_or_the_two_nearest_places(sender, origin, verdict, captures, right):
    assert claim(verdict, truth(sender, origin), captures).right == right


def test_what_was_not_recorded_may_be_unknown_but_not_wrong():
    lost = truth("server", "server")
    assert claim(said("unknown"), lost, THREE, excusable=True).right
    assert not claim(said("between", "between", "server"), lost, THREE, excusable=True).right


def test_places_are_told_by_the_names_of_the_captures():
    assert claim(said("between", "client", "between"), truth("server", "router"), THREE).says == "client-router"
    assert claim(said("unknown"), truth("server", "router"), THREE).says == "unknown"
