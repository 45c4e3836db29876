"""What tests of the app share."""

from __future__ import annotations

import re
import time
from pathlib import Path

EXAMPLES = Path("examples").resolve()
EXAMPLE = EXAMPLES / "resets.pcap"
WAIT = 60


def settled(client, number):
    """A capture of the API once its analysis is over."""
    for _ in range(WAIT * 20):
        told = client.get(f"/api/v1/captures/{number}").json()
        if told["state"] not in {"queued", "running"}:
            return told
        time.sleep(0.05)
    raise AssertionError("it was never done")


def secret(page):
    """What forms of a page prove themselves with."""
    return re.search(r'name="secret" value="([^"]+)"', page.text)[1]
