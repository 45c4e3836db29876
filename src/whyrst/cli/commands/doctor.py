"""`whyrst doctor`: whether this host can be traced, and what would be missed."""

from __future__ import annotations

import sys

import click

from whyrst.cli.terminal import color_option, colored, width

INDENT = 25
STYLES = {"ok": "good", "part": "warn", "no": "data-lost"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As one JSON document.")
@color_option
def command(*, as_json: bool, color: str) -> int:
    """Tell whether whyrst trace can run here, and what it would miss.

    Exit status 0 when it can, 1 when it cannot. Nothing is installed or
    changed; the probes are attached for a moment.
    """
    import msgspec

    from whyrst.reports.page import Page
    from whyrst.trace.doctor import diagnosis

    found = diagnosis()
    out = sys.stdout.buffer
    if as_json:
        out.write(msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n")
        return 0 if found.can_trace else 1
    page = Page(out, width(), color=colored(color))
    for check in found.checks:
        style = STYLES[check.level] if check.level != "no" or check.required else "warn"
        if len(check.says) > page.width - INDENT:
            page.text(check.says, indent=INDENT, first=f"{check.level:<5}{check.name}")
        else:
            page.line((style, f"{check.level:<5}"), ("bold", f"{check.name:<{INDENT - 5}}"), check.says)
        if check.misses:
            page.text(f"misses: {check.misses}", indent=5)
    page.blank()
    page.line(("bold", "whyrst trace can run here" if found.can_trace else "whyrst trace cannot run here"))
    return 0 if found.can_trace else 1
