from __future__ import annotations

import pytest

from unit.fleet.archives import analyzed, case, cut, tables

POINTS = {
    "north/tap0": "server-restart", "north/tap1": "idle-timeout-both-ends", "south/tap0": "port-scan-connect",
    "south/tap1": "keep-alive-race", "east": "close-with-unread-data", "west": "path-loss-recovers",
}  # fmt: skip


@pytest.fixture(scope="session")
def archive(tmp_path_factory):
    """An archive of several points, in rotated and compressed files."""
    folder = tmp_path_factory.mktemp("archive")
    for k, (point, name) in enumerate(POINTS.items()):
        cut(case(name), folder / point, 3 + k)
    return folder


@pytest.fixture(scope="session")
def expected(archive, tmp_path_factory):
    """The tables of that archive as one process makes them."""
    out = tmp_path_factory.mktemp("serial") / "out"
    analyzed(archive, out)
    made = tables(out)
    assert {kind.split("/")[0] for kind in made} == {"verdicts", "incidents", "quality"}
    return made
