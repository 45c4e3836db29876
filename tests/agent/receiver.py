"""An OTLP receiver that keeps to the protocol: protobuf, gzip, partial success, and the answers it is told to give."""

from __future__ import annotations

import gzip
import threading
import time
from collections import deque
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsPartialSuccess,
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)


class Receiver:
    """Keeps log records.

    Attributes:
        answers: what to do with the next requests; when there are none left, they are taken. (status, headers);
            ("partial", n, why); ("cut",) takes all and closes the connection in the middle of the answer; ("gone",)
            closes it before reading; ("call", f) takes all and calls f instead of answering.
        most: log records of a request beyond which it answers 413.
    """

    def __init__(self, port=0, context=None):
        self.records, self.requests, self.answers, self.most = [], [], deque(), None
        self.resources = []
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.owner = self
        self.port = self._server.server_address[1]
        self._scheme = "https" if context is not None else "http"
        if context is not None:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self):
        return f"{self._scheme}://127.0.0.1:{self.port}"

    def uids(self):
        return [next(a.value.string_value for a in r.attributes if a.key == "log.record.uid") for r in self.records]

    def wait(self, count, seconds=30):
        """Until so many records came."""
        end = time.monotonic() + seconds
        while len(self.records) < count and time.monotonic() < end:
            time.sleep(0.01)
        assert len(self.records) >= count

    def take(self, body):
        message = ExportLogsServiceRequest.FromString(body)
        for resource in message.resource_logs:
            self.resources.append(resource.resource)
            for scope in resource.scope_logs:
                assert scope.scope.name == "whyrst"
                self.records += scope.log_records

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_POST(self):
        owner = self.server.owner
        answer = owner.answers.popleft() if owner.answers else (200, {})
        if answer[0] == "gone":
            self.close_connection = True
            return
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        owner.requests.append((time.monotonic(), self.path, dict(self.headers.items()), len(body)))
        assert self.headers["Content-Type"] == "application/x-protobuf"
        if owner.most is not None and answer == (200, {}):
            message = ExportLogsServiceRequest.FromString(body)
            if sum(len(s.log_records) for r in message.resource_logs for s in r.scope_logs) > owner.most:
                answer = (413, {})
        self._answer(owner, answer, body)

    def _answer(self, owner, answer, body):
        response = ExportLogsServiceResponse()
        match answer:
            case ("call", call):
                owner.take(body)
                call()
                self.close_connection = True
                return
            case ("cut",):
                owner.take(body)
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Le")
                self.close_connection = True
                with suppress(OSError):
                    self.connection.shutdown(2)
                return
            case ("partial", refused, why):
                owner.take(body)
                partial = ExportLogsPartialSuccess(rejected_log_records=refused, error_message=why)
                response = ExportLogsServiceResponse(partial_success=partial)
                status, headers = 200, {}
            case (status, headers):
                if status == 200:
                    owner.take(body)
        data = response.SerializeToString()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass
