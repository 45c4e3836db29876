"""One request over HTTP and what its answer means (OTLP specification 1.x, "OTLP/HTTP").

The connection is kept. Whatever the answer, no more than a bounded part of it is read.
"""

from __future__ import annotations

import gzip
import ssl
import time
from base64 import b64encode
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote, urlsplit

from whyrst.agent.output import Away

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST = 1 << 16
"""Bytes of an answer that are read."""
PATH = "/v1/logs"
OK = 200
TOO_LARGE = 413
AGAIN = frozenset({429, 502, 503, 504})
"""Answers after which a request may be sent again; after all other failures it must not be."""


class Answer(NamedTuple):
    """What the receiver said."""

    status: int
    body: bytes
    reason: str


class Security(NamedTuple):
    """Files for TLS; empty for the system's trust, and for no certificate of ours."""

    trusted: str = ""
    certificate: str = ""
    key: str = ""


class Post:
    """A receiver's address.

    Args:
        url: http or https; `PATH` is added when it has none.
        headers: to send with each request.
        timeout: seconds for connecting, and for each part of the answer.
        compress: with gzip.
        security: of https.

    Raises:
        ValueError: the URL, or a file for TLS, cannot be used.
    """

    def __init__(
        self, url: str, headers: Mapping[str, str], timeout: float, *, compress: bool, security: Security
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"{shown(url)!r} is no http:// or https:// URL")
        self._host, self._port, self._tls = parts.hostname, parts.port, parts.scheme == "https"
        self._path = (parts.path if parts.path.strip("/") else PATH) + (f"?{parts.query}" if parts.query else "")
        self._timeout = timeout
        self._compress = compress
        self._headers = {"Content-Type": "application/x-protobuf", **_authorization(parts.username, parts.password)}
        self._headers |= headers
        if compress:
            self._headers["Content-Encoding"] = "gzip"
        self._context = _context(security) if self._tls else None
        self._connection: HTTPConnection | None = None
        self.where = shown(url)

    def send(self, data: bytes) -> Answer:
        """Send a request; once more where a kept connection turns out to be gone.

        Raises:
            Away: it cannot be delivered now.
        """
        body = gzip.compress(data, 1) if self._compress else data
        kept = self._connection is not None
        try:
            return self._send(body)
        except (OSError, HTTPException) as error:
            self.close()
            # A server may close an idle connection at any time, and then took nothing (RFC 9112 section 9.3.1).
            if kept and isinstance(error, ConnectionError):
                return self._again(body)
            raise self._away(error) from error

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _again(self, body: bytes) -> Answer:
        try:
            return self._send(body)
        except (OSError, HTTPException) as error:
            self.close()
            raise self._away(error) from error

    def _send(self, body: bytes) -> Answer:
        if self._connection is None:
            self._connection = (
                HTTPSConnection(self._host, self._port, timeout=self._timeout, context=self._context)
                if self._tls
                else HTTPConnection(self._host, self._port, timeout=self._timeout)
            )
        self._connection.request("POST", self._path, body, self._headers)
        with self._connection.getresponse() as response:
            found = response.read(LONGEST)
            rest = response.read(1)
            if rest or response.will_close:
                self.close()
            if response.status in AGAIN:
                wish = retry_after(response.headers.get("Retry-After", ""), time.time())
                raise Away(f"{self.where}: {response.status} {response.reason}", wish)
            return Answer(response.status, found, response.reason)

    def _away(self, error: Exception) -> Away:
        why = (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
        return Away(f"{self.where}: {why}")


def shown(url: str) -> str:
    """A URL without what may be secret in it.

    >>> shown("https://me:secret@example.org:4318/v1/logs?key=secret")
    'https://example.org:4318/v1/logs'
    """
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def retry_after(text: str, now: float) -> float:
    """Seconds to wait by a Retry-After header: a number or a date (RFC 9110 section 10.2.3); 0 for anything else.

    >>> retry_after("120", 0.0), retry_after("Thu, 01 Jan 1970 00:02:00 GMT", 100.0), retry_after("soon", 0.0)
    (120.0, 20.0, 0.0)
    """
    if text.isdecimal():
        return float(text[:9])
    try:
        return max(parsedate_to_datetime(text).timestamp() - now, 0.0)
    except (ValueError, OverflowError):
        return 0.0


def _authorization(user: str | None, password: str | None) -> dict[str, str]:
    if user is None:
        return {}
    text = f"{unquote(user)}:{unquote(password or '')}".encode()
    return {"Authorization": f"Basic {b64encode(text).decode('ascii')}"}


def _context(security: Security) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=security.trusted or None)
        if security.certificate:
            context.load_cert_chain(security.certificate, security.key or None)
    except (OSError, ssl.SSLError) as error:
        name = " or ".join(filter(None, security))
        raise ValueError(f"{name}: {error.strerror or error}") from error
    return context
