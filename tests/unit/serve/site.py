"""The app on a real socket, in a thread."""

from __future__ import annotations

import threading
from contextlib import contextmanager

from whyrst.serve.listen import bound, server
from whyrst.serve.live import started


@contextmanager
def site(settings):
    """Its address."""
    with bound("127.0.0.1", 0) as listening:
        ready = threading.Event()
        running = server(settings, ready.set, started() if settings.trace else None)
        thread = threading.Thread(target=lambda: running.run(sockets=[listening]))
        thread.start()
        try:
            assert ready.wait(30)
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            running.should_exit = True
            thread.join()
