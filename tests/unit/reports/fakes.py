"""Reports made of verdicts written down in a test."""

from __future__ import annotations

import zlib
from typing import Any

import msgspec
import numpy as np

from whyrst import model
from whyrst.reports.source import CONFIDENCES, HARMS, MECHANISMS
from whyrst.reports.steps import nanoseconds

V6_CLIENT = "[2001:db8:1234:5678:9abc:def0:1234:5678]:65535"
V6_SERVER = "[2001:db8:ffff:eeee:dddd:cccc:bbbb:aaaa]:65534"


def verdict(
    frame: int = 6,
    cause: str = "close-with-unread-data",
    client: str = "10.0.0.9:51234",
    server: str = "10.0.0.5:8080",
    sender: str = "server",
    harm: str = "data-lost",
    confidence: str = "likely",
    probability: float = 0.87,
    mechanism: str = "active",
    ordinal: int = 1,
    **more: Any,
) -> model.Verdict:
    source, destination = (server, client) if sender == "server" else (client, server)
    made = model.Verdict(
        schema=model.SCHEMA,
        capture="shop.pcap",
        vantage="between",
        time="2026-11-20T10:00:01.123456789Z",
        frame=frame,
        connection=model.ConnectionInfo(
            id="c1",
            community_id="1:wCb3OG7yAFWelaUydu0D+125CLM=",
            client=client,
            server=server,
            stage="established",
            state="ESTABLISHED/ESTABLISHED",
            tcp_stream=4,
            client_known=True,
            start="2026-11-20T10:00:00.000000000Z",
            duration=1.123456789,
            bytes_client=3000,
            bytes_server=120,
        ),
        reset=model.ResetInfo(
            sender=sender,
            source=source,
            destination=destination,
            flags="RST,ACK",
            seq=1,
            ack=2,
            window=64240,
            ttl=64,
            ip_id=7,
            mechanism=mechanism,
            answers_frame=5,
            effective=True,
            ordinal=ordinal,
        ),
        cause=cause,
        confidence=confidence,
        probability=probability,
        alternatives=(model.Alternative("linger-zero", 0.1, "its window would not have jumped"),),
        evidence=(
            model.Evidence("needed", "yes", "the server had acknowledged data of the client", (5,)),
            model.Evidence("supports", "yes", "the window jumps from 512 to 64240 at the reset", (4, 6)),
            model.Evidence("refutes", "no", "the window was updated in between"),
            model.Evidence("supports", "unknown", "unknown whether the answer was complete"),
        ),
        harm=model.Harm(harm, 1448, "1,448 bytes of the client were never delivered"),
        kernel=None,
        references=model.References(
            ("RFC 2525 section 2.17",), ("net/ipv4/tcp.c: __tcp_close, unread data",), "TCPAbortOnClose"
        ),
        fix="Read to the end of the request before closing, or shut down and drain.",
        to_be_sure="nstat -az TcpExtTCPAbortOnClose on the server rises with each of them",
        incident=None,
    )
    return msgspec.structs.replace(made, **more)


def quality(**more: Any) -> model.Quality:
    made = model.Quality(
        captures=("shop.pcap",),
        packets=1143,
        segments=1120,
        skipped={"not-tcp": 20, "not-ip": 3},
        connections=26,
        resets=4,
        copies=0,
        cut=0,
        offload=0,
        bad_checksums=0,
        without_handshake=2,
        one_sided=3,
        missing=0,
        backwards=0,
        evicted=0,
        start="2026-11-20T10:00:00Z",
        end="2026-11-20T10:03:12Z",
        damage=(),
    )
    return msgspec.structs.replace(made, **more)


INCIDENT = model.Incident(
    id="i1",
    kind="restart-window",
    title="10.0.0.5:8080 was away for 3.2 s",
    says="Its connections ended within 40 ms, 200 attempts were refused, then it accepted again.",
    causes={"port-closed": 200, "server-restart": 14},
    resets=214,
    connections=210,
    start="2026-11-20T10:00:01.000000000Z",
    end="2026-11-20T10:00:04.200000000Z",
    harm="refused",
    frames=(12, 15, 19),
)


def _key(text: str) -> int:
    return zlib.crc32(text.encode()) | zlib.crc32(text[::-1].encode()) << 31


class Batch:
    """Verdicts as the columns of `whyrst.reports.source.Judged`."""

    def __init__(self, verdicts: list[model.Verdict]) -> None:
        self._verdicts = verdicts
        self.ids = sorted({one.cause for one in verdicts})
        self.cause = np.array([self.ids.index(one.cause) for one in verdicts], dtype=np.int64)
        self.confidence = np.array([CONFIDENCES.index(one.confidence) for one in verdicts], dtype=np.int8)
        self.probability = np.array([one.probability for one in verdicts])
        self.mechanism = np.array([MECHANISMS.index(one.reset.mechanism) for one in verdicts], dtype=np.int8)
        self.harm = np.array([HARMS.index(one.harm.level) for one in verdicts], dtype=np.int8)
        self.echo = np.array([one.reset.ordinal > 1 for one in verdicts], dtype=bool)
        self.sender_side = np.array([one.reset.sender == "server" for one in verdicts], dtype=np.int8)
        hosts = [one.connection.client.rpartition(":")[0] for one in verdicts]
        self.client_key = np.array([_key(host) for host in hosts], dtype=np.int64)
        self.server_key = np.array([_key(one.connection.server) for one in verdicts], dtype=np.int64)
        self.frame = np.array([one.frame for one in verdicts], dtype=np.int64)
        self.time = np.array([nanoseconds(one.time) for one in verdicts], dtype=np.int64)
        self.incident = [one.incident for one in verdicts]
        self.made = 0

    def __len__(self) -> int:
        return len(self._verdicts)

    def verdict(self, row: int) -> model.Verdict:
        self.made += 1
        return self._verdicts[row]

    def community_id(self, row: int) -> str:
        return self._verdicts[row].connection.community_id

    def ruled_out(self, row: int) -> list[tuple[str, str]]:  # noqa: ARG002
        return [("port-scan", "a single port was tried")]


class Fake:
    """A report of these batches; quality and incidents are known only once all were read."""

    def __init__(
        self,
        *batches: list[model.Verdict],
        incidents: tuple[model.Incident, ...] = (),
        known: model.Quality | None = None,
    ) -> None:
        self.made = [Batch(verdicts) for verdicts in batches]
        self._incidents = incidents
        self._quality = known or quality()
        self._read = False
        self.errors: list[Exception] = []

    def begin(self):
        """No threads here."""

    def batches(self):
        assert not self._read, "a report is read once"
        yield from self.made
        self._read = True

    @property
    def incidents(self):
        assert self._read
        return self._incidents

    @property
    def quality(self):
        assert self._read
        return self._quality
