"""The command line: `main` is the program, each module of `commands` one subcommand.

Nothing heavy is imported before a subcommand runs, so that help answers at once.
"""

from __future__ import annotations

import gc
import io
import os
import sys

from whyrst.cli.status import run

GARBAGE = 50_000
"""Objects made until the cycles among them are looked for. Python looks every 700, which while modules are loaded finds
nothing, and takes a tenth of the time until the first packet is read."""


def main() -> None:
    """Run the program and leave with its exit status."""
    gc.set_threshold(GARBAGE)
    # numpy's linear algebra starts a thread per processor, and nothing here multiplies matrices.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    write_whole()
    status = run(sys.argv[1:])
    if "_duckdb" not in sys.modules:  # it complains at length of what is left
        gc.freeze()  # nobody looks for cycles among what ends anyway: that would take 20 ms
    sys.exit(status)


def write_whole() -> None:
    """Give standard output and error a buffer where PYTHONUNBUFFERED took it, as is usual in containers.

    Without one a write that a signal interrupts returns early, and what is left of a line would be lost (write(2)).
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is not None and isinstance(raw := stream.buffer, io.RawIOBase):
            how = {"encoding": stream.encoding, "errors": stream.errors, "line_buffering": True}
            stream.detach()
            setattr(sys, name, io.TextIOWrapper(io.BufferedWriter(raw), **how))
