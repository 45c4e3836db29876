"""The command line: `main` is the program, each module of `commands` one subcommand.

Nothing heavy is imported before a subcommand runs, so that help answers at once.
"""

from __future__ import annotations

import os
import sys

from whyrst.cli.status import run


def main() -> None:
    """Run the program and leave with its exit status."""
    # numpy's linear algebra starts a thread per processor, and nothing here multiplies matrices.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    sys.exit(run(sys.argv[1:]))
