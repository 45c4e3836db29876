"""`whyrst serve`: the web app."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from whyrst.cli.status import say

if TYPE_CHECKING:
    from whyrst.serve.settings import Settings

SHORTEST = 16
"""Characters that a token must have."""
MEGABYTE = 1_000_000
HOUR = 3600

_FOLDER = click.Path(exists=True, file_okay=False, resolve_path=True, path_type=Path)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDR", help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8321, show_default=True, metavar="N", help="TCP port.")
@click.option("--token", metavar="TEXT", help="What a client must know; made up on any address but this machine's own.")
@click.option("--folder", "folders", type=_FOLDER, multiple=True, help="Offer the captures in this folder.")
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), help="Where to keep uploads and verdicts.")
@click.option(
    "--max-size", type=click.IntRange(min=1), default=2000, show_default=True, metavar="MB", help="Of one upload."
)
@click.option(
    "--max-captures", type=click.IntRange(min=1), default=100, show_default=True, metavar="N", help="Uploads to keep."
)
@click.option(
    "--keep", type=click.FloatRange(min=0, min_open=True), default=168, show_default=True, metavar="HOURS",
    help="Delete an upload after this time.",
)  # fmt: skip
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    metavar="N",
    help="Analyses at the same time.",
)
@click.option(
    "--trace", is_flag=True, help="Feed the live page from this host's kernel; needs what whyrst trace needs."
)
def command(**options: Any) -> None:
    """Look at captures in a browser.

    Drop a capture, watch it being analyzed, browse verdicts and ladders, compare captures, search the history, read the
    manual. Everything stays on this machine. The same is offered to programs under /api/v1, described in
    /api/openapi.json. Needs the extra `serve`.
    """
    try:
        from whyrst.serve.listen import listen
    except ModuleNotFoundError as error:
        raise click.ClickException(f"{error.name} is missing: pip install 'whyrst[serve]'") from error
    settings = _settings(options)

    def ready(port: int) -> None:
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        login = f"login?token={settings.token}" if settings.token is not None else ""
        say(f"http://{host}:{port}/{login}  (Ctrl-C ends it)")

    try:
        listen(settings, ready)
    except OSError as error:
        what = error.filename or f"{settings.host}:{settings.port}"
        raise click.ClickException(f"{what}: {error.strerror or error}") from error


def _settings(options: dict[str, Any]) -> Settings:
    import secrets

    from whyrst.serve.settings import Settings, state_folder

    token = options["token"]
    if token is not None and (len(token) < SHORTEST or not token.isascii() or not token.isprintable()):
        raise click.BadParameter(f"it needs at least {SHORTEST} plain characters", param_hint="--token")
    if token is None and not _is_own(options["host"]):
        token = secrets.token_urlsafe()
    return Settings(
        data=options["data"] or state_folder(),
        folders=options["folders"],
        host=options["host"],
        port=options["port"],
        token=token,
        max_size=options["max_size"] * MEGABYTE,
        max_captures=options["max_captures"],
        keep=int(options["keep"] * HOUR),
        workers=options["workers"],
        trace=options["trace"],
    )


def _is_own(host: str) -> bool:
    """Whether only this machine reaches an address; a name may stand for any."""
    import ipaddress

    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
