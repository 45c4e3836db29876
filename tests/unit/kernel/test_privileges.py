from __future__ import annotations

import pytest

from whyrst.kernel.privileges import ADMIN, BPF, NET_RAW, PERFMON, held, kept, missing, refusal, sudo_user

ALL = "Name:\tpython\nCapPrm:\t000001ffffffffff\nCapEff:\t000001ffffffffff\n"
FEW = "CapEff:\t000000c000002000\n"


def test_what_a_process_may_stands_in_its_status():
    assert {BPF, PERFMON, NET_RAW, ADMIN} <= held(ALL)
    assert held(FEW) == {BPF, PERFMON, NET_RAW}
    assert held("CapEff:\t0000000000000000\n") == frozenset()
    assert held("") == frozenset()


def test_three_capabilities_suffice_and_the_old_one_stands_for_two():
    assert missing({BPF, PERFMON, NET_RAW}) == ()
    assert missing({ADMIN, NET_RAW}) == ()
    assert missing({ADMIN}) == (NET_RAW,)
    assert missing({BPF}) == (PERFMON, NET_RAW)


def test_before_linux_5_8_only_the_old_one_counts():
    assert missing({BPF, PERFMON, NET_RAW}, fine=False) == (ADMIN,)


def test_the_refusal_names_what_is_missing():
    assert refusal(()) == ""
    assert "CAP_BPF, CAP_PERFMON and CAP_NET_RAW," in refusal((BPF, PERFMON, NET_RAW))
    assert "needs CAP_NET_RAW," in refusal((NET_RAW,))


@pytest.mark.parametrize(
    ("release", "disabled", "expected"),
    [
        ("6.12.0-1-amd64", "2", frozenset()),
        ("5.19.0", "1", frozenset()),
        ("5.18.3", "0", frozenset()),
        ("5.18.3", "2", frozenset({BPF})),
    ],
)
def test_maps_are_read_without_privileges_since_linux_5_19(release, disabled, expected):
    assert kept({BPF, PERFMON, ADMIN}, release, disabled) == expected


def test_before_linux_5_8_reading_maps_needs_the_old_capability():
    assert kept({ADMIN}, "5.4.0", "1") == {ADMIN}


def test_who_called_sudo(monkeypatch):
    monkeypatch.setenv("SUDO_UID", "1000")
    monkeypatch.setenv("SUDO_GID", "1001")
    assert sudo_user() == (1000, 1001)
    monkeypatch.setenv("SUDO_UID", "0")
    assert sudo_user() is None
    monkeypatch.delenv("SUDO_UID")
    assert sudo_user() is None
