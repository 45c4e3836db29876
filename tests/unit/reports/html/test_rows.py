from __future__ import annotations

import json

from unit.reports.fakes import INCIDENT, verdict
from unit.reports.svg.test_markup import HOSTILE
from whyrst.causes import all_causes
from whyrst.reports.html.rows import data


def made(verdicts, incidents=(), drawn=None):
    return data(verdicts, all_causes(), incidents, drawn or {}, ("shop.pcap",))


def test_a_row_says_what_the_verdict_says():
    whole = json.loads(made([verdict(7, incident="i1")], (INCIDENT,), {("shop.pcap", 7): 3}))
    texts = whole["texts"]
    ((frame, time, cause, confidence, percent, harm, by_server, client, server, _, capture, incident, ladder, _),) = (
        whole["rows"]
    )
    assert (frame, time, percent, by_server, ladder) == (7, 1795168801123.456, 87, 1, 3)
    assert (texts[cause], texts[client], texts[server]) == ("close-with-unread-data", "10.0.0.9:51234", "10.0.0.5:8080")
    assert (texts[capture], texts[incident]) == ("shop.pcap", "i1")
    assert (whole["confidences"][confidence], whole["harms"][harm]) == ("likely", ["data-lost", "data lost"])
    assert [[texts[one] for one in pair] for pair in whole["incidents"]] == [["i1", INCIDENT.title]]


def test_its_fields_follow_the_four_steps():
    whole = json.loads(made([verdict(7)]))
    texts = whole["texts"]
    told = {
        texts[label]: [[texts[one[0]], *one[1:]] if isinstance(one, list) else texts[one] for one in items]
        for label, items in whole["rows"][0][-1]
    }
    steps = ["1 type", "2 trace", "3 reference", "4 source"]
    assert [label for label in told if label in steps] == steps
    assert told["2 trace"][:2] == [
        ["it answers frame 5", 0, 1],
        ["the server had acknowledged data of the client [frame 5]", 1, 2],
    ]
    assert told["look further"] == [
        "whyrst show shop.pcap --frame 7",
        "tcp.stream eq 4 && frame.number in {4, 5, 6, 7}",
    ]
    assert {"what", "reset", "connection", "harm", "rather not", "fix", "to be sure"} <= told.keys()


def test_equal_texts_stand_there_once():
    one, many = made([verdict(7)]), made([verdict(7)] * 100)
    assert len(many) < 30 * len(one)
    whole = json.loads(many)
    assert len(set(whole["texts"])) == len(whole["texts"])


def test_nothing_in_a_capture_ends_the_script_element():
    hostile = verdict(7, declared="</script><!--" + HOSTILE, client="10.0.0.9:1", fix=HOSTILE)
    raw = made([hostile])
    assert not set(raw) & set("<>&\u2028\u2029\u202e\x1b\x9b")
    assert "</script>" in "".join(json.loads(raw)["texts"])
