"""Verdicts as an OTLP request (opentelemetry-proto, ExportLogsServiceRequest)."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import unquote

import msgspec
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, InstrumentationScope, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs, SeverityNumber
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from whyrst.agent.file import uid
from whyrst.agent.otlp.keys import EVENT, SEVERITIES, UID, attributes
from whyrst.model import Verdict
from whyrst.reports.digest import headline
from whyrst.reports.steps import nanoseconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from whyrst.agent.otlp.keys import Value
    from whyrst.agent.record import Record

SCOPE = "whyrst"
_DECODE = msgspec.json.Decoder(Verdict).decode


class Messages:
    """Makes requests.

    Args:
        queue: id of the queue.
        environment: where OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES may stand.
    """

    def __init__(self, queue: str, environment: Mapping[str, str]) -> None:
        self._queue = queue
        self._resource = Resource(attributes=_pairs(resource(queue, environment).items()))
        self._scope = InstrumentationScope(name=SCOPE, version=version())

    def request(self, records: Sequence[Record]) -> bytes:
        """One request with a log record for each verdict; what is no verdict becomes a record with its text.

        A record is made of the verdict alone: sent again it has the same bytes, so that receivers which keep equal
        records once keep it once.
        """
        logs = ScopeLogs(scope=self._scope, log_records=[self._log(record) for record in records])
        request = ExportLogsServiceRequest(resource_logs=[ResourceLogs(resource=self._resource, scope_logs=[logs])])
        return bytes(request.SerializeToString())

    def _log(self, record: Record) -> LogRecord:
        name = (UID, uid(self._queue, record.number))
        try:
            verdict = _DECODE(record.line)
        except msgspec.DecodeError:  # of another version of whyrst, before an update
            body = AnyValue(string_value=record.line.decode(errors="replace"))
            return LogRecord(body=body, event_name=EVENT, attributes=_pairs([name]))
        severity = SEVERITIES[verdict.harm.level]
        return LogRecord(
            time_unix_nano=nanoseconds(verdict.time),
            observed_time_unix_nano=nanoseconds(verdict.time),  # a probe saw it
            severity_number=SeverityNumber.Value(f"SEVERITY_NUMBER_{severity}"),
            severity_text=severity,
            body=AnyValue(string_value=headline(verdict)),
            event_name=EVENT,
            attributes=_pairs([name, *attributes(verdict)]),
        )


def resource(queue: str, environment: Mapping[str, str]) -> dict[str, str]:
    """Attributes of whom the records come from. The environment's are taken as OpenTelemetry's SDKs do: pairs with
    commas between them, values percent-encoded.
    """
    known = {
        "service.name": "whyrst",
        "service.version": version(),
        "service.instance.id": queue,
        "host.name": os.uname().nodename,
        "os.type": "linux",
    }
    known |= pairs(environment.get("OTEL_RESOURCE_ATTRIBUTES", ""))
    if name := environment.get("OTEL_SERVICE_NAME"):
        known["service.name"] = name
    return known


def pairs(text: str) -> dict[str, str]:
    """`key=value,key=value` with percent-encoded values, as OpenTelemetry's variables have them.

    >>> pairs("a=1, b=x%20y,,c")
    {'a': '1', 'b': 'x y'}
    """
    found = (one.partition("=") for one in text.split(","))
    return {key.strip(): unquote(value.strip()) for key, equals, value in found if equals and key.strip()}


@cache
def version() -> str:
    """Of whyrst."""
    from importlib.metadata import version as installed

    return installed("whyrst")


def _pairs(values: Iterable[tuple[str, Value | None]]) -> list[KeyValue]:
    return [KeyValue(key=key, value=_any(value)) for key, value in values if value is not None]


def _any(value: Value) -> AnyValue:
    if isinstance(value, bool):
        return AnyValue(bool_value=value)
    if isinstance(value, int):
        return AnyValue(int_value=value)
    if isinstance(value, float):
        return AnyValue(double_value=value)
    if isinstance(value, str):
        return AnyValue(string_value=value)
    return AnyValue(array_value=ArrayValue(values=[AnyValue(string_value=one) for one in value]))
