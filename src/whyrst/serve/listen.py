"""Runs the app on a socket until a signal ends it."""

from __future__ import annotations

import errno
import os
import socket
import sys
from typing import TYPE_CHECKING

import uvicorn

from whyrst.kernel import privileges
from whyrst.serve.app import create_app
from whyrst.serve.context import Context
from whyrst.serve.live import started

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from whyrst.serve.settings import Settings

PATIENCE = 2
"""Seconds that open connections have at the end."""


class Server(uvicorn.Server):
    """Tells when it answers and when it ends.

    Args:
        config: of uvicorn.
        ready: called once requests are answered.
        ending: called before connections are waited for.
    """

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None], ending: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready
        self._ending = ending

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin."""
        await super().startup(sockets)
        if self.started:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End."""
        self._ending()
        await super().shutdown(sockets)


def bound(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Raises:
        OSError: the address is taken or not ours.
    """
    family, kind, proto, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[
        0
    ]
    made = socket.socket(family, kind, proto)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
        made.listen(128)
    except OSError:
        made.close()
        raise
    return made


def server(settings: Settings, ready: Callable[[], None], tracing: subprocess.Popen[bytes] | None = None) -> Server:
    """The server of an app, not yet running.

    Requests are not logged: an address may hold the token.
    """
    context = Context(settings, tracing)
    config = uvicorn.Config(
        create_app(settings, context), access_log=False, log_level="warning", lifespan="on", server_header=False,
        timeout_graceful_shutdown=PATIENCE, ws="none",
    )  # fmt: skip
    return Server(config, ready, context.end_streams)


def listen(settings: Settings, ready: Callable[[int], None]) -> None:
    """Serve until SIGINT or SIGTERM.

    What root is needed for comes first: the port, and the process that traces. Then this process is the user who called
    sudo, if one did, and has no capabilities.

    Args:
        settings: of the app.
        ready: called with the port once requests are answered.

    Raises:
        OSError: the address cannot be listened on; a folder, or Python itself, cannot be read without root.
    """
    with bound(settings.host, settings.port) as made:
        port = made.getsockname()[1]
        caller = privileges.sudo_user() if os.geteuid() == 0 else None
        if caller is not None:
            _check_reach(settings, caller)
        tracing = started() if settings.trace else None
        if tracing is not None or caller is not None:
            privileges.drop(user=caller)
        server(settings, lambda: ready(port), tracing).run(sockets=[made])


def _check_reach(settings: Settings, user: tuple[int, int]) -> None:
    """Whether what is needed later can be read by another user."""
    uid, gid = os.geteuid(), os.getegid()
    os.setegid(user[1])
    os.seteuid(user[0])
    try:
        for needed in (sys.executable, __file__, os.__file__, *map(os.fspath, settings.folders)):
            if not os.access(needed, os.R_OK, effective_ids=True):
                raise PermissionError(errno.EACCES, "it cannot be read by the user who called sudo", needed)
    finally:
        os.seteuid(uid)
        os.setegid(gid)
