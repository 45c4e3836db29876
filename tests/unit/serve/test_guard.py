from __future__ import annotations

import asyncio

import pytest

from whyrst.serve.guard import Guard

TOKEN = "abc-def"  # noqa: S105 - of this test only


async def app(_scope, _receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-mine", b"1")]})
    await send({"type": "http.response.body", "body": b"fine"})


def ask(path="/", method="GET", *, token=None, listens="127.0.0.1", **headers):
    told = {"host": "127.0.0.1:8321"} | {name.replace("_", "-"): value for name, value in headers.items()}
    scope = {
        "type": "http", "method": method, "path": path,
        "headers": [(name.encode(), value.encode()) for name, value in told.items() if value is not None],
    }  # fmt: skip
    sent = []

    async def send(message):
        sent.append(message)

    asyncio.run(Guard(app, host=listens, token=token)(scope, None, send))
    return sent[0]["status"], dict(sent[0]["headers"])


def test_every_answer_has_the_headers_that_keep_pages_apart():
    for status, headers in (ask(), ask(host="evil.example")):
        assert status in {200, 421}
        assert b"default-src 'none'" in headers[b"content-security-policy"]
        assert b"unsafe" not in headers[b"content-security-policy"]
        assert headers[b"x-content-type-options"] == b"nosniff"


@pytest.mark.parametrize("host", ["127.0.0.1:8321", "localhost:8321", "[::1]:8321", "localhost"])
def test_our_own_names_are_answered(host):
    assert ask(host=host)[0] == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "10.0.0.1", "[", None])
def test_other_names_are_not(host):
    assert ask(host=host)[0] == 421


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"origin": "http://127.0.0.1:8321"}, 200),
        ({"sec_fetch_site": "same-origin"}, 200),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"sec_fetch_site": "cross-site"}, 403),
        ({"sec_fetch_site": "same-site"}, 403),
    ],
)
def test_only_our_own_pages_may_change_something(headers, status):
    assert ask("/captures", "POST", **headers)[0] == status
    assert ask("/", "GET", **headers)[0] == 200


def test_without_the_token_a_page_leads_to_the_login_and_the_api_refuses():
    assert ask(token=TOKEN)[0] == 303
    assert ask(token=TOKEN)[1][b"location"] == b"/login"
    status, headers = ask("/api/v1/captures", token=TOKEN)
    assert (status, headers[b"www-authenticate"]) == (401, b"Bearer")
    assert ask("/login", token=TOKEN)[0] == 200
    assert ask("/static/app.css", token=TOKEN)[0] == 200
    assert ask("/login/x", token=TOKEN)[0] == 303


@pytest.mark.parametrize("told", [f"Bearer {TOKEN}", f"bearer {TOKEN}"])
def test_the_token_opens(told):
    assert ask("/api/v1/captures", token=TOKEN, authorization=told)[0] == 200


@pytest.mark.parametrize("told", ["Bearer", "Bearer x", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer ü"])
def test_nothing_else_does(told):
    assert ask("/api/v1/captures", token=TOKEN, authorization=told)[0] == 401


def test_a_cookie_opens_too():
    assert ask(token=TOKEN, cookie=f"whyrst={TOKEN}")[0] == 200
    assert ask(token=TOKEN, cookie="whyrst=no")[0] == 303


def test_with_a_token_addresses_of_this_host_are_answered_but_no_names():
    told = f"Bearer {TOKEN}"
    assert ask(token=TOKEN, listens="10.0.0.1", host="10.0.0.1:8321", authorization=told)[0] == 200
    assert ask(token=TOKEN, listens="10.0.0.1", host="evil.example", authorization=told)[0] == 421
