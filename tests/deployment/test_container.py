from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILE = ROOT / "packaging" / "container" / "Containerfile"
HADOLINT = shutil.which("hadolint") or shutil.which("hadolint", path=str(Path(sys.executable).parent))


@pytest.mark.skipif(HADOLINT is None, reason="hadolint has no build for this machine")
def test_hadolint_finds_nothing():
    done = subprocess.run([HADOLINT, "--no-color", FILE], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_it_copies_what_a_build_needs_and_its_ignore_file_lets_that_through():
    text = FILE.read_text(encoding="utf-8")
    copied = {
        name
        for line in re.findall(r"^COPY (?!--from)(.*)$", text, re.MULTILINE)
        for name in shlex.split(line)[:-1]
    }  # fmt: skip
    lets = {line[1:] for line in Path(f"{FILE}.dockerignore").read_text().splitlines() if line.startswith("!")}
    assert copied == lets
    assert all((ROOT / name).exists() for name in copied)


def test_it_installs_extras_that_there_are_and_runs_as_nobody_in_particular():
    text = FILE.read_text(encoding="utf-8")
    extras = re.search(r"^ARG EXTRAS=(.*)$", text, re.MULTILINE)[1].split(",")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert set(extras) <= set(project["optional-dependencies"])
    assert re.search(r"^USER 65532:65532$", text, re.MULTILINE)
