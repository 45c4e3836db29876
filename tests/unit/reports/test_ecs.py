from __future__ import annotations

import json
from io import BytesIO

import msgspec
import pytest

from unit.reports.fakes import V6_CLIENT, V6_SERVER, Fake, verdict
from whyrst import model
from whyrst.reports import ecs
from whyrst.reports.page import View

SCHEMA = {
    "@timestamp": str,
    "message": str,
    "ecs.version": str,
    "event.action": str,
    "event.category": list,
    "event.code": str,
    "event.dataset": str,
    "event.duration": int,
    "event.end": str,
    "event.id": str,
    "event.kind": str,
    "event.module": str,
    "event.outcome": str,
    "event.provider": str,
    "event.reason": str,
    "event.severity": int,
    "event.start": str,
    "event.type": list,
    **{f"{end}.{name}": kind for end in ("source", "destination", "client", "server") for name, kind in (
        ("ip", str), ("port", int), ("bytes", int), ("domain", str))},
    "network.bytes": int,
    "network.community_id": str,
    "network.direction": str,
    "network.iana_number": str,
    "network.transport": str,
    "network.type": str,
    "related.ip": list,
    "rule.id": str,
    "rule.name": str,
    "rule.ruleset": str,
    "observer.product": str,
    "observer.vendor": str,
    "observer.version": str,
    "log.file.path": str,
    "process.pid": int,
    "process.name": str,
}  # fmt: skip
"""Fields of ECS 8.17 that are used, and what JSON holds there (an array where the schema wants one)."""

TYPES = {"access", "allowed", "connection", "denied", "end", "info", "protocol", "start"}
"""event.type where event.category is network."""


def events(*verdicts):
    out = BytesIO()
    ecs.write(Fake(list(verdicts)), out, View())
    return [json.loads(line) for line in out.getvalue().splitlines()]


def leaves(value, path=""):
    for name, part in value.items():
        if isinstance(part, dict):
            yield from leaves(part, f"{path}{name}.")
        else:
            yield path + name, part


KERNEL = model.Kernel("TCP_ABORT_ON_CLOSE", "tcp_close", (), model.Process(7, "nginx"), {"lport": 80}, "6.12")


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"harm": "refused", "mechanism": "firewall"},
        {"harm": "none", "vantage": "client"},
        {"harm": "unknown", "vantage": "server", "kernel": KERNEL},
        {"client": V6_CLIENT, "server": V6_SERVER},
    ],
)
def test_only_fields_of_the_schema_are_used(more):
    (event,) = events(verdict(**more))
    whole = event.pop("whyrst")
    for name, value in leaves(event):
        assert isinstance(value, SCHEMA[name]), name
    assert msgspec.convert(whole, model.Verdict) == verdict(**more)
    assert event["event"]["outcome"] in {"success", "failure", "unknown"}
    assert set(event["event"]["type"]) <= TYPES


def test_an_event_says_what_happened():
    (event,) = events(verdict(vantage="client"))
    assert event["@timestamp"] == "2026-11-20T10:00:01.123456789Z"
    assert event["event"] | {"kind": "event", "category": ["network"], "outcome": "failure"} == event["event"]
    assert event["event"]["duration"] == 1_123_456_789
    assert event["source"] == event["client"] == {"ip": "10.0.0.9", "port": 51234, "bytes": 3000}
    assert event["destination"] == event["server"] == {"ip": "10.0.0.5", "port": 8080, "bytes": 120}
    assert event["network"] == {
        "transport": "tcp",
        "iana_number": "6",
        "type": "ipv4",
        "community_id": "1:wCb3OG7yAFWelaUydu0D+125CLM=",
        "direction": "egress",
        "bytes": 3120,
    }


def test_kinds_of_ends_are_told_apart():
    refused, denied, harmless, lost = events(
        verdict(harm="refused"), verdict(mechanism="firewall"), verdict(harm="none"), verdict()
    )
    assert [one["event"]["action"] for one in (refused, lost)] == ["connection-refused", "connection-reset"]
    assert "denied" in denied["event"]["type"]
    assert "denied" not in lost["event"]["type"]
    assert harmless["event"]["outcome"] == "success"
    assert harmless["event"]["severity"] < refused["event"]["severity"] < lost["event"]["severity"]


def test_names_and_processes_have_their_places():
    one = verdict(kernel=KERNEL)
    one = msgspec.structs.replace(one, connection=msgspec.structs.replace(one.connection, name="shop.example"))
    (event,) = events(one)
    assert event["destination"]["domain"] == "shop.example"
    assert event["process"] == {"pid": 7, "name": "nginx"}


def test_control_characters_are_escaped():
    out = BytesIO()
    ecs.write(Fake([verdict(declared="\x1b[2J\x9b\u202e")]), out, View())
    assert out.getvalue().decode().strip().isprintable()
