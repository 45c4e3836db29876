"""Counts as Prometheus reads them (text format 0.0.4), served by a thread of its own.

No label holds an address, and every label has a bounded number of values: causes, mechanisms and directions are a few,
names of processes are bounded by `Counts`.
"""

from __future__ import annotations

import socket
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from whyrst.kernel.tracer import Total
    from whyrst.trace.counts import Counts

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
PATH = "/metrics"
REQUEST_SECONDS = 5.0
"""A client that does not finish its request in this time is left."""
CONNECTIONS = 8
"""Requests that are answered at the same time; further ones wait."""
LAST_PORT = 0xFFFF
FATES = ("delivered", "sampled", "lost")


def exposition(counts: Counts, totals: Mapping[str, Total]) -> str:
    """All metrics.

    Args:
        counts: resets by outcome.
        totals: what the probes counted, by kind.
    """
    lines = head("whyrst_resets_total", "counter", "TCP resets by cause; estimated in part while events are sampled.")
    for outcome, number in sorted(counts.items()):
        labels = {
            "cause": outcome.cause, "mechanism": outcome.mechanism, "direction": outcome.kind,
            "process": outcome.process,
        }  # fmt: skip
        lines.append(f"whyrst_resets_total{labels_of(labels)} {_number(number)}")
    lines += head("whyrst_resets_unjudged", "gauge", "Resets counted by the kernel that no verdict stands for yet.")
    lines.append(f"whyrst_resets_unjudged {counts.unjudged}")
    lines += head("whyrst_events_seen_total", "counter", "Resets that the probes saw.")
    lines += [f"whyrst_events_seen_total{labels_of({'direction': k})} {t.seen}" for k, t in totals.items()]
    lines += head("whyrst_events_total", "counter", "What became of them: handed over, sampled out, or lost.")
    for kind, total in totals.items():
        for fate in FATES:
            lines.append(f"whyrst_events_total{labels_of({'direction': kind, 'fate': fate})} {getattr(total, fate)}")
    return "\n".join(lines) + "\n"


def head(name: str, kind: str, text: str) -> list[str]:
    """The lines before a metric's samples."""
    return [f"# HELP {name} {text}", f"# TYPE {name} {kind}"]


def labels_of(labels: Mapping[str, str]) -> str:
    """Labels as they stand behind a metric's name."""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(value: str) -> str:
    r"""Of the format's own escapes there are three; other control characters are made visible.

    >>> print(_escaped('a"b\n\x1b'))
    a\"b\n\\x1b
    """
    shown = "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode("ascii") for c in value)
    return shown.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else repr(float(value))


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = CONNECTIONS

    def __init__(self, address: tuple[str, int], family: socket.AddressFamily, page: Callable[[], str]) -> None:
        self.address_family = family
        self.page = page
        self.room = threading.BoundedSemaphore(CONNECTIONS)
        super().__init__(address, _Handler)

    def process_request(self, request: socket.socket | tuple[bytes, socket.socket], client_address: object) -> None:
        """Answer in a thread, as long as there are not too many."""
        self.room.acquire()
        super().process_request(request, client_address)

    def process_request_thread(
        self, request: socket.socket | tuple[bytes, socket.socket], client_address: object
    ) -> None:
        """Answer, and make room."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.room.release()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is no matter of ours."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = REQUEST_SECONDS
    server_version = "whyrst"
    sys_version = ""

    def do_GET(self) -> None:
        """The metrics, or that there is nothing else."""
        if self.path.partition("?")[0] != PATH:
            self.send_error(HTTPStatus.NOT_FOUND, explain=f"see {PATH}")
            return
        body = self.server.page().encode()
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", CONTENT_TYPE)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing is logged: the terminal shows resets."""


class Metrics:
    """Serves metrics while it is open.

    Args:
        where: ADDR:PORT, [ADDR]:PORT for IPv6; port 0 takes a free one.
        page: gives the text of all metrics; called from another thread.

    Attributes:
        port: on which it listens.

    Raises:
        ValueError: `where` has another form.
        OSError: the address cannot be listened on.
    """

    def __init__(self, where: str, page: Callable[[], str]) -> None:
        host, colon, port = where.rpartition(":")
        if not colon or not port.isdecimal() or int(port) > LAST_PORT:
            raise ValueError(f"{where!r} is not ADDR:PORT")
        family, _, _, _, address = socket.getaddrinfo(
            host.strip("[]") or None, int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        self._server = _Server((str(address[0]), int(address[1])), family, page)
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, name="metrics", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
