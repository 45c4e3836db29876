from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from unit.serve.running import secret
from whyrst.serve.app import create_app
from whyrst.serve.settings import Settings

TOKEN = "a-token-of-this-test"  # noqa: S105 - of this test only
HOST = "http://10.0.0.1:8321"


@pytest.fixture
def client(tmp_path, monkeypatch):
    monkeypatch.setattr("whyrst.serve.forms.WRONG", 0)
    with TestClient(create_app(Settings(data=tmp_path, host="10.0.0.1", token=TOKEN)), base_url=HOST) as one:
        yield one


def test_a_page_leads_to_the_form_and_the_form_to_the_pages(client):
    form = client.get("/history")
    assert form.url.path == "/login"
    assert "Captures" not in form.text
    wrong = client.post("/login", data={"token": "guess", "secret": secret(form)})
    assert (wrong.status_code, "not the token" in wrong.text) == (403, True)
    assert client.get("/").url.path == "/login"
    inside = client.post("/login", data={"token": TOKEN, "secret": secret(form)})
    assert inside.url.path == "/"
    assert client.get("/history").url.path == "/history"


def test_the_printed_address_opens_once_and_leaves_no_token_in_the_address(client):
    answer = client.get("/login", params={"token": TOKEN}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert client.get("/").url.path == "/"


def test_the_form_of_another_site_is_refused(client):
    form = client.get("/login")
    told = {"token": TOKEN, "secret": secret(form)}
    assert client.post("/login", data=told, headers={"origin": "http://evil.example"}).status_code == 403
    assert client.post("/login", data={"token": TOKEN, "secret": "x"}).status_code == 403


def test_programs_send_the_token_with_each_request(client):
    assert client.get("/api/v1/captures").status_code == 401
    assert client.get("/api/v1/captures", headers={"authorization": f"Bearer {TOKEN}"}).json() == []


def test_without_a_token_there_is_nothing_to_ask(tmp_path):
    with TestClient(create_app(Settings(data=tmp_path)), base_url="http://127.0.0.1") as client:
        assert client.get("/login").url.path == "/"
