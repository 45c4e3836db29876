"""Real servers on the bench: configuration in a folder of the run, foreground, ended with the run."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from whyrst.lab.bench import Bench
    from whyrst.lab.network import Host

NGINX = """daemon off;
master_process off;
user root;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen {address};
    root {folder};
    {settings}
  }}
}}
"""

HAPROXY = """
defaults
    mode tcp
    timeout connect 1s
    timeout client 5s
    timeout server 5s
    {option}
listen service
    bind {near}:{door}
    server one {far}:{port} {check}
"""

ONE_ANSWER = """
import socket, sys
host, port = sys.argv[1], int(sys.argv[2])
listener = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=64)
kept = []
while True:
    end, _ = listener.accept()
    kept.append(end)
    end.recv(4096)
    end.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok")
"""


def nginx(bench: Bench, settings: str) -> tuple[str, int]:
    """Start nginx on the server; returns where it listens.

    Args:
        bench: the run.
        settings: directives of its server block.
    """
    folder, port, address = bench.folder(), bench.port(), bench.address()
    where = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, address=where, settings=settings), encoding="utf-8")
    bench.program(bench.server, ("nginx", "-c", str(config), "-e", str(folder / "error.log")))
    bench.wait_for(port)
    return address, port


def redis(bench: Bench, *settings: str) -> tuple[str, int]:
    """Start redis on the server, without storage; returns where it listens."""
    port, address = bench.port(), bench.address()
    command = ("redis-server", "--port", str(port), "--bind", address, "--save", "", "--protected-mode", "no")
    bench.program(bench.server, (*command, "--dir", str(bench.folder()), *settings))
    bench.wait_for(port)
    return address, port


def haproxy(
    bench: Bench, host: Host, near: str, server: tuple[str, int], *, option: str = "", check: str = ""
) -> tuple[subprocess.Popen[bytes], int]:
    """Start HAProxy in TCP mode on a host; returns it, and the port where it listens.

    Args:
        bench: the run.
        host: where it runs.
        near: its address there.
        server: where it passes connections on to.
        option: a further line of its defaults.
        check: how it checks the server.
    """
    config, door, (far, port) = bench.folder() / "haproxy.cfg", bench.port(), server
    text = HAPROXY.format(near=near, door=door, far=far, port=port, option=option, check=check)
    config.write_text(text, encoding="ascii")
    program = bench.program(host, ("haproxy", "-db", "-q", "-f", str(config)))
    bench.wait_for(door, host)
    return program, door


def one_answer(bench: Bench) -> tuple[subprocess.Popen[bytes], tuple[str, int]]:
    """Start a program that answers the first request of each connection and never reads again."""
    address, port = bench.address(), bench.port()
    program = bench.program(bench.server, (sys.executable, "-c", ONE_ANSWER, address, str(port)))
    bench.wait_for(port)
    return program, (address, port)


def certificate(bench: Bench, *, days: int = 2) -> tuple[Path, Path]:
    """A certificate for lab.example that nobody signed, and its key."""
    folder = bench.folder()
    key, cert = folder / "key.pem", folder / "cert.pem"
    bench.server.run(
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", str(days),
        "-subj", "/CN=lab.example", "-addext", "subjectAltName=DNS:lab.example", "-keyout", str(key), "-out", str(cert),
    )  # fmt: skip
    return cert, key
