from __future__ import annotations

import json

import pytest
from openapi_spec_validator import validate

from unit.serve.running import EXAMPLE, EXAMPLES, settled
from whyrst.serve.openapi import document


def test_an_upload_is_analyzed(client, done):
    assert (done["state"], done["name"], done["size"]) == ("done", "mine.pcap", EXAMPLE.stat().st_size)
    assert done["quality"]["resets"] == client.get("/api/v1/verdicts", params={"capture": done["id"]}).json()["total"]
    assert client.get(f"/api/v1/captures/{done['id']}/incidents").json()
    assert [c["id"] for c in client.get("/api/v1/captures").json()] == [done["id"]]


def test_no_path_of_the_server_is_told(client, done, tmp_path):
    told = client.get("/api/v1/captures").text + client.get(f"/api/v1/captures/{done['id']}").text
    assert str(tmp_path) not in told
    assert "paths" not in told


def test_verdicts_are_filtered_and_counted(client, done):
    counts = client.get("/api/v1/counts", params={"capture": done["id"], "by": "cause"}).json()
    for cause, count in counts.items():
        told = client.get("/api/v1/verdicts", params={"cause": cause, "limit": 1000}).json()
        assert told["total"] == len(told["verdicts"]) == count


def test_a_ladder_is_drawn_by_another_process(client, done):
    svg = client.get(f"/api/v1/captures/{done['id']}/verdicts/1/ladder")
    assert svg.headers["content-type"] == "image/svg+xml"
    assert svg.text.startswith("<svg")
    assert "RST" in client.get(f"/api/v1/captures/{done['id']}/verdicts/1/ladder?form=text").text


def test_ladders_name_captures_as_their_owner_does(client, done, tmp_path):
    text = client.get(f"/api/v1/captures/{done['id']}/verdicts/1/ladder?form=text").text
    assert "RST" in text
    assert str(tmp_path) not in text
    assert next((tmp_path / "uploads").iterdir()).name not in text


def test_a_picture_may_use_its_own_style_sheet_and_nothing_else(client, done):
    policy = client.get(f"/api/v1/captures/{done['id']}/verdicts/1/ladder").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script" not in policy


def test_a_verdict_is_that_of_the_command_line(client, done):
    told = client.get(f"/api/v1/captures/{done['id']}/verdicts/1").json()
    assert told["schema"] == "whyrst.verdict/1"
    assert str(EXAMPLES) not in told["capture"]


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/captures/no",
        "/api/v1/captures/no/incidents",
        "/api/v1/captures/no/verdicts/1",
        "/api/v1/causes/no-such",
    ],
)
def test_what_is_not_there_is_told(client, path):
    told = client.get(path)
    assert told.status_code == 404
    assert told.json()["error"]


@pytest.mark.parametrize("query", ["port=x", "port=70000", "limit=-1", "limit=9999", "first=x"])
def test_a_malformed_query_is_told(client, query):
    assert client.get(f"/api/v1/verdicts?{query}").status_code == 400


def test_an_upload_that_is_too_large_leaves_nothing(client, tmp_path):
    assert client.post("/api/v1/captures", content=b"x" * 1_000_001).status_code == 413

    def chunks():
        for _ in range(20):
            yield b"x" * 100_000

    assert client.post("/api/v1/captures", content=chunks()).status_code == 413
    assert client.post("/api/v1/captures", content=b"").status_code == 400
    assert client.get("/api/v1/captures").json() == []
    assert list((tmp_path / "uploads").iterdir()) == []


def test_deleting_takes_the_file_with_it(client, done, tmp_path):
    assert len(list((tmp_path / "uploads").iterdir())) == 1
    assert client.delete(f"/api/v1/captures/{done['id']}").status_code == 204
    assert list((tmp_path / "uploads").iterdir()) == []
    assert client.get("/api/v1/verdicts").json()["total"] == 0


def test_the_oldest_uploads_go(client, tmp_path):
    numbers = []
    for _ in range(4):
        told = client.post("/api/v1/captures", content=EXAMPLE.read_bytes()).json()
        numbers.append(settled(client, told["id"])["id"])
    client.post("/api/v1/captures", content=EXAMPLE.read_bytes())
    left = {c["id"] for c in client.get("/api/v1/captures").json()}
    assert numbers[0] not in left
    assert numbers[-1] in left
    assert len(list((tmp_path / "uploads").iterdir())) <= 4


def test_a_capture_of_the_folder_is_analyzed_where_it_is(client):
    assert "resets.pcap" in client.get("/api/v1/folder").json()
    told = client.post("/api/v1/folder", json={"paths": ["resets.pcap"]})
    assert settled(client, told.json()["id"])["state"] == "done"
    client.delete(f"/api/v1/captures/{told.json()['id']}")
    assert EXAMPLE.exists()


@pytest.mark.parametrize("path", ["../pyproject.toml", "/etc/passwd", "", "no.pcap"])
def test_nothing_outside_the_folder_is(client, path):
    assert client.post("/api/v1/folder", json={"paths": [path]}).status_code == 404


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"paths": 1}', b'{"paths": [1]}', b'{"paths": []}'])
def test_a_malformed_body_is_told(client, body):
    assert client.post("/api/v1/folder", content=body).status_code == 400


def test_captures_that_do_not_belong_together_fail_with_a_reason(client, done):
    other = client.post("/api/v1/captures", content=EXAMPLE.read_bytes()[:24]).json()
    settled(client, other["id"])
    told = client.post("/api/v1/compare", json={"captures": [done["id"], other["id"]]})
    assert told.status_code == 201
    compared = settled(client, told.json()["id"])
    assert (compared["state"], len(compared["labels"])) == ("failed", 2)
    assert compared["error"]


def test_the_manual(client):
    assert "port-closed" in client.get("/api/v1/causes").json()
    assert client.get("/api/v1/causes/TCPAbortOnClose").json()


def test_the_description_is_valid_and_complete(client):
    assert client.get("/api/openapi.json").json() == json.loads(json.dumps(document()))
    validate(json.loads(json.dumps(document())))


def test_names_of_uploads_are_only_shown(client):
    told = client.post("/api/v1/captures?name=..%2F..%2Fa%1b%5B2J%3Cb%3E.pcap", content=EXAMPLE.read_bytes()).json()
    assert told["name"] == "a?[2J<b>.pcap"
