"""The project's files as a release sees them: a copy without version control and without anything built."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = ("CHANGELOG.md", "LICENSE", "MANIFEST.in", "README.md", "pyproject.toml", "setup.py")
NOT_OURS = shutil.ignore_patterns("__pycache__", "*.so", "*.egg-info", "front")


@pytest.fixture(scope="session")
def tree(tmp_path_factory):
    copy = tmp_path_factory.mktemp("tree")
    for name in SOURCES:
        shutil.copy(ROOT / name, copy)
    for folder in ("src", "packaging", "examples"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=NOT_OURS)
    (copy / "docs").mkdir()
    shutil.copy(ROOT / "docs" / "whyrst.1", copy / "docs")
    return copy


@pytest.fixture(scope="session")
def release(tree, tmp_path_factory):
    """The sdist, and the wheel that is built from that sdist; by one of the processes that run tests, for all."""
    place = tmp_path_factory.getbasetemp()
    out = (place.parent if "PYTEST_XDIST_WORKER" in os.environ else place) / "dist"
    with out.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not out.exists():
            build(tree, out)
    [sdist], [wheel] = out.glob("*.tar.gz"), out.glob("*.whl")
    return sdist, wheel


def build(tree, out):
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", out, tree]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "WHYRST_PURE": ""})
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
