"""What live tracing costs: loads on loopback with and without the tracer, by turns.

What else runs takes more from a load than the tracer does, and it comes and goes. So a round does not count when
anybody but the load and the tracer took more than a fifth of a processor in it, whatever came out, and another one
takes its place.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from measure import program
from page import Row

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LOAD = Path(__file__).parent / "load.c"
ROUNDS, TRIES, SECONDS, START = 15, 45, 2.0, 4.0
"""Rounds with and without that count, of at most so many; seconds of each load; seconds until a tracer surely began."""
OTHERS = 0.2
"""Processors that others may take while a load runs."""
FLOOD, CLOSE = 95, 97
"""Least share of the rate that a load keeps, per cent."""
SCRIPT = "tracepoint:tcp:tcp_send_reset { @[args->reason, kstack(10)] = count(); }"
PRINTS = 'tracepoint:tcp:tcp_send_reset { printf("%d %s\\n", args->reason, kstack(10)); }'
TRACEFS = 'mount -t tracefs nodev /sys/kernel/tracing; exec "$@"'


class Cost(NamedTuple):
    """A load with a tracer beside it.

    Attributes:
        share: of the rate without it just before and after; median of the rounds.
        alone: connections a second without it.
        cpu: seconds of processor that the tracer took for each second of load.
        rounds: that counted.
    """

    share: float
    alone: float
    cpu: float
    rounds: int


class Run(NamedTuple):
    """One load.

    Attributes:
        rate: connections a second.
        traced: processors that the tracer took.
        others: processors that neither it nor the load took.
    """

    rate: float
    traced: float
    others: float


def cost(load: str, kind: str, tracer: Sequence[str], rounds: int) -> Cost:
    """Run a load by turns with and without a tracer.

    Raises:
        RuntimeError: the tracer ended, or the machine was not at rest in any round.
    """
    counted: list[tuple[Run, Run, Run]] = []
    before = _run(load, kind)
    for _ in range(rounds * TRIES // ROUNDS):
        child = subprocess.Popen(  # noqa: S603 - our own commands
            tracer, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        time.sleep(START)
        beside = _run(load, kind, child.pid)
        if child.poll() is not None:
            raise RuntimeError(f"{tracer[0]} ended by itself")
        os.killpg(child.pid, signal.SIGINT)
        child.wait()
        after = _run(load, kind)
        if all(run.others <= OTHERS for run in (before, beside, after)):
            counted.append((before, beside, after))
        before = after
        if len(counted) == rounds:
            break
    if not counted:
        raise RuntimeError("something else took the processors in every round")
    shares = [2 * beside.rate / (before.rate + after.rate) for before, beside, after in counted]
    alone = [run.rate for before, _, after in counted for run in (before, after)]
    return Cost(median(shares), median(alone), median(beside.traced for _, beside, _ in counted), len(counted))


def _run(load: str, kind: str, tracer: int | None = None) -> Run:
    """Run a load, beside a tracer or alone."""

    def clocks() -> tuple[float, float, float]:
        return time.monotonic(), _busy(), _cpu(tracer) if tracer is not None else 0.0

    began = clocks()
    rate = _rate(load, kind)
    elapsed, busy, traced = (after - before for before, after in zip(began, clocks(), strict=True))
    return Run(rate, traced / elapsed, (busy - traced) / elapsed - 1)  # the load takes one all the time


def _rate(load: str, kind: str) -> float:
    """Connections a second."""
    done = subprocess.run((load, kind, str(SECONDS)), capture_output=True, text=True, check=True)  # noqa: S603
    return float(done.stdout)


def _busy() -> float:
    """Seconds that all processors were not idle so far, what a hypervisor took from them included (proc_stat(5))."""
    line = Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0]
    user, nice, system, _, _, *rest = map(int, line.split()[1:9])
    return (user + nice + system + sum(rest)) / os.sysconf("SC_CLK_TCK")


def _cpu(pid: int) -> float:
    """Seconds of processor that a process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def in_kernel(load: str) -> Iterator[Row]:
    """What each probe takes for each time it runs, as the kernel counts it; two clock readings are in it."""
    from whyrst.kernel.libbpf import libbpf
    from whyrst.kernel.tracer import Tracer

    counting = libbpf().bpf_enable_stats(0)
    try:
        for kind, what in (("flood", "refused"), ("close", "in order")):
            with Tracer() as tracer:
                _rate(load, kind)
                tracer.poll()
                costs = {name: _ran(fd) for name, fd in tracer.programs().items()}
            told = ", ".join(f"{name} {ns:.0f} ns" for name, (ns, runs) in costs.items() if runs > SECONDS * 1000)
            yield Row(f"each run of a probe, connections {what}", told, "", None)
    finally:
        os.close(counting)


def _ran(fd: int) -> tuple[float, int]:
    """Nanoseconds a run, and runs, of a BPF program."""
    text = Path(f"/proc/self/fdinfo/{fd}").read_text(encoding="ascii")
    told = dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)
    runs = int(told["run_cnt"])
    return int(told["run_time_ns"]) / max(runs, 1), runs


def rows(scale: int) -> list[Row]:
    """Everything that is measured live; nothing without root, a compiler and BPF."""
    compiler, whyrst, bpftrace = program("cc"), program("whyrst"), program("bpftrace")
    if os.geteuid() != 0 or compiler is None or whyrst is None:
        print("live tracing is not measured: it needs root and a C compiler", file=sys.stderr)
        return []
    rounds = max(ROUNDS // scale, 3)
    found = []
    with TemporaryDirectory() as folder:
        load = str(Path(folder, "load"))
        subprocess.run((compiler, "-O2", "-o", load, str(LOAD)), check=True)  # noqa: S603
        trace = (whyrst, "trace", "--json")
        flood, close = cost(load, "flood", trace, rounds), cost(load, "close", trace, rounds)
        found += [
            Row("refused connections without tracing", f"{flood.alone:,.0f}/s", "", None),
            _kept("they keep, with whyrst trace", flood, FLOOD),
            Row("processor that whyrst trace takes meanwhile", f"{flood.cpu:.0%} of one core", "", None),
            Row("rounds on a machine at rest, of each", f"{flood.rounds} and {close.rounds}", "", None),
            Row("connections in order without tracing", f"{close.alone:,.0f}/s", "", None),
            _kept("they keep, with whyrst trace", close, CLOSE),
            *in_kernel(load),
        ]
        for what, script in (("counts stacks", SCRIPT), ("prints stacks", PRINTS)):
            if bpftrace is not None:
                words = ("unshare", "-m", "sh", "-c", TRACEFS, "sh", bpftrace, "-e", script)
                theirs = cost(load, "flood", words, max(rounds // 3, 2))
                found.append(Row(f"refused connections keep, when bpftrace {what}", f"{theirs.share:.1%}", "", None))
    return found


def _kept(what: str, one: Cost, target: int) -> Row:
    return Row(what, f"{one.share:.1%}", f"at least {target} %", one.share * 100 >= target)


if __name__ == "__main__":
    print(json.dumps([row._asdict() for row in rows(3 if "--quick" in sys.argv[1:] else 1)], indent=1))
