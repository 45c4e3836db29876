"""Runs inside a kernel under test, as root: makes resets on loopback and tells what `whyrst trace` says of them.

Prints one JSON object a line: `probe` for each probe, `scenario`, `reset` for each verdict, and at the end `counted`.
`tools/test_kernels.py` starts it and compares.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from scenarios import SCENARIOS

from whyrst.kernel.probe import Host
from whyrst.kernel.probes import send_reset
from whyrst.kernel.tracer import Tracer

SETTLE = 0.3  # seconds
TRACE = [sys.executable, "-m", "whyrst.cli", "trace", "--json"]


def tell(what: str, **values: object) -> None:
    print(json.dumps({"what": what, **values}), flush=True)  # noqa: T201 - read by tools/test_kernels.py


def resets_sent() -> int:
    """The kernel's own count of resets sent, IPv4 and IPv6 together."""
    names, values = (line.split() for line in Path("/proc/net/snmp").read_text().splitlines() if line.startswith("Tcp"))
    return int(values[names.index("OutRsts")])


def verdicts() -> tuple[dict[int, str], str]:
    """Runs all scenarios under `whyrst trace`; returns each one's port, and what the command wrote."""
    with TemporaryFile("w+") as out:
        with subprocess.Popen(TRACE, stdout=out, stderr=subprocess.PIPE, text=True) as command:
            assert command.stderr is not None
            begun = command.stderr.readline()
            assert "tracing" in begun, begun + command.stderr.read()
            ports = {act(): name for name, act in SCENARIOS.items()}
            time.sleep(SETTLE)
            command.send_signal(signal.SIGINT)
            complaint = command.stderr.read()
        out.seek(0)
        said = out.read()
    assert said, complaint
    return ports, said


def parsed(line: str) -> dict[str, Any]:
    try:
        verdict: dict[str, Any] = json.loads(line)
    except ValueError as error:
        raise ValueError(f"not JSON: {line!r}") from error
    return verdict


def check_kprobes() -> None:
    """Kernels without BPF trampolines need them; here nobody may choose them, but they must work."""
    host = Host()
    for program in send_reset.PROBED if host.kprobes else ():
        why = host.refusal(program)
        assert not why, f"{program}: {why}"


def main() -> None:
    check_kprobes()
    before = resets_sent()
    with Tracer() as tracer:
        for name, ability in tracer.abilities.items():
            tell("probe", name=name, programs=ability.programs, how=ability.how, misses=ability.misses)
        for name in SCENARIOS:
            tell("scenario", name=name)
        ports, said = verdicts()
        for verdict in map(parsed, said.splitlines()):
            kernel, reset = verdict["kernel"], verdict["reset"]
            ends = {int(reset[end].rpartition(":")[2]) for end in ("source", "destination")}
            tell(
                "reset", scenario=next((name for port, name in ports.items() if port in ends), "another"),
                kind=kernel["socket"]["kind"], reason=kernel["reason"], cause=verdict["cause"],
                confidence=verdict["confidence"], mechanism=reset["mechanism"],
            )  # fmt: skip
        tracer.poll()
        total = tracer.totals()["sent"]
    tell("counted", kernel=resets_sent() - before, seen=total.seen, delivered=total.delivered)


main()
