"""What a scenario knows about its resets, because it made them; never what whyrst said."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

Where = Literal["client", "router", "server"]
WHERE: tuple[Where, ...] = ("client", "router", "server")
"""Points at which a run is recorded."""


class Truth(Struct, frozen=True):
    """The truth about one reset, or about all further ones of a sender in a connection."""

    ports: Annotated[tuple[int, int], Meta(description="the two ports of the connection, in any order")]
    sender: Annotated[str, Meta(description="host whose address the reset carries as source")]
    origin: Annotated[str, Meta(description="host that made it: its sender, or the router, in another's name")]
    cause: str
    mechanism: str
    accept: Annotated[
        dict[str, tuple[str, ...]],
        Meta(description="per point of capture, ids that are right there, because the wire cannot tell more"),
    ]
    nth: Annotated[int | None, Meta(description="which of the sender's resets in this connection; null: all others")]
    how: Annotated[str, Meta(description="what the scenario did")]
    may_be_unseen: Annotated[
        bool, Meta(description="the reset need not stand in every capture (dropped, forged to one side, timing)")
    ] = False
    elsewhere: Annotated[
        tuple[tuple[tuple[int, int], str], ...],
        Meta(description="ports and sender that the same reset has behind an address translation"),
    ] = ()
    raw: Annotated[bool, Meta(description="a program wrote the packet itself, past its host's TCP")] = False
    live: Annotated[
        tuple[str, ...],
        Meta(description="further ids that are right where the sender's kernel tells, without any packet at hand"),
    ] = ()


class Record(Struct, frozen=True):
    """truth.json of one run."""

    scenario: str
    title: str
    seed: int
    family: int
    kernel: str
    settings: dict[str, str]
    resets: tuple[Truth, ...]
    errors: Annotated[dict[str, list[str]], Meta(description="what the programs saw: name of the end -> errno names")]
    notes: tuple[str, ...]
    spaces: Annotated[dict[str, int], Meta(description="host -> inode number of its network namespace")] = {}
    ended: Annotated[
        int, Meta(description="when the scenario was over, ns since 1970; what comes later is tidying")
    ] = 0
