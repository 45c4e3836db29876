from __future__ import annotations

import json

import pytest

pytest.importorskip("pyarrow")

from unit.fleet.archives import case, cut
from whyrst.cli.status import run


@pytest.fixture
def archive(tmp_path):
    cut(case("port-closed"), tmp_path / "in" / "a", 2)
    return tmp_path / "in"


def test_text_and_json(archive, tmp_path, capsys):
    assert run(["fleet", "analyze", str(archive), "-o", str(tmp_path / "out"), "-j", "1"]) == 0
    text = capsys.readouterr()
    assert text.err == ""
    assert "2 captures" in text.out
    assert "port-closed" in text.out
    assert run(["fleet", "analyze", str(archive), "-o", str(tmp_path / "out"), "-j", "1", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["captures"] == 2
    assert said["resets"] == sum(said["causes"].values()) > 0


def test_damage_is_status_3_and_one_line_each(archive, tmp_path, capsys):
    (archive / "a" / "bad\x1b.pcap").write_bytes(b"nothing")
    (path,) = cut(case("port-closed"), archive / "b", 1, kinds=("",))
    with open(path, "r+b") as file:  # noqa: PTH123 - cut in place
        file.truncate(300)
    assert run(["fleet", "analyze", str(archive), "-o", str(tmp_path / "out"), "-j", "1"]) == 3
    text = capsys.readouterr()
    assert len(text.err.splitlines()) == 2
    assert "\x1b" not in text.err + text.out
    assert "1 capture unreadable, damage in 1" in text.out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["missing", "-o", "out"], "missing: no such file"),
        (["in", "-o", "in/a/capture-000.pcap"], "not a folder"),
        (["in", "-o", "s3://bucket/out"], "OUT must be a local or mounted folder"),
        (["in"], "--output"),
    ],
)
def test_usage(archive, monkeypatch, capsys, arguments, says):
    monkeypatch.chdir(archive.parent)
    assert run(["fleet", "analyze", *arguments]) == 2
    assert says in capsys.readouterr().err
