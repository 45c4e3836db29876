"""Coverage-guided search for lists of connections that break their reader.

    python fuzz/connections.py [libFuzzer options] [CORPUS]

A file may hold connections, or it is refused on one line that names a line of it.
"""

from __future__ import annotations

import atheris

with atheris.instrument_imports(include=["whyrst"]):
    from search import placed, search

    from whyrst.capture.errors import CaptureError
    from whyrst.cli.connections import ConnectionsError, listed

SEEDS = (
    b"1:LQU9qZlK+B5F3KDmev6m5PMibrg=\n# a remark\n",
    (
        b"#separator \\x09\n#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\n"
        b"1.5\tC1\t192.0.2.1\t40000\t2001:db8::1\t443\ttcp\n1.6\tC2\t192.0.2.1\t40000\t192.0.2.2\t53\tudp\n"
    ),
    b'{"ts":1.5,"id.orig_h":"192.0.2.1","id.orig_p":40000,"id.resp_h":"192.0.2.2","id.resp_p":443,"proto":"tcp"}\n',
    b'{"id":{"orig_h":"192.0.2.1","orig_p":40000,"resp_h":"192.0.2.2","resp_p":443}}\n',
)


def check(data: bytes) -> None:
    """Read these bytes as a list."""
    try:
        found = listed(str(placed(data, "list")))
    except (CaptureError, ConnectionsError) as error:
        if not str(error).isprintable():
            raise AssertionError(error) from error
        return
    assert all(one.startswith("1:") for one in found), found


if __name__ == "__main__":
    search(check, [(f"list-{k}", data) for k, data in enumerate(SEEDS)])
