"""What the commands say of themselves, and the page that shows it: docs/cli.md."""

from __future__ import annotations

import inspect
from textwrap import fill
from typing import TYPE_CHECKING, NamedTuple

import click

from whyrst.cli.group import whyrst

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

START = """# The command line

What each command says with `--help`, from the program itself. `whyrst completion` gives bash, zsh and fish the words.

| status | means |
|---|---|
| 0 | done |
| 1 | `--fail-on` matched; `whyrst doctor`: tracing cannot run here |
| 2 | usage, or input that cannot be read at all |
| 3 | done, but the input was cut or damaged; what could be read is reported |

`NO_COLOR` (any value) and `--color never` keep colours away. `-` as a file is standard input or output.
"""
WIDTH = 120
VERBATIM = "\b"
"""click's mark of a paragraph whose lines stay as they are."""


class Command(NamedTuple):
    """One command.

    Attributes:
        path: its words, such as whyrst fleet top.
        usage: what follows them.
        help: paragraphs; lines of one that begins with VERBATIM stay as they are.
        options: names and help of each, in their order.
    """

    path: str
    usage: str
    help: tuple[str, ...]
    options: tuple[tuple[str, str], ...]


def commands() -> list[Command]:
    """Every command, groups before what they hold."""
    return list(_walk(whyrst, None, "whyrst"))


def _walk(command: click.Command, parent: click.Context | None, name: str) -> Iterator[Command]:
    context = click.Context(command, parent=parent, info_name=name, **command.context_settings)
    records = (param.get_help_record(context) for param in command.get_params(context))
    paragraphs = inspect.cleandoc(command.help or "").split("\n\n")
    yield Command(
        context.command_path,
        " ".join(command.collect_usage_pieces(context)),
        tuple(p if p.startswith(VERBATIM) else " ".join(p.split()) for p in paragraphs),
        tuple((names, " ".join(says.split())) for names, says in filter(None, records) if says),
    )
    if isinstance(command, click.Group):
        for below in command.list_commands(context):
            one = command.get_command(context, below)
            assert one is not None
            yield from _walk(one, context, below)


def cli_page(docs: Path) -> str:
    """The page.

    Args:
        docs: the folder of pages; a command's section names its own page if there is one.
    """
    return "\n".join([START, *(line for command in commands() for line in _section(command, docs))])


def _section(command: Command, docs: Path) -> Iterator[str]:
    yield from (f"## {command.path}", "", "```", f"{command.path} {command.usage}".rstrip(), "```", "")
    for paragraph in command.help:
        verbatim = paragraph.removeprefix(f"{VERBATIM}\n")
        yield from ((fill(paragraph, WIDTH), "") if verbatim == paragraph else ("```", verbatim, "```", ""))
    page = f"{command.path.removeprefix('whyrst ').replace(' ', '-')}.md"
    if (docs / page).exists():
        yield from (f"More: [{page}]({page})", "")
    yield from ("| option | |", "|---|---|")
    yield from (f"| `{names.replace('|', chr(92) + '|')}` | {_cell(says)} |" for names, says in command.options)
    yield ""


def _cell(text: str) -> str:
    r"""Text as Markdown shows it, within a table.

    >>> print(_cell("[default: a|b]"))
    \[default: a\|b\]
    """
    return "".join(f"\\{c}" if c in "\\`*_[]<>|" else c for c in text)
