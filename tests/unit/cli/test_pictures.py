"""Commands that write pictures and pages, on real captures."""

from __future__ import annotations

import os
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from whyrst.cli.status import run

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "examples" / "resets.pcap"
PLACES = [ROOT / "tests" / "cases" / "compare" / "forged-to-both" / f"{place}.pcap" for place in ("client", "server")]


def classes(path):
    return [one.get("class", "") for one in ET.fromstring(path.read_text(encoding="utf-8")).iter()]


def test_a_ladder_is_written_to_a_file(tmp_path, capfd):
    path = tmp_path / "ladder.svg"
    assert run(["show", str(EXAMPLE), "--frame", "93", "--format", "svg", "-o", str(path)]) == 0
    assert capfd.readouterr().out == ""
    assert classes(path).count("band") == 1


def test_text_goes_to_a_file_too(tmp_path):
    path = tmp_path / "shown.txt"
    assert run(["show", str(EXAMPLE), "--frame", "93", "-o", str(path)]) == 0
    assert "LADDER" in path.read_text(encoding="utf-8")


def test_compare_draws_all_places(tmp_path, capfd):
    path = tmp_path / "ladder.svg"
    assert run(["compare", *map(str, PLACES), "--reset", "1", "--ladder", str(path)]) == 0
    assert "LADDER" in capfd.readouterr().out
    assert classes(path).count("line") == 2
    assert "band" in classes(path)


@pytest.mark.parametrize(
    "arguments",
    [
        ["show", "copy.pcap", "--reset", "1", "--format", "svg", "-o", "copy.pcap"],
        ["analyze", "copy.pcap", "--format", "html", "-o", "copy.pcap"],
        ["compare", "copy.pcap", "other.pcap", "--reset", "1", "--ladder", "copy.pcap"],
    ],
)
def test_a_capture_is_never_written_over(arguments, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    before = PLACES[0].read_bytes()
    Path("copy.pcap").write_bytes(before)
    Path("other.pcap").write_bytes(PLACES[1].read_bytes())
    assert run(arguments) == 2
    assert "is an input" in capfd.readouterr().err
    assert Path("copy.pcap").read_bytes() == before


def test_a_ladder_needs_its_reset(tmp_path, capfd):
    assert run(["compare", *map(str, PLACES), "--ladder", str(tmp_path / "x.svg")]) == 2
    assert "--reset" in capfd.readouterr().err
    assert not (tmp_path / "x.svg").exists()


def test_a_pipe_cannot_be_shown(tmp_path, capfd):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert run(["show", str(pipe)]) == 2
    assert "read twice" in capfd.readouterr().err
