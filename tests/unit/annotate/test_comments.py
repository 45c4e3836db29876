from __future__ import annotations

from msgspec.structs import replace

from unit.reports.fakes import verdict
from whyrst import model
from whyrst.annotate.comments import more_evidence, on_evidence, on_reset


def test_a_reset_is_told_in_lines():
    one = verdict(incident="i1")
    assert on_reset(one).split("\n") == [
        "whyrst: close-with-unread-data, likely: The program closed its socket while received bytes were unread",
        "who: the server, 10.0.0.5:8080 > 10.0.0.9:51234",
        "how: active, a socket aborted itself",
        "why: the server had acknowledged data of the client [frame 5]",
        "why: the window jumps from 512 to 64240 at the reset [frame 4]",
        "harm: data lost. 1,448 bytes of the client were never delivered",
        "fix: Read to the end of the request before closing, or shut down and drain.",
        "be sure: nstat -az TcpExtTCPAbortOnClose on the server rises with each of them",
        "id: c1, 1:wCb3OG7yAFWelaUydu0D+125CLM=, tcp.stream eq 4",
        "incident: i1",
    ]


def test_an_undetermined_reset_names_what_it_may_be():
    one = verdict(cause="undetermined", confidence="undetermined", fix="-", to_be_sure="-", declared="overload")
    lines = on_reset(one).split("\n")
    assert lines[0].startswith("whyrst: undetermined: ")
    assert 'declared: "overload"' in lines
    assert "maybe: linger-zero (10%): its window would not have jumped" in lines
    assert not any(line.startswith(("fix", "be sure")) for line in lines)


def test_evidence_stands_on_its_packets():
    assert dict(on_evidence(verdict())) == {
        5: "whyrst: evidence for reset in frame 6 (close-with-unread-data): "
        "the server had acknowledged data of the client",
        4: "whyrst: evidence for reset in frame 6 (close-with-unread-data): "
        "the window jumps from 512 to 64240 at the reset",
    }


def test_facts_of_one_packet_are_one_comment():
    facts = (
        model.Evidence("needed", "yes", "for it", (3, 4)),
        model.Evidence("refutes", "yes", "one fact", (4,)),
        model.Evidence("supports", "no", "not so: another", (4,)),
        model.Evidence("refutes", "no", "not so: nothing to see", (5,)),
        model.Evidence("needed", "unknown", "unknown whether", (5,)),
    )
    head = "whyrst: evidence for reset in frame 6 (close-with-unread-data): "
    assert dict(on_evidence(verdict(evidence=facts))) == {
        3: f"{head}for it",
        4: f"{head}for it; against it: one fact; against it: not so: another",
    }


def test_what_a_capture_says_is_made_harmless():
    bad = "a\x1b[2J\u202eb\nwhyrst: forged"
    one = verdict(declared=bad, evidence=(model.Evidence("needed", "yes", bad, (2,)),))
    one = replace(one, harm=model.Harm("data-lost", 1, bad))
    for comment in (on_reset(one), *dict(on_evidence(one)).values()):
        assert comment.replace("\n", "").isprintable()
        assert "\nwhyrst" not in comment


def test_left_out_evidence_is_counted():
    assert more_evidence(1234) == "whyrst: evidence for 1,234 more resets"
