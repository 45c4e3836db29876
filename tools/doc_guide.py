"""The guide, docs/guide.md: its words are written by hand, what its commands print is filled in by running them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PROMPT = "$ "


def guide_page(text: str) -> str:
    """The page with what its commands print now.

    Args:
        text: the page, with what they printed once or with nothing.

    Raises:
        subprocess.CalledProcessError: a command failed.
    """
    with TemporaryDirectory() as folder:
        for name in ("examples", "tests"):
            (Path(folder) / name).symlink_to(ROOT / name)
        return BLOCK.sub(lambda block: f"```console\n{_ran(block[1], folder)}```", text)


def _ran(block: str, folder: str) -> str:
    commands = [line for line in block.splitlines() if line.startswith(PROMPT)]
    return "".join(f"{command}\n{_output(command.removeprefix(PROMPT), folder)}" for command in commands)


def _output(command: str, folder: str) -> str:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    run = ["bash", "-o", "pipefail", "-c", command]
    env = {**os.environ, "PATH": path, "NO_COLOR": "1"}
    done = subprocess.run(run, capture_output=True, text=True, check=False, cwd=folder, env=env)
    if done.returncode not in {0, 141}:  # head ends before its input does
        raise subprocess.CalledProcessError(done.returncode, command, done.stdout, done.stderr)
    return f"{done.stdout.rstrip()}\n"
