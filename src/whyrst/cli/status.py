"""How the program ends: every error is one line on stderr and an exit status, never a traceback.

0 done; 1 only when `--fail-on` matched; 2 usage or unreadable input; 3 done, but the input was cut or damaged;
130 interrupted; 141 when the reader of the output went away (128 + SIGPIPE, as shells count).
"""

from __future__ import annotations

import os
import sys
from enum import IntEnum
from typing import TYPE_CHECKING

import click

from whyrst.cli.group import whyrst

if TYPE_CHECKING:
    from collections.abc import Sequence

TRACEBACK = "WHYRST_TRACEBACK"
"""Environment variable that lets an error of whyrst itself through, for those who want to repair it."""


class Status(IntEnum):
    """Exit status."""

    DONE = 0
    MATCHED = 1
    UNREADABLE = 2
    DAMAGED = 3
    INTERRUPTED = 130
    PIPE_CLOSED = 141


def run(arguments: Sequence[str]) -> int:
    """Run a command line.

    Args:
        arguments: without the program's name.

    Returns:
        The exit status.
    """
    try:
        status = whyrst.main(list(arguments), prog_name="whyrst", standalone_mode=False)
        sys.stdout.flush()
    except click.UsageError as error:
        if isinstance(error, click.exceptions.NoArgsIsHelpError):  # a group without a subcommand: the help, as it is
            error.show()
        else:
            click.UsageError(printed(error.format_message()), error.ctx).show()
        return Status.UNREADABLE
    except click.ClickException as error:
        say(printed(error.format_message()))
        return Status.UNREADABLE
    except (click.Abort, KeyboardInterrupt):
        return Status.INTERRUPTED
    except (BrokenPipeError, SystemExit):  # click leaves by SystemExit when a pipe is closed, and only then
        _forget_output()
        return Status.PIPE_CLOSED
    except Exception as error:
        if os.environ.get(TRACEBACK):
            raise
        say(described(error))
        return Status.UNREADABLE
    return int(status or Status.DONE)


def say(message: str) -> None:
    """Write one line on stderr."""
    try:
        sys.stderr.write(f"whyrst: {message}\n")
        sys.stderr.flush()
    except BrokenPipeError:
        pass


def printed(message: str) -> str:
    """A message that may quote arguments, such as names of files that others chose, safe for a terminal."""
    from whyrst.capture.errors import shown

    return shown(message)


def described(error: Exception) -> str:
    """An error in one line."""
    from whyrst.capture.errors import CaptureError, shown

    if isinstance(error, CaptureError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        name = f"{error.filename}: " if error.filename is not None else ""
        return shown(f"{name}{error.strerror}")
    if isinstance(error, MemoryError):
        return "not enough memory"
    where = ""
    trace = error.__traceback__
    while trace is not None:
        where = f"{os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}"  # noqa: PTH119
        trace = trace.tb_next
    return shown(f"internal error at {where}: {type(error).__name__}: {error} (set {TRACEBACK}=1 for more)")


def _forget_output() -> None:
    """Let what is left in stdout's buffer go nowhere, or Python would complain while it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
