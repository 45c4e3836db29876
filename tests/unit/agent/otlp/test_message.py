from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from whyrst.agent.otlp.message import Messages, pairs, resource
from whyrst.agent.record import Record
from whyrst.kernel.recorded import read
from whyrst.trace.session import verdicts

CASES = Path(__file__).parents[3] / "cases" / "kernel"


def sent(*records):
    data = Messages("0" * 16, {}).request(records)
    (resource,) = ExportLogsServiceRequest.FromString(data).resource_logs
    return list(resource.scope_logs[0].log_records)


@pytest.mark.parametrize("name", sorted(path.stem for path in CASES.glob("*.ndjson")))
def test_every_verdict_can_be_sent(name):
    found = list(verdicts(read(CASES / f"{name}.ndjson")))
    logs = sent(*(Record(number, msgspec.json.encode(one)) for number, one in enumerate(found, 1)))
    for verdict, log in zip(found, logs, strict=True):
        attributes = {one.key: one.value for one in log.attributes}
        assert attributes["whyrst.cause"].string_value == verdict.cause
        assert attributes["whyrst.harm.level"].string_value == verdict.harm.level
        local = verdict.reset.source if verdict.kernel.socket["kind"] == "sent" else verdict.reset.destination
        assert attributes["network.local.port"].int_value == int(local.rpartition(":")[2])
        assert log.body.string_value.startswith(verdict.cause)
        assert len(attributes) == len(log.attributes)


@pytest.mark.parametrize("line", [b"{}", b"nonsense", b"\xff", b'{"schema":"whyrst.verdict/2"}'])
def test_what_is_no_verdict_any_more_is_sent_as_it_is(line):
    (log,) = sent(Record(3, line))
    assert log.body.string_value == line.decode(errors="replace")
    assert log.attributes[0].value.string_value == "0000000000000000-3"


def test_pairs_as_opentelemetry_writes_them():
    assert pairs("a=1,b = x%2Cy ,=no,none,c=d=e") == {"a": "1", "b": "x,y", "c": "d=e"}


def test_the_environment_wins():
    found = resource("id", {"OTEL_SERVICE_NAME": "x", "OTEL_RESOURCE_ATTRIBUTES": "service.name=y,host.name=z"})
    assert (found["service.name"], found["host.name"], found["service.instance.id"]) == ("x", "z", "id")
