from __future__ import annotations

import sys
from pathlib import Path

import anyio
import pytest
from mcp import Client, StdioServerParameters, stdio_client

from whyrst.mcp.folders import Folders, NotAllowedError
from whyrst.mcp.server import make

EXAMPLES = Path(__file__).parents[3] / "examples"
NAME = "resets.pcap"


def call(tool, **arguments):
    async def ask():
        async with Client(make(Folders([EXAMPLES]))) as client:
            return await client.call_tool(tool, arguments)

    return anyio.run(ask)


def test_it_tells_its_tools_and_that_none_of_them_writes():
    async def ask():
        async with Client(make(Folders([EXAMPLES]))) as client:
            return (await client.list_tools()).tools

    tools = anyio.run(ask)
    assert {t.name for t in tools} == {
        "list_captures", "analyze_capture", "show_ladder", "explain_cause", "list_causes",
    }  # fmt: skip
    assert all(t.annotations.read_only_hint for t in tools)


def test_a_capture_is_analyzed():
    told = call("analyze_capture", path=NAME, limit=2).structured_content
    assert len(told["verdicts"]) == 2
    assert sum(told["resets_by_cause"].values()) == told["quality"]["resets"]
    cause = told["verdicts"][0]["cause"]
    again = call("analyze_capture", path=NAME, cause=cause, first=1, limit=200).structured_content
    assert {v["cause"] for v in again["verdicts"]} == {cause}
    assert len(again["verdicts"]) == told["resets_by_cause"][cause]


def test_pages_of_verdicts_do_not_overlap():
    whole = [v["frame"] for v in call("analyze_capture", path=NAME, limit=4).structured_content["verdicts"]]
    second = call("analyze_capture", path=NAME, first=3, limit=2).structured_content["verdicts"]
    assert [v["frame"] for v in second] == whole[2:4]


def test_a_ladder_shows_the_reset():
    told = call("show_ladder", path=NAME, reset=1)
    assert not told.is_error
    assert "RST" in told.content[0].text


def test_a_reset_that_is_not_there_is_an_error():
    assert call("show_ladder", path=NAME, reset=10_000).is_error


@pytest.mark.parametrize("path", ["../pyproject.toml", "/etc/passwd", "no-such.pcap", ".", "a\0b"])
def test_nothing_else_is_read(path):
    assert call("analyze_capture", path=path).is_error


def test_a_link_does_not_lead_outside(tmp_path):
    inside, outside = tmp_path / "inside", tmp_path / "outside.pcap"
    inside.mkdir()
    outside.write_bytes(b"")
    (inside / "link.pcap").symlink_to(outside)
    folders = Folders([inside])
    with pytest.raises(NotAllowedError):
        folders.file("link.pcap")
    assert list(folders.captures()) == []


def test_captures_are_listed_by_name():
    assert NAME in call("list_captures").structured_content["result"]


@pytest.mark.parametrize("name", ["close-with-unread-data", "TCPAbortOnClose"])
def test_the_manual_is_found(name):
    assert "How to be sure" in call("explain_cause", name=name).content[0].text


def test_what_is_unknown_is_an_error():
    assert call("explain_cause", name="no such cause").is_error


def test_the_command_speaks_over_standard_input_and_output():
    async def ask():
        words = StdioServerParameters(command=sys.executable, args=["-m", "whyrst.cli", "mcp", str(EXAMPLES)])
        async with Client(stdio_client(words)) as client:
            return await client.call_tool("list_causes", {})

    assert "port-closed" in anyio.run(ask).structured_content
