"""What a shell may offer for a word: its metavar says whether it is a file, a folder or a cause."""

from __future__ import annotations

import re

import click
from click.shell_completion import CompletionItem

FILES = re.compile(r"^(?:FILE|IN|OUT|PATH|EVENTS|SOURCE)\b")
FOLDERS = re.compile(r"^FOLDER\b")


class Cause(click.ParamType):  # type: ignore[type-arg]  # older versions of click have none
    """Ids of causes."""

    name = "cause"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG002  (click's signature)
        """Those that begin so, with their titles."""
        from whyrst.causes import all_causes

        found = (cause for cause in all_causes().values() if cause.id.startswith(incomplete))
        return [CompletionItem(cause.id, help=cause.title) for cause in found]


def offer(command: click.Command) -> None:
    """Let the words of a command be completed. Only for a run that completes: other types check what they are given."""
    for param in command.params:
        shown = (param.metavar or param.name or "").lstrip("[")
        if not isinstance(param.type, click.types.StringParamType):
            continue
        if FILES.match(shown) or shown == "file":
            param.type = click.Path()
        elif FOLDERS.match(shown):
            param.type = click.Path(file_okay=False)
        elif shown.startswith("CAUSE"):
            param.type = Cause()
