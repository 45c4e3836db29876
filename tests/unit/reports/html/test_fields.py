from __future__ import annotations

from unit.reports.fakes import verdict
from whyrst import model
from whyrst.causes import all_causes
from whyrst.reports.html.fields import Item, fields


def told(one, names=("shop.pcap",)):
    return dict(fields(one, all_causes().get(one.cause), names))


def test_the_four_steps_stand_in_order():
    labels = list(told(verdict(7)))
    steps = [label for label in labels if label[0].isdigit()]
    assert steps == ["1 type", "2 trace", "3 reference", "4 source"]
    assert labels[0] == "what"
    assert labels[-3:] == ["fix", "to be sure", "look further"]


def test_evidence_keeps_its_marks_and_numbers():
    assert told(verdict(7))["2 trace"][1:3] == [
        Item("the server had acknowledged data of the client [frame 5]", "+", 2),
        Item("the window jumps from 512 to 64240 at the reset [frames 4, 6]", "+", 3),
    ]


def test_what_has_nothing_to_say_is_left_out():
    one = told(verdict(7, fix="-", to_be_sure=""))
    assert not {"fix", "to be sure", "kernel", "where"} & one.keys()


def test_the_kernel_has_a_field():
    said = model.Kernel("NOT_SPECIFIED", None, (), None, {}, "6.18")
    assert told(verdict(7, kernel=said))["kernel"] == [Item("NOT_SPECIFIED, Linux 6.18")]


def test_commands_name_the_capture_as_the_user_did():
    one = verdict(7, capture="it's.pcap")
    assert told(one, ("./it's.pcap",))["look further"][0].says == "whyrst show './it'\"'\"'s.pcap' --frame 7"
    assert told(one, ("a.pcap", "it's.pcap"))["look further"][0].says == "whyrst show 'it'\"'\"'s.pcap' --frame 7"
    assert [item.says.split()[0] for item in told(one, ("-",))["look further"]] == ["tcp.stream"]
