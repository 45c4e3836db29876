"""The command line: `main` is the program, each module of `commands` one subcommand.

Nothing heavy is imported before a subcommand runs, so that help answers at once.
"""

from __future__ import annotations

import sys

from whyrst.cli.status import run


def main() -> None:
    """Run the program and leave with its exit status."""
    sys.exit(run(sys.argv[1:]))
