"""What a verdict is about, in a few lines: the segment, the connection, its ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.reports.amounts import duration, listing

if TYPE_CHECKING:
    from whyrst.model import Verdict

STACK = 8
"""Functions of a kernel stack that are shown."""


def reset(verdict: Verdict) -> str:
    """Who sent which reset to whom."""
    one = verdict.reset
    echo = f", reset {one.ordinal} of its connection" if one.ordinal > 1 else ""
    return f"{one.source} ({one.sender}) -> {one.destination}: {one.flags}{echo}"


def connection(verdict: Verdict) -> str:
    """Which connection, how old, and how far it was."""
    one = verdict.connection
    name = f" of {one.name}" if one.name else ""
    tunnel = f" in {one.tunnel}" if one.tunnel else ""
    guessed = "" if one.client_known else ", no handshake captured"
    return f"connection{name}{tunnel}, {duration(one.duration)} old, {one.stage}{guessed}"


def ends(verdict: Verdict) -> str:
    """State of both ends, and what they had sent."""
    one = verdict.connection
    sides = zip(("client", "server"), one.state.split("/"), (one.bytes_client, one.bytes_server), strict=False)
    return "; ".join(f"{end} {state}, sent {size:,} B" for end, state, size in sides)


def sureness(verdict: Verdict) -> str:
    """How sure, as a word and a probability; empty where there is no cause to be sure of."""
    return "" if verdict.cause == "undetermined" else f"{verdict.confidence}, {verdict.probability:.0%}"


def kernel(verdict: Verdict) -> list[str]:
    """What the kernel said, if one was asked: reason and function, the process, the way the call took."""
    one = verdict.kernel
    if one is None:
        return []
    where = f" in {one.function}" if one.function else ""
    process = f"process {one.process.comm} ({one.process.pid})" if one.process else ""
    socket = listing([f"{name} {value}" for name, value in one.socket.items()])
    stack = f"called by {listing(one.stack, STACK)}" if one.stack else ""
    said = [f"{one.reason or 'no reason given'}{where}, Linux {one.kernel_version}", process, socket, stack]
    return [line for line in said if line]
