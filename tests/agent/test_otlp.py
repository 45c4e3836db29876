from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from opentelemetry.proto.logs.v1.logs_pb2 import SeverityNumber

from agent.receiver import Receiver
from agent.running import HERE, finished, free_port, killed_and_finished, number_of, pump, until


@pytest.fixture
def receiver():
    with Receiver() as one:
        yield one


def config(folder, receiver, queue="8M"):
    file = folder / "agent.toml"
    file.write_text(f'[queue]\nsize = "{queue}"\n[[otlp]]\nurl = "{receiver.url}"\n')
    return file


def numbers(receiver):
    return [number_of(uid) for uid in receiver.uids()]


def values(attributes):
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in attributes}


def test_log_records_say_what_the_verdict_says(tmp_path, receiver, monkeypatch):
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "k8s.node.name=node%201,service.name=other")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "resets")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20secret")
    assert finished(tmp_path / "queue", config(tmp_path, receiver), 3) == ""
    assert numbers(receiver) == [1, 2, 3]
    record = receiver.records[0]
    assert record.event_name == "whyrst.verdict"
    assert record.severity_number == SeverityNumber.SEVERITY_NUMBER_ERROR
    assert record.severity_text == "ERROR"
    assert record.time_unix_nano == 1795277501130382106
    assert record.body.string_value.startswith("close-with-unread-data (certain): ")
    found = values(record.attributes)
    assert found["network.transport"] == "tcp"
    assert found["network.type"] == "ipv6"
    assert (found["network.local.address"], found["network.local.port"]) == ("2001:db8:2::20", 23758)
    assert (found["network.peer.address"], found["network.peer.port"]) == ("2001:db8:1::10", 51290)
    assert (found["process.pid"], found["whyrst.process.comm"]) == (19971, "python")
    assert found["whyrst.harm.bytes_lost"] == found["whyrst.kernel.socket.unread"] == 671
    assert found["whyrst.kernel.stack"].values[1].string_value == "__tcp_close"
    assert len(found["whyrst.evidence"].values) == 4
    resource = values(receiver.resources[0].attributes)
    assert resource["service.name"] == "resets"
    assert resource["k8s.node.name"] == "node 1"
    assert resource["host.name"] == os.uname().nodename
    assert {"service.version", "service.instance.id"} <= resource.keys()
    _, path, headers, _ = receiver.requests[0]
    assert (path, headers["authorization"]) == ("/v1/logs", "Bearer secret")
    assert headers["Content-Encoding"] == "gzip"
    assert headers["User-Agent"].startswith("whyrst/")


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_receiver_that_asks_for_patience_gets_it(tmp_path, receiver, status):
    receiver.answers += [(status, {"Retry-After": "1"}), (status, {})]
    said = finished(tmp_path / "queue", config(tmp_path, receiver), 20)
    assert numbers(receiver) == list(range(1, 21))
    first, second, third = (when for when, *_ in receiver.requests[:3])
    assert second - first >= 1  # what the receiver asked for, not how fast this machine is
    assert third > second
    assert f": {status} " in said
    assert "delivering again, after 2 attempts that failed" in said


@pytest.mark.parametrize("answer", [("gone",), ("cut",)])
def test_a_connection_that_breaks_costs_nothing(tmp_path, receiver, answer):
    receiver.answers += [answer, answer, answer]
    finished(tmp_path / "queue", config(tmp_path, receiver), 40)
    assert sorted(set(numbers(receiver))) == list(range(1, 41))
    first = list(dict.fromkeys(numbers(receiver)))
    assert first == sorted(first)


@pytest.mark.parametrize("status", [301, 400, 401, 404, 500])
def test_what_will_never_be_taken_is_counted_and_not_sent_again(tmp_path, receiver, status):
    receiver.answers += [(status, {})]
    said = finished(tmp_path / "queue", config(tmp_path, receiver), 200)
    assert f": {status} " in said
    assert said.count("will not take") == 1
    refused = 200 - len(receiver.records)
    assert refused > 0
    assert numbers(receiver) == list(range(refused + 1, 201))


def test_a_request_that_is_too_large_goes_in_halves(tmp_path, receiver):
    receiver.most = 3
    assert finished(tmp_path / "queue", config(tmp_path, receiver), 100, 50) == ""
    assert numbers(receiver) == list(range(1, 101))


def test_partial_success_is_success_for_the_others(tmp_path, receiver):
    receiver.answers.append(("partial", 2, "too\nold\x1b[31m"))
    said = finished(tmp_path / "queue", config(tmp_path, receiver), 100)
    assert "the receiver will not take 2 of" in said
    assert "too\\nold\\x1b[31m" in said
    assert numbers(receiver) == list(range(1, 101))


def test_killed_at_any_moment_none_is_missing_and_doubles_have_one_name(tmp_path, receiver):
    said, kills = killed_and_finished(tmp_path / "queue", config(tmp_path, receiver), 1500)
    assert kills >= 3
    first = list(dict.fromkeys(numbers(receiver)))
    assert first == list(range(1, 1501))
    frames = {one.key: one for one in receiver.records[-1].attributes}
    assert "whyrst.cause" in frames
    assert len({uid.partition("-")[0] for uid in receiver.uids()}) == 1
    assert "dropped" not in said


def test_killed_between_the_receipt_and_its_note_the_same_names_come_again(tmp_path, receiver):
    """The one moment in which a record is sent twice: the receiver has it, and nobody knows."""
    queue, file = tmp_path / "queue", config(tmp_path, receiver)
    process = pump(queue, file, 30, 30)
    receiver.answers.append(("call", lambda: os.kill(process.pid, signal.SIGKILL)))
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert numbers(receiver) == list(range(1, 31))
    assert finished(queue, file, 40, 30) == ""
    assert numbers(receiver) == [*range(1, 31), *range(1, 41)]
    made = [one.SerializeToString() for one in receiver.records]
    assert made[:30] == made[30:60]  # whoever keeps equal records once has each once
    assert len(set(made)) == 40


def test_a_receiver_that_comes_late_gets_everything(tmp_path):
    port = free_port()
    file = tmp_path / "agent.toml"
    file.write_text(f'[[otlp]]\nurl = "http://127.0.0.1:{port}"\n')
    process = pump(tmp_path / "queue", file, 300, 50)
    said = process.stderr.readline()
    assert b"Connection refused; trying again until it works" in said
    with Receiver(port) as receiver:
        receiver.wait(300)
        _, said = process.communicate(timeout=60)
        assert numbers(receiver) == list(range(1, 301))
    assert process.returncode == 0
    assert b"delivering again" in said


def test_beyond_the_bound_the_oldest_go_and_are_counted(tmp_path):
    port = free_port()
    file = tmp_path / "agent.toml"
    file.write_text(f'[queue]\nsize = "4M"\n[[otlp]]\nurl = "http://127.0.0.1:{port}"\n')
    process = pump(tmp_path / "queue", file, 4000, 400)
    folder = tmp_path / "queue"
    until(lambda: any(b'"frame":4000,' in one.read_bytes() for one in sorted(folder.glob("*.log"))[-1:]))
    assert sum(one.stat().st_size for one in folder.glob("*.log")) <= 4 << 20
    with Receiver(port) as receiver:
        _, said = process.communicate(timeout=120)
        found = numbers(receiver)
    assert found == sorted(set(found))
    assert found[0] > 1000
    assert found[-1] == 4000
    dropped = re.findall(rb"([\d,]+) verdicts dropped, the queue is full", said)
    assert sum(int(one.replace(b",", b"")) for one in dropped) == 4000 - len(found)
    assert process.returncode == 0


def test_a_receiver_that_never_answers_does_not_hold_up_the_end(tmp_path, receiver, monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "3600000")
    events = HERE.parent / "cases" / "kernel" / "close_unread.ndjson"
    held = threading.Event()
    receiver.answers.append(("call", lambda: held.wait(120)))
    process = subprocess.Popen(
        (
            sys.executable,
            "-m",
            "whyrst.cli",
            "agent",
            "--replay",
            events,
            "--otlp",
            receiver.url,
            "--queue",
            tmp_path / "queue",
        ),
        stderr=subprocess.PIPE,
    )
    receiver.wait(2)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    held.set()
    assert process.returncode == 0
    assert b"otlp: 2 verdicts left in the queue for the next start" in said


def test_through_a_real_collector(tmp_path, receiver):
    """Rotel takes our requests and passes them on."""
    rotel = pytest.importorskip("rotel")
    agent = Path(rotel.__file__).with_name("rotel-agent")
    port, other = free_port(), free_port()
    process = subprocess.Popen(
        (
            agent, "start", "--otlp-http-endpoint", f"127.0.0.1:{port}", "--otlp-grpc-endpoint", f"127.0.0.1:{other}",
            "--exporter", "otlp", "--otlp-exporter-endpoint", receiver.url, "--otlp-exporter-protocol", "http",
        ),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        file = tmp_path / "agent.toml"
        file.write_text(f'[[otlp]]\nurl = "http://127.0.0.1:{port}"\n')
        finished(tmp_path / "queue", file, 700, 100)
        receiver.wait(700)
    finally:
        process.terminate()
        process.wait(30)
    assert sorted(numbers(receiver)) == list(range(1, 701))
    assert {one.event_name for one in receiver.records} <= {"whyrst.verdict", ""}
    assert values(receiver.records[0].attributes)["whyrst.cause"] == "close-with-unread-data"
