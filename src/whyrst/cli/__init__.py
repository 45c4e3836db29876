"""The command line: `main` is the program, each module of `commands` one subcommand.

Nothing heavy is imported before a subcommand runs, so that help answers at once.
"""

from __future__ import annotations

import gc
import io
import os
import sys
from contextlib import suppress

from whyrst.cli.status import run

GARBAGE = 50_000
"""Objects made until the cycles among them are looked for. Python looks every 700, which while modules are loaded finds
nothing, and takes a tenth of the time until the first packet is read."""

IN_ORDER = {"_duckdb", "concurrent.futures", "coverage", "distributed", "multiprocessing"}
"""Modules that have something to end with the process: threads, other processes, files."""


def main() -> None:
    """Run the program and leave with its exit status."""
    gc.set_threshold(GARBAGE)
    # numpy's linear algebra starts a thread per processor, and nothing here multiplies matrices.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    write_whole()
    leave(run(sys.argv[1:]))


def leave(status: int) -> None:
    """End the process with an exit status, at once where that is safe.

    Taking the interpreter apart and looking for cycles among what is left takes 30 ms, and nothing of it is missed:
    what was written is flushed, and files are closed by whoever opened them.
    """
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):  # `run` has told of it, where it could
            stream.flush()
    if not IN_ORDER.intersection(sys.modules):
        os._exit(status)
    sys.exit(status)


def write_whole() -> None:
    """Give standard output and error a buffer where PYTHONUNBUFFERED took it, as is usual in containers.

    Without one a write that a signal interrupts returns early, and what is left of a line would be lost (write(2)).
    What a caller has closed goes nowhere.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115  (until the end)
        elif isinstance(raw := stream.buffer, io.RawIOBase):
            how = {"encoding": stream.encoding, "errors": stream.errors, "line_buffering": True}
            stream.detach()
            setattr(sys, name, io.TextIOWrapper(io.BufferedWriter(raw), **how))
