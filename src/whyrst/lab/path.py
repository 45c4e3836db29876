"""The way between client and server, cut and mended on the router."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.lab.namespace import Namespace

QUIET = 0.3
"""Seconds after which the last delayed acknowledgement is out."""
CUT = "table inet path {\n chain forward {\n type filter hook forward priority 0; policy drop;\n }\n}\n"


@contextmanager
def dead(router: Namespace) -> Iterator[None]:
    """While this lasts, the router drops all that it should forward, without a word.

    It begins when all that was sent is acknowledged, so that only what is sent now is repeated.
    """
    time.sleep(QUIET)
    router.run("nft", "-f", "-", text=CUT)
    try:
        yield
    finally:
        router.run("nft", "delete", "table", "inet", "path")
