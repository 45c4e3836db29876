from __future__ import annotations

import json
from functools import cache
from io import BytesIO

import jsonschema
import msgspec
import pytest
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

from unit.reports.fakes import V6_CLIENT, V6_SERVER, Fake, verdict
from whyrst import model
from whyrst.reports import ocsf
from whyrst.reports.page import View


@cache
def validator(version):
    schema = OcsfJsonSchemaEmbedded(get_ocsf_schema(version=version))
    return jsonschema.Draft202012Validator(schema.get_class_schema(class_name="network_activity", profiles=[]))


def events(*verdicts):
    out = BytesIO()
    ocsf.write(Fake(list(verdicts)), out, View())
    return [json.loads(line) for line in out.getvalue().splitlines()]


KINDS = [
    {},
    {"harm": "refused", "vantage": "client", "incident": "i1"},
    {"harm": "none", "vantage": "server"},
    {"harm": "unknown", "vantage": "host"},
    {"harm": "aborted", "vantage": "unknown"},
    {"client": V6_CLIENT, "server": V6_SERVER},
]


@pytest.mark.parametrize("version", ["1.7.0", "1.8.0"])
def test_events_are_valid(version):
    for event in events(*(verdict(**more) for more in KINDS)):
        validator(version).validate(event)


def test_the_schema_notices_what_is_wrong():
    (event,) = events(verdict())
    for wrong in (event | {"activity_id": 33}, event | {"made_up": 1}, event | {"time": "now"}):
        assert not validator("1.8.0").is_valid(wrong)


def test_a_reset_and_a_refusal_are_activities_of_their_own():
    reset, refused = events(verdict(), verdict(harm="refused"))
    assert (reset["class_uid"], reset["activity_id"], reset["type_uid"]) == (4001, 3, 400103)
    assert (refused["activity_id"], refused["activity_name"], refused["type_uid"]) == (5, "Refuse", 400105)


def test_an_event_says_what_happened():
    (event,) = events(verdict())
    assert (event["start_time"], event["time"], event["duration"]) == (1_795_168_800_000, 1_795_168_801_123, 1123)
    assert event["src_endpoint"] == {"ip": "10.0.0.9", "port": 51234}
    assert event["dst_endpoint"] == {"ip": "10.0.0.5", "port": 8080}
    assert event["connection_info"]["community_uid"] == "1:wCb3OG7yAFWelaUydu0D+125CLM="
    assert event["traffic"] == {"bytes_out": 3000, "bytes_in": 120, "bytes": 3120}
    assert event["status_code"] == "close-with-unread-data"
    assert msgspec.convert(event["unmapped"]["whyrst"], model.Verdict) == verdict()
