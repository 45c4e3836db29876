from __future__ import annotations

import ipaddress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unit.resets.crafted import Facts
from whyrst.lab.wire import Capture, Host, payloads
from whyrst.resets.text import FIELDS, address, community_id, duration, endpoint, fill, flag_names, iso, packed

UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0}
addresses = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6))


def halves(ip):
    """The two cells that a decoded segment holds, as signed numbers."""
    number = 0xFFFF << 32 | int(ip) if ip.version == 4 else int(ip)
    return tuple(half - 2**64 if half >= 2**63 else half for half in (number >> 64, number & (2**64 - 1)))


@given(addresses)
def test_an_address_comes_back_from_its_halves(ip):
    mapped = ip.version == 6 and ip.ipv4_mapped
    assert address(*halves(ip)) == str(ip.ipv4_mapped if mapped else ip)
    assert packed(*halves(ip)) == (ip.ipv4_mapped if mapped else ip).packed


def test_ipv6_endpoints_stand_in_brackets():
    assert endpoint(*halves(ipaddress.ip_address("192.0.2.1")), 80) == "192.0.2.1:80"
    assert endpoint(*halves(ipaddress.ip_address("2001:db8::1")), 443) == "[2001:db8::1]:443"


# Published with the specification: github.com/corelight/community-id-spec, baseline of tcp.pcap.
KNOWN = (("128.232.110.120", 34855, "66.35.250.204", 80, "1:LQU9qZlK+B5F3KDmev6m5PMibrg="),)


def test_community_ids_are_those_of_the_specification():
    a, a_port, b, b_port, known = KNOWN[0]
    there = community_id(ipaddress.ip_address(a).packed, a_port, ipaddress.ip_address(b).packed, b_port)
    back = community_id(ipaddress.ip_address(b).packed, b_port, ipaddress.ip_address(a).packed, a_port)
    assert there == back == known


@given(st.sampled_from([4, 6]).flatmap(lambda v: st.tuples(st.ip_addresses(v=v), st.ip_addresses(v=v))),
       st.integers(0, 65535), st.integers(0, 65535), st.integers(0, 65535))  # fmt: skip
def test_community_ids_agree_with_the_reference_package(pair, sport, dport, seed):
    package = pytest.importorskip("communityid", reason="the package communityid is not installed")
    a, b = pair
    theirs = package.CommunityID(seed=seed).calc(package.FlowTuple.make_tcp(a.packed, b.packed, sport, dport))
    assert community_id(a.packed, sport, b.packed, dport, seed) == theirs


@given(st.integers(0, 10**16))
def test_a_duration_is_its_value_rounded_to_its_last_place(ns):
    number, unit = duration(ns).split()
    assert number.replace(".", "").isdigit()
    half = 0.5 * 10 ** -len(number.partition(".")[2])
    exact = ns / 1e9 / UNITS[unit]
    assert abs(float(number) - exact) <= max(half, exact * 0.005) * 1.000001


@pytest.mark.parametrize(
    ("ns", "said"),
    [(0, "0 us"), (120_000, "120 us"), (350_400_000_000, "350 s"), (20_100_000, "20.1 ms"), (999_600_000, "1 s"),
     (75_040_000_000, "75 s"), (7_200_000_000_000, "2.0 h"), (900_000_000_000, "15 min")],
)  # fmt: skip
def test_durations_read_as_people_write_them(ns, said):
    assert duration(ns) == said


@given(st.integers(0, 4_000_000_000_000_000_000))
def test_times_keep_their_nanoseconds(ns):
    text = iso(ns)
    assert text.endswith("Z")
    whole = datetime.fromisoformat(text[:19]).replace(tzinfo=UTC)
    assert int(whole.timestamp()) * 10**9 + int(text[20:29]) == ns


@pytest.mark.parametrize("ns", [-(2**63), 2**63 - 1])
def test_absurd_times_are_said_and_not_raised(ns):
    assert iso(ns)


def test_flags_stand_in_the_order_of_the_header():
    assert flag_names(0x14) == "RST,ACK"
    assert flag_names(0x1FF) == "FIN,SYN,RST,PSH,ACK,URG,ECE,CWR,AE"
    assert flag_names(0) == ""


@pytest.fixture(scope="module")
def facts(tmp_path_factory):
    capture = Capture()
    talk = capture.conversation(Host("192.0.2.10"), Host("198.51.100.7"), 40100, 80)
    talk.handshake()
    talk.exchange(payloads.http_request(), payloads.http_answer(300))
    talk.wait(2)
    talk.server.abort()
    scanned = capture.conversation(Host("192.0.2.10"), Host("198.51.100.7"), 40101, 81, start=4)
    scanned.server.refuse(scanned.client.syn())
    return Facts(capture, tmp_path_factory.mktemp("text"))


def test_every_field_can_be_said_of_every_reset(facts):
    for field in FIELDS:
        for i in range(len(facts.resets)):
            said, frames = fill(f"<{{{field}}}>", facts.resets, i)
            assert len(said) > 2 or (field.endswith("_frame") and not frames), field
            assert all(frame > 0 for frame in frames), field
            assert bool(frames) <= field.endswith("_frame"), field


def test_a_sentence_names_the_frames_of_its_evidence_once(facts):
    said, frames = fill("{trigger_frame} and {trigger_frame}: {sender} resets {peer}", facts.resets, 0)
    frame = int(facts.resets.trigger.frame[0])
    assert said == f"{frame} and {frame}: server resets client"
    assert frames == (frame,)


def test_a_segment_that_never_came_has_no_number(facts):
    told = [fill("it had closed in frame {sender_fin_frame}", facts.resets, i) for i in range(len(facts.resets))]
    assert told == [("it had closed", ())] * len(facts.resets)


def test_one_thing_is_told_in_the_singular(facts):
    said, _ = fill("it broke {number} habits and {number} of {resets_after} services", facts.resets, 0)
    assert said == "it broke 1 habit and 1 of 0 services"


def test_an_unknown_field_is_a_mistake(facts):
    with pytest.raises(KeyError):
        fill("{no_such_field}", facts.resets, 0)
