from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs").glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_examples_of_a_page_are_true(page, monkeypatch):
    monkeypatch.chdir(ROOT)
    assert Path(os.curdir).resolve() == ROOT
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE | doctest.IGNORE_EXCEPTION_DETAIL
    result = doctest.testfile(str(page), module_relative=False, optionflags=flags)
    assert result.failed == 0


def test_the_findings_that_the_readme_shows_are_those_of_the_example():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = [block for kind, block in re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL) if not kind]
    assert len(shown) == 2
    for arguments, block in zip((["analyze"], ["show", "--frame", "93"]), shown, strict=True):
        command = [sys.executable, "-m", "whyrst.cli", *arguments, "examples/resets.pcap"]
        said = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout
        assert block in said
