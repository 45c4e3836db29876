from __future__ import annotations

import socket
import threading

import pytest

from whyrst.agent.otlp.post import LONGEST, Post, Security
from whyrst.agent.output import Away


def post(url, timeout=10.0, **headers):
    return Post(url, headers, timeout, compress=False, security=Security())


class Server:
    """Answers each connection with given bytes, whatever it is asked."""

    def __init__(self, *answers):
        self.asked = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, args=answers)
        self._thread.start()

    def _serve(self, *answers):
        for answer in answers:
            connection, _ = self._socket.accept()
            with connection:
                self.asked.append(connection.recv(1 << 16))
                connection.sendall(answer)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._thread.join(30)
        self._socket.close()


@pytest.mark.parametrize(
    ("path", "asked"),
    [("", "/v1/logs"), ("/", "/v1/logs"), ("/otlp", "/otlp"), ("/x/v1/logs?tenant=a", "/x/v1/logs?tenant=a")],
)
def test_the_path(path, asked):
    with Server(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") as server:
        one = post(server.url + path)
        assert one.send(b"body").status == 200
        one.close()
    assert server.asked[0].startswith(f"POST {asked} HTTP/1.1\r\n".encode())


def test_a_user_in_the_url_is_sent_as_a_header_and_never_shown():
    with Server(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") as server:
        one = post(server.url.replace("//", "//me:s%20ecret@"))
        assert one.where == server.url
        one.send(b"")
        one.close()
    assert b"Authorization: Basic bWU6cyBlY3JldA==\r\n" in server.asked[0]


@pytest.mark.parametrize("url", ["", "collector", "ftp://a", "http://", "http:///x", "http://a:port"])
def test_what_is_no_url(url):
    with pytest.raises(ValueError, match=r"no http:// or https:// URL|Port could not be cast"):
        post(url)


@pytest.mark.parametrize(
    "answer",
    [b"", b"HTTP", b"no HTTP at all\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200, b"HTTP/1.1 999999 x\r\n\r\n"],
)
def test_an_answer_that_is_none_means_to_try_again(answer):
    with Server(answer) as server:
        one = post(server.url)
        with pytest.raises(Away) as failed:
            one.send(b"")
    assert str(failed.value).startswith(server.url)


def test_an_answer_without_end_is_not_read_to_its_end():
    body = b"x" * (LONGEST * 3)
    with Server(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n" + body) as server:
        one = post(server.url)
        assert len(one.send(b"").body) == LONGEST
        assert one._connection is None


def test_a_kept_connection_that_is_gone_is_made_again():
    keeps = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    with Server(keeps, keeps) as server:
        one = post(server.url)
        assert [one.send(b"").status for _ in range(2)] == [200, 200]
        one.close()


@pytest.mark.parametrize(
    ("header", "wait"), [("Retry-After: 7\r\n", 7), ("", 0), ("Retry-After: 9e99\r\n", 0), ("Retry-After: -1\r\n", 0)]
)
def test_a_wish_to_be_left_alone(header, wait):
    with Server(b"HTTP/1.1 429 Too Many Requests\r\n%bContent-Length: 0\r\n\r\n" % header.encode()) as server:
        one = post(server.url)
        with pytest.raises(Away, match="429 Too Many Requests") as failed:
            one.send(b"")
        one.close()
        assert failed.value.wait == wait
