from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager

import httpx
import pytest

COMMAND = (sys.executable, "-m", "whyrst.cli", "serve", "--port", "0")
ANY = "0.0.0.0"  # noqa: S104 - the token is what is tested
ADDRESS = re.compile(r"http://(\S+?):(\d+)/(?:login\?token=(\S+))?")


@contextmanager
def serving(tmp_path, *arguments):
    """The command, once it answers: process, port, token."""
    process = subprocess.Popen(
        (*COMMAND, "--data", str(tmp_path / "data"), *arguments),
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            found = ADDRESS.search(process.stderr.readline())
            assert found, process.stderr.read()
            yield process, int(found[2]), found[3]
        finally:
            process.kill()


def ended(process):
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=30)
    return process.returncode, out, err


def test_it_answers_on_this_machine_only_and_ends_quietly(tmp_path):
    with serving(tmp_path) as (process, port, token):
        assert token is None
        assert httpx.get(f"http://127.0.0.1:{port}/").status_code == 200
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.2", port), 5)
        status, out, err = ended(process)
        assert (out, err) == ("", "")
        assert status in {0, -signal.SIGTERM}
    assert (tmp_path / "data" / "whyrst.db").stat().st_mode & 0o77 == 0
    assert (tmp_path / "data").stat().st_mode & 0o77 == 0


def test_an_open_stream_does_not_keep_it_from_ending(tmp_path):
    with serving(tmp_path, "--trace") as (process, port, _):
        begun, lines = threading.Event(), []

        def follow():
            with httpx.stream("GET", f"http://127.0.0.1:{port}/api/v1/live", timeout=60) as answer:
                for line in answer.iter_lines():
                    lines.append(line)
                    begun.set()

        thread = threading.Thread(target=follow)
        thread.start()
        assert begun.wait(30)
        status, _, err = ended(process)
        thread.join(30)
        assert (status, err) in {(0, ""), (-signal.SIGTERM, "")}
        assert "event: ended" in lines


def test_any_other_address_demands_a_token(tmp_path):
    with serving(tmp_path, "--host", ANY) as (_, port, token):
        assert len(token) >= 32
        site = f"http://127.0.0.1:{port}"
        assert httpx.get(f"{site}/").status_code == 303
        assert httpx.get(f"{site}/api/v1/captures").status_code == 401
        assert httpx.get(f"{site}/api/v1/captures", headers={"authorization": f"Bearer {token}"}).json() == []
        with httpx.Client(follow_redirects=True) as browser:
            assert "Why was it reset?" in browser.get(f"{site}/login", params={"token": token}).text


def test_a_taken_port_is_told(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        told = subprocess.run(
            (*COMMAND, "--port", port, "--data", str(tmp_path)), capture_output=True, text=True, check=False
        )
    assert told.returncode == 2
    assert told.stderr.startswith(f"whyrst: 127.0.0.1:{port}: ")


@pytest.mark.parametrize(
    "arguments", [("--token", "short"), ("--token", "ü" * 20), ("--folder", "/nothing"), ("--port", "x")]
)
def test_wrong_options_are_told(tmp_path, arguments):
    told = subprocess.run((*COMMAND, "--data", str(tmp_path), *arguments), capture_output=True, text=True, check=False)
    assert told.returncode == 2
    assert arguments[0] in told.stderr
