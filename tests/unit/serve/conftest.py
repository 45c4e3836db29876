from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from unit.serve.running import EXAMPLE, EXAMPLES, settled
from whyrst.serve.app import create_app
from whyrst.serve.settings import Settings


@pytest.fixture
def client(tmp_path):
    settings = Settings(data=tmp_path, folders=(EXAMPLES,), max_size=1_000_000, max_captures=3)
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as one:
        yield one


@pytest.fixture
def done(client):
    """The example, analyzed."""
    told = client.post("/api/v1/captures?name=mine.pcap", content=EXAMPLE.read_bytes())
    assert told.status_code == 201
    return settled(client, told.json()["id"])
