from __future__ import annotations

import socket
import threading
import urllib.error
import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families

from whyrst.kernel.tracer import Shape, Total
from whyrst.trace.counts import Counts
from whyrst.trace.prometheus import CONNECTIONS, CONTENT_TYPE, Metrics, exposition

ONE = Shape("sent", "NO_SOCKET", "UNKNOWN", 2, False, False, False, False, 1)
TOTALS = {"sent": Total(10, 4, 5, 1), "received": Total(0, 0, 0, 0)}


def page(*processes):
    counts = Counts()
    for process in processes:
        counts.deliver(ONE)
        counts.judge(ONE, counts.outcome("port-closed", "passive", "sent", process))
    return exposition(counts, TOTALS)


def samples(text):
    return {f.name: [(s.labels, s.value) for s in f.samples] for f in text_string_to_metric_families(text)}


def test_resets_and_the_fate_of_events():
    found = samples(page("nginx", "nginx", "envoy"))
    labels = {"cause": "port-closed", "mechanism": "passive", "direction": "sent"}
    assert found["whyrst_resets"] == [(labels | {"process": "envoy"}, 1), (labels | {"process": "nginx"}, 2)]
    assert ({"direction": "sent", "fate": "sampled"}, 5) in found["whyrst_events"]
    assert ({"direction": "sent"}, 10) in found["whyrst_events_seen"]
    assert found["whyrst_resets_unjudged"] == [({}, 0)]


@pytest.mark.parametrize("name", ['a"b', "a\\b", "a\\nb", "a\nb", "a}b,c=", "\x1b[2J", "ü", "\u202e"])
def test_any_name_of_a_process_is_a_label(name):
    text = page(name)
    ((labels, value),) = samples(text)["whyrst_resets"]
    assert value == 1
    visible = "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in name)
    assert labels["process"] == visible
    assert all(c.isprintable() or c == "\n" for c in text)


def fetch(port, path="/metrics"):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
        return answer.headers["Content-Type"], answer.read().decode()


def test_it_is_served():
    with Metrics("127.0.0.1:0", lambda: page("nginx")) as metrics:
        assert fetch(metrics.port) == (CONTENT_TYPE, page("nginx"))
        assert fetch(metrics.port, "/metrics?x=1")[1] == page("nginx")
        with pytest.raises(urllib.error.HTTPError) as failed:
            fetch(metrics.port, "/")
        assert failed.value.code == 404
        failed.value.close()


def test_over_ipv6():
    with (
        Metrics("[::1]:0", lambda: page("nginx")) as metrics,
        urllib.request.urlopen(f"http://[::1]:{metrics.port}/metrics", timeout=10) as answer,
    ):
        assert answer.read().decode() == page("nginx")


def test_clients_that_go_away_or_are_many_do_no_harm(capfd):
    with Metrics("127.0.0.1:0", lambda: page("nginx")) as metrics:
        for sent in (b"", b"GET", b"\0\xff\r\n\r\n", b"GET /metrics HTTP/1.1\r\n\r\n"):
            with socket.create_connection(("127.0.0.1", metrics.port)) as client:
                client.sendall(sent)
        got = []
        threads = [threading.Thread(target=lambda: got.append(fetch(metrics.port)[1])) for _ in range(3 * CONNECTIONS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert got == [page("nginx")] * (3 * CONNECTIONS)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("where", ["", "9100", "127.0.0.1", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:70000"])
def test_what_is_no_address(where):
    with pytest.raises(ValueError, match="ADDR:PORT"):
        Metrics(where, str)


def test_an_address_in_use():
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        Metrics(f"127.0.0.1:{taken.getsockname()[1]}", str)
