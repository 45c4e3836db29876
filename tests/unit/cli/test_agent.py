from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

CASES = Path(__file__).parents[2] / "cases" / "kernel"
EVENTS = CASES / "close_unread.ndjson"
WHYRST = (sys.executable, "-m", "whyrst.cli")
PLAIN = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "WHYRST_", "SUDO_"))}


def run(*words, before=(), **environment):
    return subprocess.run(
        (*before, *WHYRST, "agent", *map(str, words)),
        capture_output=True, text=True, env=PLAIN | environment, timeout=120, check=False,
    )  # fmt: skip


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_recorded_events_are_delivered(tmp_path):
    path = tmp_path / "out.ndjson"
    done = run("--replay", EVENTS, "--file", path, "--queue", tmp_path / "queue")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == f"whyrst: delivering, file from the queue {tmp_path / 'queue'}\n"
    assert [one["cause"] for one in lines(path)] == ["close-with-unread-data"] * 2
    again = run("--replay", EVENTS, "--file", path, "--queue", tmp_path / "queue", "--cause", "port-closed")
    assert again.returncode == 0
    assert len(lines(path)) == 2


def test_options_win_over_the_file(tmp_path):
    config = tmp_path / "agent.toml"
    config.write_text(f"""
        causes = ["port-closed"]
        queue = {{ folder = "{tmp_path}/queue" }}
        [[file]]
        path = "{tmp_path}/one"
    """)
    assert run("--config", config, "--replay", EVENTS).returncode == 0
    assert (tmp_path / "one").read_bytes() == b""
    words = ("--config", config, "--replay", EVENTS, "--cause", "close-with-unread-data", "--file", tmp_path / "two")
    assert run(*words).returncode == 0
    assert len(lines(tmp_path / "two")) == 2


def test_a_filter_of_the_file(tmp_path):
    config = tmp_path / "agent.toml"
    config.write_text(f'filter = "port 1"\n[[file]]\npath = "{tmp_path}/one"\n')
    words = ("--config", config, "--replay", EVENTS, "--queue", tmp_path / "queue")
    assert run(*words).returncode == 0
    assert (tmp_path / "one").read_bytes() == b""
    assert run(*words, "ip6").returncode == 0
    assert len(lines(tmp_path / "one")) == 2


def test_the_queue_where_systemd_says(tmp_path):
    done = run("--replay", EVENTS, "--file", tmp_path / "out", STATE_DIRECTORY=str(tmp_path / "state"))
    assert done.returncode == 0
    assert (tmp_path / "state" / "id").exists()


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--replay", EVENTS), "it needs an output: --prometheus, --otlp, --kafka or --file"),
        (("--replay", EVENTS, "--prometheus", "127.0.0.1:0"), "it needs an output"),
        (("--replay", "none", "--file", "x"), "none is no file"),
        (("--kafka", "topic"), "'topic' is not BROKERS/TOPIC"),
        (("--file", "x", "--queue-size", "huge"), "'huge' is no size such as 256M"),
        (("--file", "x", "--file-size", "0"), "'0' is no size"),
        (("--file", "x", "--config", "/none.toml"), "/none.toml: No such file or directory"),
        (("--file", "x", "--cause", "nonsense"), "nonsense"),
        (("--file", "x", "port http-ish"), "FILTER"),
        (("--replay", EVENTS, "--otlp", "ftp://me:secret@a/b"), "'ftp://a/b' is no http:// or https:// URL"),
        (("--replay", EVENTS, "--otlp", "collector:4318"), "is no http:// or https:// URL"),
        (("--replay", EVENTS, "--file", "/none/there"), "/none/there: No such file or directory"),
        (("--replay", EVENTS, "--file", "/usr"), "/usr: Is a directory"),
        (("--replay", EVENTS, "--file", "/dev/null"), "/dev/null: no regular file, which could be rotated"),
        (("--replay", EVENTS, "--file", "/none/x", "--file", "/none/../none/x"), "two outputs write /none/../none/x"),
        (("--replay", EVENTS, "--file", "x", "--prometheus", "nowhere"), "'nowhere' is not ADDR:PORT"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(tmp_path, words, why):
    done = run(*words, "--queue", tmp_path / "queue")
    assert done.returncode == 2
    assert why in done.stderr
    assert "Traceback" not in done.stderr
    assert "secret" not in done.stderr
    assert done.stdout == ""


def test_what_is_no_recording(tmp_path):
    (tmp_path / "events").write_text("{}\n")
    done = run("--replay", tmp_path / "events", "--file", tmp_path / "out", "--queue", tmp_path / "queue")
    assert done.returncode == 2
    assert "line 1 is no kernel event" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "soon", "OTEL_EXPORTER_OTLP_TIMEOUT: 'soon' is no number of milliseconds"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "zip", "'zip' is neither gzip nor none"),
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/none", "/none: No such file or directory"),
    ],
)
def test_variables_that_cannot_be(tmp_path, name, value, why):
    words = ("--replay", EVENTS, "--otlp", "https://127.0.0.1:1", "--queue", tmp_path / "queue")
    done = run(*words, **{name: value})
    assert done.returncode == 2
    assert why in done.stderr


def test_a_library_that_is_missing(tmp_path):
    (tmp_path / "confluent_kafka.py").write_text("raise ModuleNotFoundError('gone', name='confluent_kafka')")
    done = run("--replay", EVENTS, "--kafka", "a:1/t", "--queue", tmp_path / "queue", PYTHONPATH=str(tmp_path))
    assert done.returncode == 2
    assert done.stderr == "whyrst: a library is missing (confluent_kafka): pip install 'whyrst[agent]'\n"


def test_without_privileges_it_says_what_it_needs(tmp_path):
    before = ("setpriv", "--bounding-set=-all", "--inh-caps=-all") if os.geteuid() == 0 else ()
    done = run("--file", tmp_path / "out", before=before)
    assert done.returncode == 2
    assert done.stderr.startswith("whyrst: tracing needs CAP_BPF, CAP_PERFMON and CAP_NET_RAW")
    assert done.stderr.count("\n") == 1


def test_a_signal_ends_it_and_leaves_the_rest_in_the_queue(tmp_path):
    words = ("--replay", EVENTS, "--otlp", "http://127.0.0.1:1", "--queue", tmp_path / "queue")
    process = subprocess.Popen((*WHYRST, "agent", *map(str, words)), stderr=subprocess.PIPE, text=True, env=PLAIN)
    assert "delivering, otlp from the queue" in process.stderr.readline()
    assert "Connection refused; trying again" in process.stderr.readline()
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0
    assert said == "whyrst: otlp: 2 verdicts left in the queue for the next start\n"
    done = run("--replay", CASES / "ss_kill.ndjson", "--file", tmp_path / "out", "--queue", tmp_path / "queue")
    assert done.returncode == 0
    assert lines(tmp_path / "out")[0]["uid"].endswith("-3")
