"""Whatever is asked of the web app's API, it answers as its own description says."""

from __future__ import annotations

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from unit.serve.running import EXAMPLE, EXAMPLES, settled
from unit.serve.site import site
from whyrst.serve.api import OPERATIONS
from whyrst.serve.openapi import document
from whyrst.serve.settings import Settings

ENDLESS = "followLive"
TAKES_AWAY = "deleteCapture"
GOOD, BAD = schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE
ASKED = [(one.id, GOOD) for one in OPERATIONS if one.id != ENDLESS]
ASKED += [(one.id, BAD) for one in OPERATIONS if one.query or one.body or "{number}" in one.path]
EXAMPLES_EACH = 25


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    with site(Settings(data=tmp_path_factory.mktemp("data"), folders=(EXAMPLES,), max_captures=50)) as where:
        yield where


@pytest.fixture(scope="module")
def number(address):
    """The example, analyzed."""
    with httpx.Client(base_url=address) as client:
        told = client.post("/api/v1/captures", content=EXAMPLE.read_bytes()).json()
        assert settled(client, told["id"])["state"] == "done"
        return told["id"]


@pytest.mark.parametrize(("name", "mode"), ASKED, ids=[f"{name}-{mode.value}" for name, mode in ASKED])
def test_every_answer_is_the_one_described(address, number, name, mode):
    schema = schemathesis.openapi.from_dict(document())
    schema.config.update(base_url=address)
    operation = schema.find_operation_by_id(name)
    known = st.booleans() if name != TAKES_AWAY else st.just(value=False)

    @settings(
        max_examples=EXAMPLES_EACH, deadline=None, database=None, derandomize=True,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode), known=known)
    def ask(case, known):
        if known and "id" in case.path_parameters:
            case.path_parameters["id"] = number
        answer = case.call()
        assert answer.status_code < 500
        if mode is GOOD:
            case.validate_response(answer)

    ask()
