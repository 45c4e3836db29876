"""Which kernels have which known bugs, by their numbers."""

from __future__ import annotations

import pytest

from whyrst.causes import all_causes
from whyrst.kernel.bugs import EARLY_DEMUX, EHASH_RACE, may_have, says, version

HAVE = (
    (EHASH_RACE, "5.10.223-1-amd64", True),
    (EHASH_RACE, "5.10.250", False),
    (EHASH_RACE, "6.1.192", True),
    (EHASH_RACE, "6.12.107+deb13", False),
    (EHASH_RACE, "6.19.0", False),
    (EHASH_RACE, "7.3.4", False),
    (EHASH_RACE, "3.10.0-1160.el7", False),
    (EARLY_DEMUX, "6.1.192", True),
    (EARLY_DEMUX, "6.6.1", False),
    (EARLY_DEMUX, "a kernel of somebody", True),
)


@pytest.mark.parametrize(("bug", "release", "expected"), HAVE)
def test_versions(bug, release, expected):
    assert may_have(bug, release) is expected


def test_a_distribution_may_have_mended_it():
    assert "unless your distribution back-ported the repair" in says(EARLY_DEMUX, "6.1.192")
    assert "should not have" in says(EARLY_DEMUX, "6.18.44")


def test_release_without_a_patch_level():
    assert version("6.12") == (6, 12, 0)


def test_their_causes_exist():
    assert {EHASH_RACE.cause, EARLY_DEMUX.cause} <= set(all_causes())
