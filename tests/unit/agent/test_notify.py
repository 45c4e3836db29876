from __future__ import annotations

import os
import socket
import time
from contextlib import closing, suppress

import pytest

from whyrst.agent.notify import Notify


@pytest.fixture(params=["path", "abstract"])
def manager(request, tmp_path):
    """What systemd listens on."""
    name = f"\0whyrst-{os.getpid()}" if request.param == "abstract" else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as one:
        one.bind(name)
        one.settimeout(10)
        yield one, name.replace("\0", "@")


def test_what_the_manager_hears(manager):
    one, name = manager
    with closing(Notify({"NOTIFY_SOCKET": name}, 1)) as notify:
        notify.ready("tracing")
        assert one.recv(1000) == b"READY=1\nSTATUS=tracing"
        notify.alive()
        notify.reloading()
        head, _, when = one.recv(1000).decode().partition("MONOTONIC_USEC=")
        assert head == "RELOADING=1\n"
        assert 0 <= time.monotonic_ns() // 1000 - int(when) < 60_000_000
        notify.stopping()
        assert one.recv(1000) == b"STOPPING=1"


def test_signs_of_life_come_no_more_than_twice_as_often_as_asked_for(manager):
    one, name = manager
    with closing(Notify({"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "100000", "WATCHDOG_PID": "7"}, 7)) as notify:
        assert notify.every == 0.05
        end = time.monotonic() + 0.3
        while time.monotonic() < end:
            notify.alive()
            time.sleep(0.001)
        one.setblocking(False)
        heard = []
        with suppress(BlockingIOError):
            while True:
                heard.append(one.recv(1000))
        assert 1 <= len(heard) <= 7
        assert set(heard) == {b"WATCHDOG=1"}


@pytest.mark.parametrize(
    "environment",
    [{}, {"WATCHDOG_USEC": "x"}, {"WATCHDOG_USEC": "100", "WATCHDOG_PID": "8"}, {"NOTIFY_SOCKET": "vsock:2:1"}],
)
def test_without_a_manager_nothing_is_told(environment):
    with closing(Notify(environment, 7)) as notify:
        assert notify.every == 0
        notify.ready("tracing")
        notify.alive()
        notify.stopping()


def test_a_manager_that_is_gone_is_no_catastrophe(tmp_path):
    with closing(Notify({"NOTIFY_SOCKET": str(tmp_path / "none")}, 7)) as notify:
        notify.ready("tracing")
