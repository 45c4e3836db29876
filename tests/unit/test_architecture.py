from __future__ import annotations

import ast
from pathlib import Path

import pytest

import whyrst

ROOT = Path(whyrst.__file__).parent
ORDER = (
    "fast",
    "capture",
    "segments",
    "connections",
    "kernel",
    "resets",
    "causes",
    "verdicts",
    "incidents",
    "reports",
    "annotate",
    "compare",
    "trace",
    "lab",
    "fleet",
    "agent",
    "mcp",
    "serve",
    "cli",
)
FOLDERS = [name for name in ORDER if (ROOT / name).is_dir()]


def imports(file):
    """Modules of whyrst that a file imports, the lazy ones included."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("whyrst."):
            yield node.module.split(".")[1]
        elif isinstance(node, ast.Import):
            yield from (alias.name.split(".")[1] for alias in node.names if alias.name.startswith("whyrst."))


def test_every_folder_has_its_place():
    found = {entry.name for entry in ROOT.iterdir() if entry.is_dir() and (entry / "__init__.py").exists()}
    assert found <= set(ORDER)


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_imports_only_from_those_before_it(folder):
    before = {*ORDER[: ORDER.index(folder) + 1], "model"}
    if folder in {"reports", "cli"}:
        before |= {"schema"}
    if folder in {"annotate", "compare", "trace", "lab", "fleet", "agent", "mcp", "serve", "cli"}:
        before |= {"analysis"}
    wrong = {
        f"{file.relative_to(ROOT)} imports {name}"
        for file in (ROOT / folder).rglob("*.py")
        for name in imports(file)
        if name not in before
    }
    assert not wrong


def test_the_model_imports_nothing_of_whyrst():
    assert list(imports(ROOT / "model.py")) == []
