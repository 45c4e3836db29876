"""`sudo whyrst serve --trace`: only the process that listens to the kernel was ever root."""

from __future__ import annotations

import functools
import os
import pwd
import re
import signal
import site
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest

import whyrst

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root"),
    pytest.mark.skipif(not Path("/sys/kernel/btf/vmlinux").exists(), reason="the kernel has no BTF"),
]
NOBODY = pwd.getpwnam("nobody")
SUDO = {"SUDO_UID": str(NOBODY.pw_uid), "SUDO_GID": str(NOBODY.pw_gid)}
PARTS = os.pathsep.join([str(Path(whyrst.__file__).parents[1]), *site.getsitepackages()])


@functools.cache
def python():
    """A Python that anybody may run, with whyrst and its libraries; None when there is none."""
    nobody = {"user": NOBODY.pw_uid, "group": NOBODY.pw_gid, "extra_groups": []}
    for one in (sys.executable, f"/usr/bin/python3.{sys.version_info.minor}"):
        command = (one, "-c", "import whyrst.serve.listen")
        with suppress(OSError):
            if not subprocess.run(
                command, env={"PYTHONPATH": PARTS}, capture_output=True, check=False, **nobody
            ).returncode:
                return one
    return None


@pytest.fixture
def place():
    """A folder that the user who calls sudo reaches."""
    with TemporaryDirectory() as folder:
        os.chown(folder, NOBODY.pw_uid, NOBODY.pw_gid)
        yield Path(folder)


def serve(*options):
    if python() is None:
        pytest.skip("only root may read this Python")
    command = (python(), "-m", "whyrst.cli", "serve", "--port", "0", "--trace", *options)
    return subprocess.Popen(command, stderr=subprocess.PIPE, env=os.environ | SUDO | {"PYTHONPATH": PARTS}, text=True)


def status(pid):
    text = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return dict(re.findall(r"^(\w+):\s+(.*)$", text, re.MULTILINE))


def refused_connection():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), 5)
    return port


def test_the_app_is_the_user_who_called_sudo_and_still_hears_of_resets(place):
    with serve("--data", str(place / "data")) as app:
        try:
            said = app.stderr.readline()
            assert "http://127.0.0.1:" in said
            where = re.search(r"http://[\d.]+:\d+", said)[0]
            mine = status(app.pid)
            assert mine["Uid"].split() == [str(NOBODY.pw_uid)] * 4
            assert int(mine["CapEff"], 16) == int(mine["CapPrm"], 16) == 0
            refused, end = set(), time.monotonic() + 60
            while not refused & servers(where):
                assert time.monotonic() < end, "no reset was told"
                refused.add(refused_connection())
                time.sleep(0.5)
            assert (place / "data" / "whyrst.db").stat().st_uid == NOBODY.pw_uid
        finally:
            app.send_signal(signal.SIGINT)


def servers(where):
    """Ports of refusals in the history."""
    found = httpx.get(f"{where}/api/v1/verdicts", params={"cause": "port-closed"}, trust_env=False).json()
    return {one["server_port"] for one in found["verdicts"]}


def test_a_folder_that_only_root_may_read_is_refused(tmp_path):
    with serve("--data", str(tmp_path), "--folder", str(tmp_path)) as app:
        said = app.stderr.read()
    assert app.returncode == 2
    assert said.strip().endswith(f"{tmp_path}: it cannot be read by the user who called sudo")
