"""Tests that watch the whole kernel follow each other: a storm of resets in one would blind another."""

from __future__ import annotations

from pathlib import Path

import pytest

HERE = Path(__file__).parent
WATCHING = (HERE / "kernel", HERE / "lab")


def pytest_collection_modifyitems(items):
    for item in items:
        if any(item.path.is_relative_to(folder) for folder in WATCHING):
            item.add_marker(pytest.mark.xdist_group("kernel"))
