from __future__ import annotations

from whyrst.fleet.summary import Summary, text
from whyrst.model import Damage


def summary(**fields):
    numbers = dict.fromkeys(Summary.__struct_fields__, 1)
    return Summary(**{**numbers, "causes": {}, "harms": {}, "damage": (), "unreadable": (), **fields})


def test_the_causes_that_matter_are_shown():
    lines = list(text(summary(resets=1300, causes={f"cause-{n}": 1200 - n for n in range(12)})))
    assert lines[1] == "1,300 resets, 1 incident"
    assert lines[2] == "  1,200  cause-0"
    assert lines[-1] == "  and 2 further causes"


def test_damage_is_told():
    place = Damage("a.pcap", 7, "torn")
    (*_, last) = text(summary(damage=(place, place), unreadable=(place,)))
    assert last == "1 capture unreadable, damage in 1"
