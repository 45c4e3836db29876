from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unit.kernel.heard import ACK, NUMBERS, RST, SYN, event, packet, seen
from whyrst.trace.witness import GRACE, LONG_WAIT, MEMORY, RATE, WAIT, Witness

HERE, PEER = ("192.0.2.1", 80), ("198.51.100.2", 50000)
START = 100.0
NOW = START + GRACE + 1
LATER = NOW + LONG_WAIT + 0.01


@pytest.fixture
def witness():
    return Witness(START)


def answer(local=HERE, remote=PEER, seq=9000, **fields):
    """A passive reset: the event and its packet."""
    asked = packet(remote, local, SYN, seq - 1)
    return event("sent", local, remote, trigger=asked, **fields), packet(local, remote, RST | ACK, 0, seq)


def abort(local=HERE, remote=PEER, **fields):
    numbers = NUMBERS
    return (
        event("sent", local, remote, numbers=numbers, **fields),
        packet(local, remote, RST | ACK, numbers.snd_nxt, numbers.rcv_nxt, ip_id=4),
    )


def taken(local=HERE, remote=PEER, **fields):
    return (
        event("received", local, remote, numbers=NUMBERS, **fields),
        packet(remote, local, RST, NUMBERS.rcv_nxt, ip_id=8),
    )


def kinds(witness, now=LATER):
    return [told.kind for told, _ in witness.ripe(now)]


@pytest.mark.parametrize("made", [answer, abort])
def test_a_sent_event_gets_its_packet(witness, made):
    told, data = made()
    witness.take([seen(data)], [told], NOW)
    assert list(witness.ripe(NOW)) == [(told, data)]
    assert kinds(witness) == []


def test_it_rests_once_nothing_is_left_that_could_explain_a_packet(witness):
    assert witness.rests
    told, data = abort()
    witness.take([seen(data)], [told], NOW)
    assert list(witness.ripe(NOW)) == [(told, data)]
    assert not witness.rests
    witness.take([], [], NOW + MEMORY + 1)
    assert witness.rests


def test_a_received_event_gets_its_packet(witness):
    told, data = taken()
    witness.take([seen(data, outgoing=False)], [told], NOW)
    assert list(witness.ripe(NOW)) == [(told, data)]


def test_the_event_may_come_after_its_packet(witness):
    told, data = abort()
    witness.take([seen(data)], [], NOW)
    assert list(witness.ripe(NOW)) == []
    assert witness.wondering
    witness.take([], [told], NOW + 0.05)
    assert not witness.wondering
    assert list(witness.ripe(NOW + 0.05)) == [(told, data)]
    assert kinds(witness) == []


def test_an_event_whose_packet_was_not_seen_goes_on_without_it(witness):
    told, data = abort()
    witness.take([], [told], NOW)
    assert list(witness.ripe(NOW + WAIT / 2)) == []
    assert list(witness.ripe(NOW + WAIT)) == [(told, b"")]
    witness.take([seen(data)], [], NOW + 3)
    assert kinds(witness, NOW + 6) == [], "a queue held it for long"


def test_on_loopback_a_packet_leaves_and_comes_in(witness):
    sent, data = abort()
    told, _ = taken(PEER, HERE)
    both = [seen(data, interface="lo"), seen(data, outgoing=False, interface="lo", time=1_001)]
    witness.take(both, [sent, told], NOW)
    assert sorted(kinds(witness)) == ["received", "sent"]


def test_a_reset_that_leaves_without_an_event_is_told(witness):
    data = packet(HERE, PEER, RST | ACK, 0, 9000)
    witness.take([seen(data, time=77, netns=5)], [], NOW)
    ((told, given),) = list(witness.ripe(NOW + WAIT))
    assert (told.kind, told.time, told.netns, told.trigger, given) == ("unseen", 77, 5, data, data)
    assert (told.ends.local, told.ends.remote) == ("192.0.2.1:80", "198.51.100.2:50000")
    assert not told.active


def test_an_ipv6_reset_without_an_event_is_told(witness):
    witness.take([seen(packet(("2001:db8::1", 80), ("2001:db8::2", 5), RST, 7))], [], NOW)
    assert kinds(witness) == ["unseen"]


def test_another_connections_event_explains_nothing(witness):
    told, _ = answer()
    witness.take([seen(packet(HERE, PEER, RST, 4321))], [told], NOW)
    assert kinds(witness) == ["sent", "unseen"]


def test_one_event_explains_one_packet_at_each_place(witness):
    told, data = answer()
    witness.take([seen(data), seen(data, interface="bond0")], [told], NOW)
    assert kinds(witness) == ["sent"]
    witness.take([seen(data)], [], NOW + 1)
    assert kinds(witness, LATER + 1) == ["unseen"], "the same answer once more, now by a rule"


def test_copies_of_an_unexplained_packet_are_one_reset(witness):
    data = packet(HERE, PEER, RST, 5)
    places = ("eth0.7", "br0", "eth0")
    witness.take([seen(data, interface=name) for name in places], [], NOW)
    assert kinds(witness) == ["unseen"]


def test_what_passes_through_was_not_made_here(witness):
    data = packet(PEER, HERE, RST, 5, ttl=60)
    witness.take([seen(data, outgoing=False, time=1), seen(data, interface="eth1", time=2)], [], NOW)
    assert kinds(witness) == []


def test_what_passes_through_may_change_its_addresses(witness):
    came = packet(("172.17.0.2", 80), PEER, RST, 5, ip_id=3)
    left = packet(HERE, PEER, RST, 5, ip_id=3)
    witness.take([seen(came, outgoing=False, interface="veth1", here=False, time=1)], [], NOW)
    witness.take([seen(left, time=2)], [], NOW + 0.5)
    assert kinds(witness) == []


def test_what_passes_through_may_change_its_numbers(witness):
    came, left = packet(PEER, HERE, RST, 5), packet(PEER, HERE, RST, 1_005)
    witness.take([seen(came, outgoing=False, time=1), seen(left, interface="eth1", time=2)], [], NOW)
    assert kinds(witness) == []
    witness.take([seen(left, interface="eth1", time=3)], [], LATER)
    assert kinds(witness, LATER + 1) == ["unseen"], "one came in, two left"


def test_what_came_in_later_does_not_explain_what_left_before(witness):
    data = packet(HERE, PEER, RST, 5)
    witness.take([seen(data, time=1), seen(data, outgoing=False, interface="eth1", time=2)], [], NOW)
    assert kinds(witness) == ["unseen"]


def test_an_event_of_a_container_explains_its_translated_packet(witness):
    told, _ = abort(("172.17.0.2", 80), netns=9)
    left = packet(HERE, PEER, RST | ACK, NUMBERS.snd_nxt, NUMBERS.rcv_nxt)
    witness.take([seen(left)], [told], NOW)
    found = list(witness.ripe(LATER))
    assert found == [(told, b"")], "the packet has other addresses than the event"


def test_an_event_of_another_namespace_explains_a_packet_with_its_addresses(witness):
    told, data = answer(netns=9)
    witness.take([seen(data)], [told], NOW)
    assert list(witness.ripe(LATER)) == [(told, data)]


def test_an_abort_with_a_shrunk_window_is_known_by_its_acknowledgement(witness):
    told, _ = abort()
    data = packet(HERE, PEER, RST | ACK, NUMBERS.snd_nxt - 100, NUMBERS.rcv_nxt)
    witness.take([seen(data)], [told], NOW)
    assert list(witness.ripe(LATER)) == [(told, data)]


def test_a_dropped_reset_and_a_taken_one_of_a_connection_get_their_own_packets(witness):
    good, data = taken()
    wrong = packet(PEER, HERE, RST, 1)
    bad = event("dropped", HERE, PEER, trigger=wrong)
    packets = [seen(wrong, outgoing=False), seen(data, outgoing=False)]
    witness.take(packets, [good, bad], NOW)
    assert {told.kind: given for told, given in witness.ripe(LATER)} == {"received": data, "dropped": wrong}


def test_a_packet_is_about_what_happened_where_it_was_seen(witness):
    """One namespace drops a reset that another one takes later."""
    good, data = taken(netns=9)
    bad = event("dropped", HERE, PEER, trigger=data)
    later = packet(PEER, HERE, RST, NUMBERS.rcv_nxt, ip_id=9)
    there, here = seen(later, outgoing=False, netns=9), seen(data, outgoing=False)
    witness.take([there, here], [bad, good], NOW)
    assert {told.kind: given for told, given in witness.ripe(LATER)} == {"received": later, "dropped": data}


@pytest.mark.parametrize(("away", "fits"), [(0, True), (-1, True), (-2, False), (100, True), (101, False)])
def test_a_socket_takes_what_lies_in_its_window_or_has_the_number_of_its_fin(witness, away, fits):
    good, _ = taken()
    data = packet(PEER, HERE, RST, NUMBERS.rcv_nxt + away)
    witness.take([seen(data, outgoing=False)], [good], NOW)
    assert list(witness.ripe(LATER)) == [(good, data if fits else b"")]


@pytest.mark.parametrize("when", [NOW, NOW - WAIT + 0.01, NOW + WAIT / 2])
def test_where_events_are_being_lost_nothing_follows_from_their_absence(witness, when):
    data = packet(HERE, PEER, RST, 5)
    moments = sorted({when, NOW})
    for moment in moments:
        packets = [seen(data)] if moment == NOW else []
        witness.take(packets, [], moment, sent_lost=moment == when)
    assert kinds(witness) == []
    assert witness.undecided == 1


def test_losses_long_before_do_not_matter(witness):
    witness.take([], [], NOW - 1, sent_lost=True)
    witness.take([seen(packet(HERE, PEER, RST, 5))], [], NOW, received_lost=True)
    assert kinds(witness) == ["unseen"]


def test_right_after_the_start_an_event_may_be_older_than_the_probes(witness):
    witness.take([seen(packet(HERE, PEER, RST, 5))], [], START + GRACE / 2)
    assert kinds(witness) == []
    assert witness.undecided == 1


def test_where_the_probes_do_not_see_every_reset_nothing_is_called_unseen():
    witness = Witness(START, all_sent_told=False)
    witness.take([seen(packet(HERE, PEER, RST, 5))], [], NOW)
    assert kinds(witness) == []


def test_what_comes_in_without_an_event_is_the_probes_business(witness):
    witness.take([seen(packet(PEER, HERE, RST, 5), outgoing=False)], [], NOW)
    assert kinds(witness) == []


def test_without_a_probe_for_drops_the_packet_tells():
    witness = Witness(START, drops_told=False)
    data = packet(PEER, HERE, RST, 5)
    witness.take([seen(data, outgoing=False), seen(data, outgoing=False, interface="br0")], [], NOW)
    ((told, _),) = list(witness.ripe(LATER))
    assert (told.kind, told.ends.local) == ("dropped", "192.0.2.1:80")


@pytest.mark.parametrize("how", ["passed on", "not for us", "lost"])
def test_without_a_probe_for_drops_a_packet_may_end_elsewhere(how):
    witness = Witness(START, drops_told=False)
    data = packet(PEER, HERE, RST, 5)
    witness.take([seen(data, outgoing=False, here=how != "not for us")], [], NOW, received_lost=how == "lost")
    witness.take([seen(data, interface="eth1", time=2_000)] if how == "passed on" else [], [], NOW + 0.5)
    assert kinds(witness) == []


def test_an_event_without_addresses_is_handed_on(witness):
    told = event("dropped", HERE, PEER, trigger=b"E")
    witness.take([], [told], NOW)
    assert list(witness.ripe(NOW)) == [(told, b"")]


def test_what_is_told_is_forgotten_after_a_while(witness):
    for k in range(100):
        told, data = answer(seq=1 + k)
        witness.take([seen(data), seen(data, outgoing=False)], [told], NOW + k / 100)
    list(witness.ripe(LATER))
    witness.take([], [], LATER + MEMORY)
    assert not witness._memory
    assert not witness._by
    assert not witness._waiting
    assert not witness._loose


def test_what_is_remembered_is_bounded_and_what_goes_early_counts_as_lost(witness, monkeypatch):
    monkeypatch.setattr("whyrst.trace.witness.MOST", 50)
    for k in range(200):
        witness.take([], [answer(seq=1 + k)[0]], NOW)
    assert len(witness._memory) <= 50
    witness.take([seen(answer(seq=1)[1])], [], NOW)
    assert "unseen" not in kinds(witness)
    assert witness.undecided == 1


def test_a_storm_of_unseen_resets_is_counted_beyond_what_is_told(witness):
    flood = [seen(packet(HERE, PEER, RST, 1 + k)) for k in range(RATE + 500)]
    witness.take(flood, [], NOW)
    assert kinds(witness) == ["unseen"] * RATE
    assert witness.untold == 500
    witness.take([seen(packet(HERE, PEER, RST, 7_000))], [], LATER + 1)
    assert kinds(witness, LATER + 2) == ["unseen"]


def test_in_a_time_of_losses_nothing_is_kept_waiting(witness):
    packets = [seen(packet(HERE, PEER, RST, 1 + k), outgoing=k < 10) for k in range(30)]
    witness.take(packets, [], NOW, sent_lost=True, received_lost=True)
    assert witness._loose == []
    assert witness.undecided == 10


@given(st.integers(0, 2**32), st.lists(st.sampled_from(["answer", "abort", "taken"]), max_size=30))
def test_in_any_order_every_event_is_told_once_and_nothing_else(seed, which):
    """Each event and its packets come within the wait, in any order, some packets by two interfaces."""
    shuffle = random.Random(seed)
    witness, things, expected = Witness(START), [], []
    for k, name in enumerate(which):
        ends = ("192.0.2.1", 1000 + k % 7), ("198.51.100.2", 2000 + k)
        told, data = answer(*ends, seq=k + 1) if name == "answer" else {"abort": abort, "taken": taken}[name](*ends)
        expected.append(told)
        things.append(told)
        things += [
            seen(data, outgoing=name != "taken", interface=place)
            for place in ("eth0", "bond0")[: 1 + shuffle.randrange(2)]
        ]
    shuffle.shuffle(things)
    found, now = [], NOW
    for start in range(0, len(things), 5):
        part = things[start : start + 5]
        events = [each for each in part if each in expected]
        witness.take([each for each in part if each not in expected], events, now)
        found += [told for told, _ in witness.ripe(now)]
        now += 0.9 * WAIT / (len(things) // 5 + 1)
    found += [told for told, _ in witness.ripe(LATER)]
    assert sorted(map(repr, found)) == sorted(map(repr, expected))
