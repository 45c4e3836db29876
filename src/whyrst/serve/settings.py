"""What may be tuned when the app is started."""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass, field
from pathlib import Path

from whyrst.kernel.privileges import sudo_user

MEGABYTE = 1_000_000
DAY = 86_400


def state_folder() -> Path:
    """Where captures and their verdicts are kept: XDG_STATE_HOME/whyrst (XDG Base Directory Specification).

    Under sudo it is the folder of the user who called it.
    """
    caller = sudo_user() if os.geteuid() == 0 else None
    base = os.environ.get("XDG_STATE_HOME") if caller is None else None
    home = Path.home() if caller is None else Path(pwd.getpwuid(caller[0]).pw_dir)
    return (Path(base) if base else home / ".local" / "state") / "whyrst"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that the app needs to know.

    Attributes:
        data: folder for uploads and the database; made if missing, for its owner only.
        folders: captures below these can be analyzed where they are.
        host: address to listen on.
        port: TCP port.
        token: what a client must know; None: nobody but this machine gets here.
        max_size: bytes of one upload.
        max_captures: captures that are kept; the oldest uploads go first.
        keep: seconds until an upload is deleted.
        workers: captures that are analyzed at the same time.
        seconds: processor time that the analysis of one capture may take.
        memory: bytes of address space that it may use.
        trace: feed the live page from this host's kernel.
    """

    data: Path = field(default_factory=state_folder)
    folders: tuple[Path, ...] = ()
    host: str = "127.0.0.1"
    port: int = 8321
    token: str | None = None
    max_size: int = 2_000 * MEGABYTE
    max_captures: int = 100
    keep: int = 7 * DAY
    workers: int = 1
    seconds: int = 900
    memory: int = 4_000 * MEGABYTE
    trace: bool = False
