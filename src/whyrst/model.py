"""The nouns of whyrst: frozen values that pass from folder to folder and out to the user.

The field documentation here is what the JSON Schema and the documentation page show; there is no second
description. Names are stable: reports, metrics and other programs depend on them.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

Confidence = Literal["certain", "likely", "possible", "undetermined"]
Mechanism = Literal["active", "passive", "firewall", "forged", "unknown"]
Side = Literal["client", "server"]
VantageName = Literal["client", "server", "between", "host", "unknown"]
Stage = Literal["handshake", "established", "closing", "closed"]
HarmLevel = Literal["none", "refused", "aborted", "data-lost", "unknown"]
Holds = Literal["yes", "no", "unknown"]
Weight = Literal["needed", "supports", "refutes"]

SCHEMA = "whyrst.verdict/1"


class Evidence(Struct, frozen=True):
    """One fact for or against a cause."""

    weight: Annotated[Weight, Meta(description="needed, supports or refutes: what it means for the cause if it holds")]
    holds: Annotated[Holds, Meta(description="whether the capture shows it; unknown when the capture cannot tell")]
    says: Annotated[str, Meta(description="the fact as a sentence")]
    frames: Annotated[tuple[int, ...], Meta(description="the packets that show it, numbered as Wireshark does")] = ()


class Alternative(Struct, frozen=True):
    """A cause that was considered and came second or later."""

    cause: Annotated[str, Meta(description="cause id")]
    probability: Annotated[float, Meta(ge=0, le=1)]
    why_not: Annotated[str, Meta(description="what speaks against it, or what it lacks")]


class ConnectionInfo(Struct, frozen=True):
    """The connection that was reset."""

    id: Annotated[str, Meta(description="id of this connection, unique in a report (a 4-tuple can be used again)")]
    community_id: Annotated[str, Meta(description="Community ID v1, seed 0, as Zeek, Suricata and Arkime write it")]
    client: Annotated[str, Meta(description="ip:port of the end that opened it ([ip]:port for IPv6)")]
    server: Annotated[str, Meta(description="ip:port of the end that was connected to")]
    stage: Annotated[Stage, Meta(description="how far the connection was when the reset came")]
    state: Annotated[str, Meta(description="RFC 9293 states of both ends before the reset, client/server")]
    tcp_stream: Annotated[int, Meta(description="Wireshark's tcp.stream number", ge=0)]
    client_known: Annotated[bool, Meta(description="false when the handshake is missing and the client was guessed")]
    start: Annotated[str, Meta(description="first packet, ISO 8601 UTC")]
    duration: Annotated[float, Meta(description="seconds from the first packet to the reset")]
    bytes_client: Annotated[int, Meta(description="payload bytes the client had sent")]
    bytes_server: Annotated[int, Meta(description="payload bytes the server had sent")]
    name: Annotated[str | None, Meta(description="TLS server name or HTTP host, if one was seen")] = None
    tunnel: Annotated[str | None, Meta(description="encapsulation, outermost first, as vxlan>vlan")] = None
    tampering_stage: Annotated[
        str, Meta(description="post-syn, post-ack, post-psh or later, as Sundara Raman et al. (SIGCOMM 2023)")
    ] = "later"
    tampering_signature: Annotated[
        str | None, Meta(description="the matching signature of that paper, as SYN;ACK->RST")
    ] = None


class ResetInfo(Struct, frozen=True):
    """The reset segment itself."""

    sender: Annotated[Side, Meta(description="the end whose address it carries as source")]
    source: Annotated[str, Meta(description="ip:port")]
    destination: Annotated[str, Meta(description="ip:port")]
    flags: Annotated[str, Meta(description="RST or RST,ACK, with whatever else is set")]
    seq: Annotated[int, Meta(description="sequence number as sent")]
    ack: Annotated[int, Meta(description="acknowledgement field as sent")]
    window: Annotated[int, Meta(description="window field, unscaled")]
    ttl: Annotated[int, Meta(description="TTL or hop limit as captured")]
    ip_id: Annotated[int | None, Meta(description="IPv4 identification; null for IPv6")]
    mechanism: Annotated[
        Mechanism,
        Meta(
            description="active: a socket aborted itself; passive: a stack answered a segment it could not take; "
            "firewall: a device or rule that owns the path answered; forged: a third party wrote it"
        ),
    ]
    answers_frame: Annotated[int | None, Meta(description="the segment that this reset answers, if one does")]
    effective: Annotated[
        bool | None,
        Meta(
            description="whether the receiver took it (RFC 5961: its sequence number was the next expected); "
            "null when unknown"
        ),
    ]
    ordinal: Annotated[int, Meta(description="place among the resets of its connection, 1 = first", ge=1)]


class CauseChoice(Struct, frozen=True):
    """The verdict's cause."""

    id: str
    confidence: Confidence


class Harm(Struct, frozen=True):
    """What the reset destroyed."""

    level: HarmLevel
    bytes_lost: Annotated[int | None, Meta(description="payload bytes sent and never acknowledged, if known")]
    says: str


class Process(Struct, frozen=True):
    """The process that owned the socket."""

    pid: int
    comm: str


class Kernel(Struct, frozen=True):
    """What the kernel said (live trace, or joined events)."""

    reason: str | None
    function: str | None
    stack: tuple[str, ...]
    process: Process | None
    socket: dict[str, int | str]
    kernel_version: str


class Sight(Struct, frozen=True):
    """One capture's view of a reset that was looked for in several."""

    capture: str
    place: Annotated[str, Meta(description="client, server, or between, in the order of the path")]
    seen: Annotated[bool | None, Meta(description="whether it passed there; null when that capture cannot tell")]
    frame: Annotated[int | None, Meta(description="its number there")] = None
    time: Annotated[str | None, Meta(description="when, on the common clock, ISO 8601 UTC")] = None
    source: Annotated[str | None, Meta(description="ip:port as seen there (translated addresses differ)")] = None
    destination: Annotated[str | None, Meta(description="ip:port as seen there")] = None
    ttl: int | None = None
    ip_id: int | None = None
    window: int | None = None


class Dropped(Struct, frozen=True):
    """Segments of a connection that were sent and never arrived, before it was reset."""

    sender: Side
    segments: Annotated[int, Meta(description="repeats included")]
    largest: Annotated[int, Meta(description="payload bytes of the largest one")]
    smallest: Annotated[int, Meta(description="payload bytes of the smallest one")]
    passed: Annotated[int, Meta(description="payload bytes of the largest one that did arrive")]
    capture: Annotated[str, Meta(description="the capture that shows them leaving")]
    frames: tuple[int, ...]
    missing: Annotated[str, Meta(description="the capture at which they did not arrive")]


class Origin(Struct, frozen=True):
    """Where a reset was made, from captures of several places."""

    kind: Annotated[
        Literal["end", "between", "unknown"],
        Meta(description="end: the host whose address it carries; between: on the way between two places"),
    ]
    places: Annotated[
        tuple[str, ...], Meta(description="end: its place; between: the two places (captures or ends) that enclose it")
    ]
    lost_between: Annotated[
        tuple[str, ...], Meta(description="the two places between which it, too, was dropped; empty: it arrived")
    ]
    sights: Annotated[tuple[Sight, ...], Meta(description="the reset at each place, from the client to the server")]
    says: Annotated[str, Meta(description="how that is known")]
    certain: Annotated[bool, Meta(description="the captures leave no other explanation")] = False
    trigger: Annotated[
        tuple[Sight, ...], Meta(description="the segment that it answers, at each place; empty when it answers none")
    ] = ()
    dropped: Annotated[tuple[Dropped, ...], Meta(description="what else was lost on the way, per direction")] = ()
    accepted: Annotated[
        Sight | None,
        Meta(description="a SYN-ACK in the name of this reset's sender that never left it: a device accepted for it"),
    ] = None
    silence: Annotated[
        float, Meta(description="seconds without a segment before the one that it answers, or before the reset")
    ] = 0.0
    known_as: Annotated[
        tuple[str, str] | None,
        Meta(description="client and server of its connection there, when this reset carries other addresses"),
    ] = None
    lacks: Annotated[
        int,
        Meta(description="payloads that passed where it is judged, as other captures prove, and are not in that one"),
    ] = 0


class References(Struct, frozen=True):
    """Where the behaviour is written down."""

    rfc: Annotated[tuple[str, ...], Meta(description="clauses that ask for this reset")]
    source: Annotated[tuple[str, ...], Meta(description="kernel function and condition that emits it")]
    counter: Annotated[str | None, Meta(description="the kernel counter that rises")]


class Verdict(Struct, frozen=True):
    """Why one reset was sent."""

    schema: Annotated[str, Meta(description="format of this object")]
    capture: Annotated[str, Meta(description="capture file")]
    vantage: Annotated[VantageName, Meta(description="where the capture was taken")]
    time: Annotated[str, Meta(description="ISO 8601 UTC with nanoseconds")]
    frame: Annotated[int, Meta(description="number of the reset in its capture, 1-based", ge=1)]
    connection: ConnectionInfo
    reset: ResetInfo
    cause: str
    confidence: Confidence
    probability: Annotated[float, Meta(ge=0, le=1)]
    alternatives: tuple[Alternative, ...]
    evidence: tuple[Evidence, ...]
    harm: Harm
    kernel: Kernel | None
    references: References
    fix: str
    to_be_sure: Annotated[
        str, Meta(description="what would settle the rest, with a command to run; empty when the cause is proven")
    ]
    incident: Annotated[str | None, Meta(description="id of the incident it belongs to")]
    copies: Annotated[int, Meta(description="further copies of this packet (mirror, two interfaces)")] = 0
    declared: Annotated[
        str | None, Meta(description="a reason that the sender itself wrote into the reset, in its words")
    ] = None
    origin: Annotated[Origin | None, Meta(description="where it was made, when several captures were compared")] = None


class Incident(Struct, frozen=True):
    """Verdicts that belong together."""

    id: str
    kind: Annotated[str, Meta(description="restart-window, crash-burst, scan, health-check, idle-constant, ...")]
    title: str
    says: str
    causes: dict[str, int]
    resets: int
    connections: int
    start: str
    end: str
    harm: HarmLevel
    frames: Annotated[tuple[int, ...], Meta(description="first resets that belong to it")]


class Damage(Struct, frozen=True):
    """A place where a capture could not be read on."""

    path: str
    offset: Annotated[int, Meta(description="byte offset in the (decompressed) file")]
    reason: str


class Quality(Struct, frozen=True):
    """How far the capture can be trusted; measured before anything is judged."""

    captures: tuple[str, ...]
    packets: Annotated[int, Meta(description="packet records read = segments + skipped")]
    segments: Annotated[int, Meta(description="TCP segments decoded, copies included")]
    skipped: Annotated[dict[str, int], Meta(description="packets that held no segment, by reason")]
    connections: int
    resets: Annotated[int, Meta(description="reset segments, copies not counted")]
    copies: Annotated[int, Meta(description="packets that are copies of another one")]
    cut: Annotated[int, Meta(description="segments whose captured bytes end early (snap length)")]
    offload: Annotated[int, Meta(description="super-segments and zero IP lengths (segmentation offload)")]
    bad_checksums: int
    without_handshake: Annotated[int, Meta(description="connections whose handshake is not in the capture")]
    one_sided: Annotated[int, Meta(description="connections of which one direction only was captured")]
    missing: Annotated[int, Meta(description="segments acknowledged but not captured: loss in the capture")]
    backwards: Annotated[int, Meta(description="packets with a time before that of the packet before them")]
    evicted: Annotated[int, Meta(description="live connections forgotten because the table was full")]
    start: str | None
    end: str | None
    damage: tuple[Damage, ...]


class Summary(Struct, frozen=True):
    """One document: quality, incidents and verdicts."""

    schema: str
    version: str
    quality: Quality
    incidents: tuple[Incident, ...]
    verdicts: tuple[Verdict, ...] | UnsetType = UNSET
