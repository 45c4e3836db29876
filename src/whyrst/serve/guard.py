"""Who may ask the app for what: one ASGI layer before everything else.

On the loopback address anybody on this machine may, but no page of another site may make their browser ask: the Host
header must name us (DNS rebinding), and what changes anything must come from our own pages (cross-site requests). On
any other address a token is demanded, in an Authorization header, or once in a form that sets a cookie.
"""

from __future__ import annotations

import hmac
import ipaddress
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping
    from typing import Any

    Scope = MutableMapping[str, Any]
    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]
    App = Callable[[Scope, Receive, Send], Awaitable[None]]

COOKIE = "whyrst"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
LOGIN, STATIC = "/login", "/static/"
"""Paths that need no token: the form that asks for it, and what every page looks like."""
LOCAL_NAMES = frozenset({"localhost", "localhost.localdomain", "ip6-localhost"})
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = tuple(
    (name.encode(), value.encode())
    for name, value in {
        "content-security-policy": POLICY,
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "same-origin",  # with no-referrer, forms of our own pages would say `Origin: null`
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "permissions-policy": "camera=(), geolocation=(), microphone=()",
    }.items()
)


class Refusal(NamedTuple):
    """Why a request is not answered."""

    status: int
    reason: str


class Guard:
    """Lets requests through, or answers them itself.

    Args:
        app: what is guarded.
        host: the address that the app listens on.
        token: what a client must know; None: nothing.
    """

    def __init__(self, app: App, *, host: str, token: str | None) -> None:
        self._app = app
        self._host = host
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(pair for pair in HEADERS if pair[0] not in present)]
            await send(message)

        refusal = self.refusal(scope)
        if refusal is None:
            await self._app(scope, receive, with_headers)
        else:
            await _answer(with_headers, refusal, login=refusal.status == 401 and _is_page(scope))  # noqa: PLR2004 - RFC 9110

    def refusal(self, scope: Scope) -> Refusal | None:
        """Why a request is not answered; None when it is."""
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        host = headers.get("host", "")
        if not self._names_us(host):
            return Refusal(421, "this server does not answer to that name")
        if scope["method"] not in SAFE and not _same_origin(headers, host):
            return Refusal(403, "a page of another site may not change anything here")
        if self._token is not None and not _is_open(scope["path"]) and not self._knows(headers):
            return Refusal(401, "a token is needed")
        return None

    def _names_us(self, host: str) -> bool:
        """Whether the Host header is an address, a local name, or the name that the app listens on."""
        try:
            name = urlsplit(f"//{host}").hostname or ""
            if name in LOCAL_NAMES or name == self._host:
                return True
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return address.is_loopback or self._token is not None

    def _knows(self, headers: dict[str, str]) -> bool:
        scheme, _, told = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return self.is_token(told.strip())
        cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
        return cookie is not None and self.is_token(cookie.value)

    def is_token(self, told: str) -> bool:
        """Whether it is the token; takes as long whatever is told."""
        return self._token is not None and hmac.compare_digest(told.encode(), self._token.encode())


def _same_origin(headers: dict[str, str], host: str) -> bool:
    """Whether a request comes from our own pages, or from a program, which sends neither of these headers.

    Browsers set Sec-Fetch-Site (Fetch Metadata) and Origin (RFC 6454) on every request that can change something, and
    no page can forge them.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == host


def _is_open(path: str) -> bool:
    return path == LOGIN or path.startswith(STATIC)


def _is_page(scope: Scope) -> bool:
    return scope["method"] == "GET" and not scope["path"].startswith("/api/")


async def _answer(send: Send, refusal: Refusal, *, login: bool) -> None:
    text = f"{refusal.reason}\n".encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(text)).encode())]
    if refusal.status == 401:  # noqa: PLR2004 - RFC 9110: Unauthorized
        headers.append((b"www-authenticate", b"Bearer"))
    if login:
        text, headers = b"", [(b"location", LOGIN.encode()), (b"content-length", b"0")]
    await send({"type": "http.response.start", "status": 303 if login else refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": text})
