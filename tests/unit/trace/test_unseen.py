"""Resets that left a host although its TCP stack did not send them: what is said about them."""

from __future__ import annotations

import msgspec
import pytest

from unit.kernel.heard import ACK, RST, event, packet, seen
from whyrst.kernel.event import KernelEvent, Reject
from whyrst.trace.session import verdicts
from whyrst.trace.witness import GRACE, WAIT, Witness

HERE, PEER = ("192.0.2.1", 81), ("198.51.100.2", 50000)
RULE = "table inet filter chain input handle 7: tcp dport 81 reject with tcp reset"


@pytest.fixture
def unseen():
    """As the witness tells it."""
    witness = Witness(0.0)
    data = packet(HERE, PEER, RST | ACK, 0, 9000)
    witness.take([seen(data, time=1_700_000_000_000_000_000)], [], GRACE + 1)
    ((told, _),) = witness.ripe(GRACE + 1 + WAIT)
    return told


def judged(told):
    """The verdict, also of the event as it is recorded and read again."""
    (one,) = verdicts([told])
    (again,) = verdicts([msgspec.json.decode(msgspec.json.encode(told), type=KernelEvent)])
    assert one == again
    return one


def test_a_rule_that_rose_made_it(unseen):
    told = judged(msgspec.structs.replace(unseen, rejects=(Reject(RULE, 1),)))
    assert (told.cause, told.confidence) == ("firewall-reject", "certain")
    assert told.reset.mechanism == "firewall"
    assert any(f"{RULE} (counter +1)" in evidence.says for evidence in told.evidence)


def test_without_a_rule_that_rose_nothing_is_certain(unseen):
    for rejects in ((), (Reject(RULE, None),)):
        told = judged(msgspec.structs.replace(unseen, rejects=rejects))
        assert told.confidence != "certain"


def test_what_the_stack_sent_no_rule_made():
    asked = packet(PEER, HERE, 2, 8999)
    sent = event("sent", HERE, PEER, trigger=asked, time=1_700_000_000_000_000_000, reason="NO_SOCKET", state="UNKNOWN")
    assert judged(sent).cause != "firewall-reject"
