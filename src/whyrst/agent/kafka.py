"""Kafka: one message a verdict, and none twice.

The producer is idempotent (KIP-98), so within one run a partition gets each message once and in order. After a crash,
or after a failure that left open what arrived, the topic itself is asked: the partitions are read from where they were
when a batch was noted last, and what is found there of this queue is not sent again.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import msgspec
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition

from whyrst.agent.file import uid
from whyrst.agent.output import Away, Sent
from whyrst.agent.place import Place

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from confluent_kafka import Message

    from whyrst.agent.record import Record

SECONDS = 10.0
"""How long the brokers have to answer a question."""
DELIVERY = 15.0
"""How long a message may take before the brokers count as away."""
READING = 60.0
"""How long reading back may take."""
UID = "uid"
"""Header with the verdict's name."""
OURS = frozenset(
    {"bootstrap.servers", "enable.idempotence", "acks", "transactional.id", "message.timeout.ms", "group.id"}
)
"""Settings on which what is promised rests."""
REFUSED = frozenset({KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.INVALID_RECORD, KafkaError.INVALID_MSG_SIZE})
"""Errors of a message that no later attempt mends."""

END = KafkaError._PARTITION_EOF  # noqa: SLF001 - librdkafka's name
VAGUE = frozenset({KafkaError._MSG_TIMED_OUT, KafkaError._TIMED_OUT, KafkaError._TRANSPORT})  # noqa: SLF001 - as above
"""Errors that say no more than that something did not answer."""


class _Connection(msgspec.Struct):
    community_id: str = ""


class _Keyed(msgspec.Struct):
    connection: _Connection = msgspec.field(default_factory=_Connection)


_KEY = msgspec.json.Decoder(_Keyed).decode


class Topic:
    """Sends messages to a topic.

    Args:
        brokers: host:port, with commas between them.
        topic: name.
        settings: librdkafka's, such as those for TLS and SASL.
        queue: id of the queue.

    Raises:
        ValueError: a setting is unknown, or belongs to what is promised.
    """

    def __init__(self, brokers: str, topic: str, settings: Mapping[str, str], queue: str) -> None:
        if wrong := sorted(OURS & settings.keys()):
            raise ValueError(f"{wrong[0]} cannot be set: delivering once rests on it")
        self._topic = topic
        self._queue = queue
        self._common: dict[str, Any] = {
            "client.id": "whyrst", **settings, "bootstrap.servers": brokers, "log_level": 0, "error_cb": self._fail,
        }  # fmt: skip
        self._producer: Producer | None = None
        self._offsets: dict[str, int] = {}
        self._there: set[int] = set()
        self._error = ""
        try:
            Producer(self._settings())
        except KafkaException as error:
            raise ValueError(error.args[0].str()) from error

    def open(self, place: Place) -> Place:
        """Find the topic's partitions, and what they have beyond the place."""
        try:
            self._producer = Producer(self._settings())
            found = self._producer.list_topics(self._topic, SECONDS).topics[self._topic]
            if found.error is not None:
                raise Away(f"{self._topic}: {found.error.str()}")
            reader = Consumer(
                self._common
                | {"group.id": f"whyrst-{self._queue}", "enable.partition.eof": True, "fetch.wait.max.ms": 10}
            )
            try:
                self._look(reader, sorted(found.partitions), place)
            finally:
                reader.close()
        except KafkaException as error:
            raise Away(self._why(error.args[0])) from error
        return Place(place.next, {"offsets": dict(self._offsets)})

    def send(self, records: Sequence[Record]) -> Sent:
        """Send messages, and wait until the brokers keep them."""
        assert self._producer is not None, "it was opened"
        failed: list[KafkaError] = []

        def note(error: KafkaError | None, message: Message) -> None:
            if error is not None:
                failed.append(error)
            else:
                self._pass(message)

        for record in records:
            if record.number not in self._there:
                self._put(self._producer, record, note, failed)
        left = self._producer.flush(DELIVERY + SECONDS)
        refused = [error for error in failed if error.code() in REFUSED]
        if left or len(refused) < len(failed):
            other = next((error for error in failed if error.code() not in REFUSED), None)
            raise Away(self._why(other))
        self._there.clear()
        place = Place(records[-1].number + 1, {"offsets": dict(self._offsets)})
        return Sent(place, len(refused), f"{self._topic}: {refused[0].str()}" if refused else "")

    def close(self) -> None:
        """Forget what is not sent; the topic tells later what arrived."""
        if self._producer is not None:
            self._producer.purge()
            self._producer.flush(0)
            self._producer = None

    def _settings(self) -> dict[str, Any]:
        return {
            "linger.ms": 5, **self._common, "enable.idempotence": True, "message.timeout.ms": int(DELIVERY * 1000),
        }  # fmt: skip

    def _put(self, producer: Producer, record: Record, note: Any, failed: list[KafkaError]) -> None:
        try:
            key = _KEY(record.line).connection.community_id
        except msgspec.DecodeError:
            key = ""
        headers: list[tuple[str, str | bytes | None]] = [(UID, uid(self._queue, record.number))]
        while True:
            try:
                producer.produce(self._topic, record.line, key or None, headers=headers, on_delivery=note)
            except BufferError:
                producer.poll(0.1)
            except KafkaException as error:
                failed.append(error.args[0])
                return
            else:
                return

    def _look(self, reader: Consumer, partitions: list[int], place: Place) -> None:
        """Read what was written since the last note; the first time only note where the partitions end."""
        noted = place.memo.get("offsets")
        self._there.clear()
        self._offsets = {}
        wanted = []
        for partition in partitions:
            low, high = reader.get_watermark_offsets(TopicPartition(self._topic, partition), SECONDS)
            begin = high if noted is None else max(int(noted.get(str(partition), low)), low)
            self._offsets[str(partition)] = begin
            if noted is not None:
                wanted.append(TopicPartition(self._topic, partition, begin))
        reader.assign(wanted)
        until = time.monotonic() + READING
        while wanted:
            message = reader.poll(1.0)
            if time.monotonic() > until:
                raise Away(f"{self._topic}: reading back what it has took longer than {READING:g} s")
            if message is None:
                continue
            error = message.error()
            if error is None:
                self._found(message, place.next)
            elif error.code() == END:
                wanted = [one for one in wanted if one.partition != message.partition()]
            else:
                raise KafkaException(error)

    def _found(self, message: Message, begin: int) -> None:
        """One message that is there."""
        self._pass(message)
        headers = message.headers() or ()
        for name, value in headers.items() if isinstance(headers, dict) else headers:
            if name == UID and isinstance(value, bytes):
                queue, _, number = value.decode("ascii", "replace").partition("-")
                if queue == self._queue and number.isdecimal() and int(number) >= begin:
                    self._there.add(int(number))

    def _pass(self, message: Message) -> None:
        partition, offset = message.partition(), message.offset()
        if partition is not None and offset is not None:
            self._offsets[str(partition)] = max(self._offsets.get(str(partition), 0), offset + 1)

    def _fail(self, error: KafkaError) -> None:
        self._error = error.str()

    def _why(self, error: KafkaError | None) -> str:
        """What is wrong; what librdkafka said by itself tells more than that time ran out."""
        vague = error is None or error.code() in VAGUE
        said = self._error if vague and self._error else error.str() if error is not None else "no answer"
        self._error = ""
        return f"{self._topic}: {said}"
