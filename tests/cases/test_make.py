from __future__ import annotations

import json
import runpy
import shutil
from pathlib import Path

import pytest

CASES = sorted(script.parent for script in Path(__file__).parent.glob("*/make.py"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_cases_script_makes_its_files_again(case, tmp_path):
    script = shutil.copy(case / "make.py", tmp_path)
    runpy.run_path(str(script))
    assert (tmp_path / "capture.pcap").read_bytes() == (case / "capture.pcap").read_bytes()
    assert json.loads((tmp_path / "expect.json").read_text()) == json.loads((case / "expect.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_case_is_small_and_says_where_its_facts_come_from(case):
    assert (case / "capture.pcap").stat().st_size < 20_000
    text = (case / "README.md").read_text(encoding="utf-8")
    assert text.startswith(f"# {case.name}\n")
    assert "\nFacts: " in text
