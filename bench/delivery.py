"""What the agent costs: verdicts a second through each output, and CPU and memory at a steady rate of resets.

python bench/delivery.py    prints lines of a table; the second part needs root
"""

from __future__ import annotations

import os
import re
import resource
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from tempfile import TemporaryDirectory

TESTS = Path(__file__).parents[1] / "tests"
VERDICTS = 20_000
RATE, SECONDS = 50, 30
"""Connections a second, each with a reset sent and one taken, and for how long."""
REFUSED = f"""
import socket, time
end = time.monotonic() + {SECONDS}
due = time.monotonic()
while due < end:
    with socket.socket() as one:
        one.connect_ex(("127.0.0.1", 9))
    due += 1 / {RATE}
    time.sleep(max(due - time.monotonic(), 0))
"""


def through(name: str, folder: Path, output: str) -> None:
    """Queue and deliver verdicts, and say what it took."""
    config = folder / f"{name}.toml"
    config.write_text(f'[queue]\nsize = "512M"\n{output}')
    words = (sys.executable, TESTS / "agent" / "pump.py", folder / name, str(VERDICTS), "500", config)
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(words, check=True)  # noqa: S603 - our own
    took = time.monotonic() - begin
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"{name:12} {VERDICTS / took:8,.0f} verdicts/s {cpu / VERDICTS * 1e6:6,.0f} us of CPU each", flush=True)


def outputs(folder: Path) -> None:
    """Through each output, its receiver on this machine."""
    sys.path.insert(0, str(TESTS))
    from agent.receiver import Receiver
    from agent.running import free_port
    from agent.test_kafka import Broker, tansu

    through("file", folder, f'[[file]]\npath = "{folder}/out.ndjson"')
    with Receiver() as receiver:
        through("otlp", folder, f'[[otlp]]\nurl = "{receiver.url}"')
    port = free_port()
    with tansu(folder, port):
        Broker(port).make("bench")
        through("kafka", folder, f'[[kafka]]\nbrokers = "127.0.0.1:{port}"\ntopic = "bench"')


def steady(folder: Path, *words: str) -> None:
    """The whole agent at a steady rate of refused connections: both of the ends are here, so twice as many resets."""
    agent = subprocess.Popen(  # noqa: S603 - our own
        (
            sys.executable,
            "-m",
            "whyrst.cli",
            "agent",
            "--prometheus",
            "127.0.0.1:0",
            "--queue",
            folder / "live",
            *words,
        ),
        stderr=subprocess.PIPE,
    )
    assert agent.stderr is not None
    found = re.search(rb"metrics at port (\d+)", agent.stderr.readline())
    assert found is not None
    url = f"http://127.0.0.1:{found[1].decode()}/metrics"
    agent.stderr.readline()
    time.sleep(2)
    before = metrics(url)
    subprocess.run((sys.executable, "-c", REFUSED), check=True)  # noqa: S603 - our own
    time.sleep(1)
    after = metrics(url)
    agent.send_signal(signal.SIGTERM)
    agent.wait()
    used = after["process_cpu_seconds_total"] - before["process_cpu_seconds_total"]
    resets = after["whyrst_agent_queued_total"] - before["whyrst_agent_queued_total"]
    memory = after["process_resident_memory_bytes"] / 1e6
    print(
        f"live {' '.join(words):20} {resets / SECONDS:4.0f} resets/s {used / SECONDS:6.1%} of a core {memory:4.0f} MB"
    )


def metrics(url: str) -> dict[str, float]:
    """Metrics without labels."""
    with urllib.request.urlopen(url, timeout=20) as answer:  # noqa: S310 - our own
        lines = answer.read().decode().splitlines()
    pairs = (line.split(" ") for line in lines if "{" not in line and not line.startswith("#"))
    return {name: float(value) for name, value in pairs}


def main() -> None:
    """Measure."""
    with TemporaryDirectory() as made:
        folder = Path(made)
        outputs(folder)
        if os.geteuid() == 0:
            steady(folder, "--file", str(folder / "live.ndjson"))


if __name__ == "__main__":
    main()
