"""Names, arguments and files that others chose: nothing acts on the terminal, every refusal is one plain message."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from whyrst.cli.status import run

CASES = Path(__file__).parents[2] / "cases"
ONE = CASES / "close-with-unread-data" / "capture.pcap"
PLACES = CASES / "compare" / "forged-to-client"
EVIL = "a\x1b]0;x\x07\x9b2J\n\u202e\u2028.pcap"
ACTS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")


@pytest.fixture
def ran(capfdbinary, tmp_path, monkeypatch):
    """Runs a command line in a folder of its own; gives its status, and both outputs as text."""
    monkeypatch.chdir(tmp_path)

    def command(*arguments):
        status = run([str(one) for one in arguments])
        out, err = capfdbinary.readouterr()
        return status, out.decode(), err.decode()

    return command


@pytest.fixture
def copies(tmp_path):
    """The case, whole and cut, and captures of two places, all with names that a terminal would act on."""
    shutil.copy(ONE, tmp_path / EVIL)
    (tmp_path / f"cut{EVIL}").write_bytes(ONE.read_bytes()[:-7])
    for place in ("client", "server"):
        shutil.copy(PLACES / f"{place}.pcap", tmp_path / f"{place}{EVIL}")


HERE = (f"client{EVIL}", f"server{EVIL}")


@pytest.mark.usefixtures("copies")
@pytest.mark.parametrize(
    "arguments",
    [
        ["analyze", EVIL],
        ["analyze", "-vv", EVIL, f"cut{EVIL}"],
        ["analyze", "-q", EVIL, f"cut{EVIL}"],
        ["analyze", "--json", EVIL],
        ["analyze", "--format", "json", EVIL],
        ["analyze", "--format", "zeek", EVIL],
        ["analyze", "--format", "ecs", EVIL],
        ["analyze", "--format", "ocsf", EVIL],
        ["analyze", "--format", "html", EVIL],
        ["show", EVIL],
        ["show", "--format", "svg", EVIL],
        ["compare", *HERE],
        ["compare", "-q", *HERE],
        ["compare", "--json", *HERE],
        ["compare", "--reset", "1", *HERE],
        ["compare", "--reset", "1", "--ladder", f"ladder{EVIL}", *HERE],
        ["annotate", f"cut{EVIL}", f"out{EVIL}"],
    ],
    ids=lambda arguments: "-".join(one.strip("-") for one in arguments if EVIL not in one),
)
def test_names_of_files_do_not_act_on_the_terminal(arguments, ran):
    status, out, err = ran(*arguments)
    assert status in {0, 3}
    separated = out.replace("\t", " ") if "zeek" in arguments else out
    assert not ACTS.search(separated)
    assert not ACTS.search(err)


@pytest.mark.usefixtures("copies")
@pytest.mark.parametrize(
    "arguments",
    [
        ["analyze", f"no{EVIL}"],
        ["analyze", "--fail-on", EVIL, ONE],
        ["analyze", "--format", EVIL, ONE],
        ["analyze", "-f", EVIL, ONE],
        ["analyze", "--events", EVIL, ONE],
        ["analyze", "--connections", EVIL, ONE],
        ["analyze", "-o", EVIL, EVIL],
        ["analyze", "-o", f"no{EVIL}/out", ONE],
        ["show", f"no{EVIL}"],
        ["compare", EVIL, f"no{EVIL}"],
        ["compare", EVIL, EVIL],
        ["compare", "--names", f"client={EVIL}", *HERE],
        ["compare", "--names", EVIL, *HERE],
        ["annotate", EVIL, EVIL],
        ["annotate", EVIL, f"client{EVIL}"],
        ["annotate", EVIL, f"no{EVIL}/out"],
        ["explain", EVIL],
        ["trace", "--comm", "x", "--netns", EVIL],
        ["trace", "--cgroup", EVIL],
        ["trace", EVIL],
        ["mcp", EVIL],
        ["lab", "run", EVIL],
        [EVIL],
        ["analyze", f"--{EVIL}"],
    ],
    ids=range(24),
)
def test_what_is_refused_is_told_without_acting_on_the_terminal(arguments, ran):
    status, out, err = ran(*arguments)
    assert status == 2
    assert not ACTS.search(out + err)
    assert "internal error" not in err
    told = [line for line in err.splitlines() if line.startswith(("whyrst: ", "Error: "))]
    assert len(told) == 1, err
    assert err.endswith(told[0] + "\n"), "one line says what is wrong"


@pytest.mark.parametrize(
    ("option", "content", "says"),
    [
        ("--events", b"{}\n", "line 1 is no kernel event"),
        ("--events", b'{"other": ' + b"[" * 60_000, "line 1 is no kernel event"),
        ("--connections", b"\n\nwhat\n", "line 3: neither"),
        ("--connections", b'{"other": ' + b"[" * 60_000, "line 1: no valid JSON"),
        ("--connections", b'{"other": "\xff"}', "line 1: no valid JSON: it is no UTF-8"),
        ("--connections", b'{"id.orig_h": "1", "id.orig_p": 1, "id.resp_h": "::1", "id.resp_p": 1}', "line 1: "),
    ],
    ids=["event", "event-deep", "id", "json-deep", "json-utf-8", "address"],
)
def test_a_wrong_file_beside_the_capture_is_one_line(option, content, says, ran, tmp_path):
    (tmp_path / "list").write_bytes(content)
    status, out, err = ran("analyze", option, "list", ONE)
    assert (status, out) == (2, "")
    assert err.startswith("whyrst: list: ")
    assert says in err
    assert err.count("\n") == 1


def test_a_file_that_cannot_be_made_is_told_by_its_own_name(ran):
    assert ran("annotate", ONE, "none/out.pcapng")[2] == "whyrst: none/out.pcapng: No such file or directory\n"
