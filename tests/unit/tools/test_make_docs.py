from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from whyrst.causes import all_causes
from whyrst.connections.states import TRANSITIONS

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def make_docs():
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        import make_docs as module
    finally:
        sys.path.remove(str(ROOT / "tools"))
    return module


def test_the_pages_of_docs_are_up_to_date(make_docs, capsys):
    assert make_docs.main(["--check"]) == 0, capsys.readouterr().err


def test_a_changed_a_missing_and_a_stale_page_are_told(make_docs, tmp_path):
    make_docs.write(tmp_path)
    assert make_docs.outdated(tmp_path) == []
    (tmp_path / "verdict.md").write_text("old")
    (tmp_path / "states.md").unlink()
    (tmp_path / "causes" / "no-such-cause.md").write_text("left over")
    assert make_docs.outdated(tmp_path) == ["states.md", "verdict.md", "causes/no-such-cause.md"]
    make_docs.write(tmp_path)
    assert make_docs.outdated(tmp_path) == []


def test_unknown_arguments_are_an_error(make_docs):
    assert make_docs.main(["--nonsense"]) == 2


def test_every_cause_has_a_page_with_its_manual_and_working_links(make_docs):
    made = make_docs.pages()
    for cause in all_causes().values():
        page = made[f"causes/{cause.id}.md"]
        for heading in ("What happened", "How to be sure", "Easily confused with", "Fix", "References"):
            assert f"\n## {heading}\n" in page
        for name in re.findall(r"\]\(([a-z0-9-]+)\.md\)", page):
            assert f"causes/{name}.md" in made
        source = re.search(r"\]\(\.\./\.\./(src/\S+)\)", page)
        assert source
        assert (ROOT / source[1]).exists()
        for look_alike in cause.look_alikes:
            if look_alike in all_causes():
                assert f"({look_alike}.md)" in page


def test_the_picture_shows_every_transition_and_no_other(make_docs):
    page = make_docs.pages()["states.md"]
    arrows = set(re.findall(r"^  (\w+) --> (\w+): ", page, re.MULTILINE))
    assert arrows == {(state.name, target.name) for state, row in TRANSITIONS.items() for target in row.values()}


def test_every_field_of_a_verdict_is_told(make_docs):
    page = make_docs.pages()["verdict.md"]
    for field in ("probability", "to_be_sure", "ordinal", "community_id", "bytes_lost"):
        assert f"| `{field}` |" in page


def test_the_command_line_page_tells_every_command_with_its_options(make_docs):
    page = make_docs.pages()["cli.md"]
    told = re.findall(r"^## (whyrst.*)$", page, re.MULTILINE)
    assert {"whyrst analyze", "whyrst fleet top", "whyrst lab run", "whyrst agent"} <= set(told)
    for command in told:
        shown = subprocess.run(
            [sys.executable, "-m", "whyrst.cli", *command.split()[1:], "--help"],
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        section = page.partition(f"\n## {command}\n")[2].partition("\n## ")[0]
        for option in re.findall(r"^  (?:-\w, )?(--[\w-]+)", shown, re.MULTILINE):
            assert re.search(rf"^\| `.*{option}\b", section, re.MULTILINE)


@pytest.mark.skipif(shutil.which("mandoc") is None, reason="mandoc is not installed")
def test_the_manual_page_is_well_formed_and_shows_what_the_commands_say(make_docs, tmp_path):
    page = tmp_path / "whyrst.1"
    page.write_text(make_docs.pages()["whyrst.1"], encoding="utf-8")
    lint = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", page], capture_output=True, text=True, check=False)
    told = [line for line in lint.stdout.splitlines() if "missing date" not in line]  # it has no date until released
    assert told == []
    shown = subprocess.run(["mandoc", "-T", "utf8", page], capture_output=True, text=True, check=True).stdout
    shown = " ".join(re.sub(".\b", "", shown).split())
    assert "Tell why this host's TCP connections are reset, as it happens." in shown
    assert "--fail-on" in shown
