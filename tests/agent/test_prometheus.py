"""A real Prometheus reads the metrics."""

from __future__ import annotations

import json
import shutil
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import closing

import pytest

from agent.running import free_port, program, until
from whyrst.agent.delivery import Delivery
from whyrst.agent.metrics import exposition
from whyrst.agent.output import Sent
from whyrst.agent.place import Place, Places
from whyrst.agent.queue import LEAST, Queue
from whyrst.kernel.tracer import Shape, Total
from whyrst.trace import prometheus
from whyrst.trace.counts import Counts

pytestmark = pytest.mark.skipif(shutil.which("prometheus") is None, reason="needs Prometheus")
CONFIG = """
global: {{scrape_interval: 200ms, scrape_timeout: 200ms}}
scrape_configs:
  - job_name: whyrst
    static_configs: [{{targets: ["127.0.0.1:{}"]}}]
"""
ONE = Shape("sent", "NO_SOCKET", "UNKNOWN", 2, False, False, False, False, 1)


class Taken:
    def open(self, place):
        return place

    def send(self, records):
        return Sent(Place(records[-1].number + 1), 1, "why not")

    def close(self):
        pass


def asked(port, query):
    """The answer of Prometheus' own API: values by labels."""
    url = f"http://127.0.0.1:{port}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:
            found = json.load(answer)["data"]["result"]
    except urllib.error.HTTPError:  # it is still starting
        return {}
    return {tuple(sorted(one["metric"].items())): float(one["value"][1]) for one in found}


def test_prometheus_scrapes_what_the_agent_serves(tmp_path):
    counts = Counts()
    counts.deliver(ONE)
    counts.judge(ONE, counts.outcome("port-closed", "passive", "sent", 'odd "name"\n'))
    with closing(Queue(tmp_path / "queue", LEAST)) as queue:
        delivery = Delivery("kafka-2", Taken(), queue, Places(queue.folder), print)
        delivery.start()
        queue.append([b"{}"] * 5)
        until(lambda: not delivery.waiting)

        def page():
            return exposition("9.9", queue, [delivery]) + prometheus.exposition(counts, {"sent": Total(3, 2, 1, 0)})

        port = free_port()
        with prometheus.Metrics("127.0.0.1:0", page) as metrics:
            (tmp_path / "prometheus.yml").write_text(CONFIG.format(metrics.port))
            with program(
                port, "prometheus", f"--config.file={tmp_path / 'prometheus.yml'}",
                f"--storage.tsdb.path={tmp_path / 'data'}", f"--web.listen-address=127.0.0.1:{port}",
            ):  # fmt: skip
                until(lambda: asked(port, "up{job='whyrst'} == 1"), 60)
                ours = asked(port, '{__name__=~"whyrst_.*|process_.*",job="whyrst"}')
        delivery.drain()
        delivery.join(time.monotonic() + 30)
    values = {dict(labels)["__name__"]: value for labels, value in ours.items()}
    for line in page().splitlines():
        if not line.startswith("#"):
            assert line.partition("{")[0].partition(" ")[0] in values
    assert values["whyrst_agent_delivered_total"] == 4
    assert values["whyrst_agent_refused_total"] == 1
    assert values["whyrst_resets_total"] == 1
    (labels,) = (dict(one) for one in ours if ("__name__", "whyrst_resets_total") in one)
    assert labels["process"] == 'odd "name"\n'
    assert (
        ours[
            ("__name__", "whyrst_build_info"),
            ("instance", f"127.0.0.1:{metrics.port}"),
            ("job", "whyrst"),
            ("version", "9.9"),
        ]
        == 1
    )
