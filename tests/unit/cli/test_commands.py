"""Commands with a report that the test wrote down; real captures are in test_program."""

from __future__ import annotations

import json
import sys

import pytest

import whyrst.analysis
from unit.reports.fakes import Fake, quality, verdict
from whyrst.capture.errors import CaptureError, FilterError
from whyrst.cli.status import run
from whyrst.model import Damage


@pytest.fixture
def shop(monkeypatch):
    """Makes `analyze` give this report, and tells how it was called."""
    calls = []

    def report(*batches, **more):
        def analyze(paths, **how):
            calls.append((tuple(paths), how))
            return Fake(*batches, **more)

        monkeypatch.setattr(whyrst.analysis, "analyze", analyze)
        return calls

    return report


ONE = [verdict()]
REFUSED = [verdict(cause="port-closed", harm="refused", confidence="certain")]
BENIGN = [verdict(cause="benign-teardown", harm="none")]


def test_text_is_the_default(shop, capfdbinary):
    calls = shop(ONE)
    assert run(["analyze", "shop.pcap"]) == 0
    shown = capfdbinary.readouterr()
    assert shown.out.startswith(b"1 TCP reset in shop.pcap\n")
    assert b"\x1b" not in shown.out
    assert shown.err == b""
    (((paths, how)),) = calls
    assert paths == ("shop.pcap",)
    assert (how["filter"], how["join"]) == (None, False)


def test_options_reach_the_analysis(shop):
    calls = shop(ONE)
    assert run(["analyze", "-f", "port 80", "--join", "a.pcap", "b.pcap"]) == 0
    assert calls[0][0] == ("a.pcap", "b.pcap")
    assert calls[0][1]["filter"] == "port 80"
    assert calls[0][1]["join"] is True


@pytest.mark.parametrize("options", [["--json"], ["--format", "ndjson"], ["--json", "--format", "ndjson"]])
def test_ndjson(shop, capfdbinary, options):
    shop(ONE, REFUSED)
    assert run(["analyze", *options, "shop.pcap"]) == 0
    lines = capfdbinary.readouterr().out.splitlines()
    assert [json.loads(line)["cause"] for line in lines] == ["close-with-unread-data", "port-closed"]


def test_document(shop, capfdbinary):
    shop(ONE)
    assert run(["analyze", "--format", "json", "shop.pcap"]) == 0
    assert json.loads(capfdbinary.readouterr().out)["quality"]["packets"] == 1143


def test_quiet(shop, capfdbinary):
    shop(ONE, REFUSED)
    assert run(["analyze", "-q", "shop.pcap"]) == 0
    assert len(capfdbinary.readouterr().out.splitlines()) == 2


def test_verbose(shop, capfdbinary):
    shop(ONE)
    assert run(["analyze", "-vv", "shop.pcap"]) == 0
    assert b"  not      linger-zero" in capfdbinary.readouterr().out


def test_output_file(shop, capfdbinary, tmp_path):
    shop(ONE)
    target = tmp_path / "report.txt"
    assert run(["analyze", "-o", str(target), "shop.pcap"]) == 0
    assert target.read_text().startswith("1 TCP reset in shop.pcap\n")
    assert capfdbinary.readouterr().out == b""


def test_an_input_is_never_overwritten(shop, capfd, tmp_path):
    shop(ONE)
    capture = tmp_path / "shop.pcap"
    capture.write_bytes(b"precious")
    assert run(["analyze", "-o", str(capture), str(capture)]) == 2
    assert "is an input" in capfd.readouterr().err
    assert capture.read_bytes() == b"precious"


def test_an_output_that_cannot_be_written(shop, capfd, tmp_path):
    shop(ONE)
    assert run(["analyze", "-o", str(tmp_path / "no" / "such"), "shop.pcap"]) == 2
    assert capfd.readouterr().err.startswith("whyrst: ")


@pytest.mark.parametrize(
    ("verdicts", "condition", "status"),
    [
        (ONE, "harmful", 1),
        (REFUSED, "harmful", 1),
        (BENIGN, "harmful", 0),
        (BENIGN, "any", 1),
        ([], "any", 0),
    ],
)
def test_fail_on(shop, verdicts, condition, status):
    shop(verdicts)
    assert run(["analyze", "--fail-on", condition, "shop.pcap"]) == status


def test_fail_on_one_of_several_causes(shop, monkeypatch):
    monkeypatch.setattr("whyrst.causes.all_causes", lambda: {"port-closed": None, "linger-zero": None})
    shop(REFUSED)
    assert run(["analyze", "--fail-on", "linger-zero", "--fail-on", "port-closed", "-q", "shop.pcap"]) == 1
    assert run(["analyze", "--fail-on", "linger-zero", "-q", "shop.pcap"]) == 0


def test_fail_on_an_unknown_cause(shop, monkeypatch, capfd):
    monkeypatch.setattr("whyrst.causes.all_causes", lambda: {"port-closed": None})
    shop(REFUSED)
    assert run(["analyze", "--fail-on", "port-close", "shop.pcap"]) == 2
    assert "did you mean port-closed?" in capfd.readouterr().err


def test_damage(shop, capfd):
    shop(ONE, known=quality(damage=(Damage("shop\x1b.pcap", 4711, "the file ends inside a packet"),)))
    assert run(["analyze", "shop.pcap"]) == 3
    shown = capfd.readouterr()
    assert shown.out.startswith("1 TCP reset")
    assert shown.err == "whyrst: warning: shop\\x1b.pcap: byte 4711: the file ends inside a packet\n"


def test_errors_are_one_line(monkeypatch, capfd):
    def analyze(paths, **_):
        raise CaptureError(paths[0], 0, "this is no capture")

    monkeypatch.setattr(whyrst.analysis, "analyze", analyze)
    assert run(["analyze", "--json", "note.txt"]) == 2
    assert capfd.readouterr() == ("", "whyrst: note.txt: byte 0: this is no capture\n")


def test_a_wrong_filter_is_a_usage_error(monkeypatch, capfd):
    def analyze(*_, **__):
        raise FilterError("syntax error")

    monkeypatch.setattr(whyrst.analysis, "analyze", analyze)
    assert run(["analyze", "-f", "prot 80", "shop.pcap"]) == 2
    assert "syntax error" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (KeyboardInterrupt(), 130, None),
        (
            FileNotFoundError(2, "No such file or directory", "a\n.pcap"),
            2,
            "whyrst: a\\n.pcap: No such file or directory\n",
        ),
        (MemoryError(), 2, "whyrst: not enough memory\n"),
    ],
)
def test_how_it_ends(monkeypatch, capfd, error, status, message):
    def analyze(*_, **__):
        raise error

    monkeypatch.setattr(whyrst.analysis, "analyze", analyze)
    assert run(["analyze", "shop.pcap"]) == status
    shown = capfd.readouterr().err
    if message is None:
        assert shown.strip() == ""
    else:
        assert shown == message


def test_an_error_of_whyrst_itself_is_no_traceback(monkeypatch, capfd):
    monkeypatch.delenv("WHYRST_TRACEBACK", raising=False)
    monkeypatch.setattr(whyrst.analysis, "analyze", lambda *_, **__: 1 // 0)
    assert run(["analyze", "shop.pcap"]) == 2
    shown = capfd.readouterr().err
    assert shown.count("\n") == 1
    assert "internal error at test_commands.py" in shown
    monkeypatch.setenv("WHYRST_TRACEBACK", "1")
    with pytest.raises(ZeroDivisionError):
        run(["analyze", "shop.pcap"])


@pytest.mark.parametrize(
    "arguments",
    [
        ["analyze"],
        ["analyse", "shop.pcap"],
        ["analyze", "--format", "xml", "shop.pcap"],
        ["analyze", "--json", "--format", "json", "shop.pcap"],
        ["analyze", "-q", "-v", "shop.pcap"],
        ["analyze", "--no-such-option"],
        ["show", "-"],
        ["show", "shop.pcap", "--reset", "0"],
        ["show", "shop.pcap", "--reset", "1", "--frame", "1"],
    ],
)
def test_usage_errors(arguments, capfd):
    assert run(arguments) == 2
    shown = capfd.readouterr()
    assert shown.out == ""
    assert "Error: " in shown.err


def test_color(shop, capfdbinary, monkeypatch):
    shop(ONE)
    assert run(["analyze", "--color", "always", "shop.pcap"]) == 0
    assert b"\x1b[" in capfdbinary.readouterr().out
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert run(["analyze", "--color", "never", "shop.pcap"]) == 0
    monkeypatch.setenv("NO_COLOR", "1")
    assert run(["analyze", "shop.pcap"]) == 0
    assert b"\x1b[" not in capfdbinary.readouterr().out


@pytest.mark.parametrize("options", [["--reset", "3"], ["--frame", "77"]])
def test_show_what_is_not_there(shop, capfd, options):
    shop(ONE, REFUSED)
    assert run(["show", "shop.pcap", *options]) == 2
    assert capfd.readouterr().err.endswith("the capture holds 2 of them\n")


@pytest.mark.parametrize("group", [[], ["fleet"], ["lab"]])
def test_without_a_command_the_help_is_shown(group, capfd):
    assert run([*group, "--help"]) == 0
    wanted = capfd.readouterr().out
    assert run(group) == 2
    assert capfd.readouterr() == ("", wanted)


def test_the_help_says_in_whole_sentences_what_commands_do(capfd):
    run(["--help"])
    assert "..." not in capfd.readouterr().out.partition("Commands:")[2]


def test_help_names_every_command(capfd):
    assert run(["--help"]) == 0
    shown = capfd.readouterr().out
    assert all(name in shown for name in ("analyze", "show", "explain", "--version"))


def test_version(capfd):
    assert run(["--version"]) == 0
    assert capfd.readouterr().out.startswith("whyrst ")
