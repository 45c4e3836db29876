"""Write the pages of docs/ that follow from the code; with --check only say which are out of date.

docs/causes/ comes from the cause files, docs/states.md from the tracker's table, docs/verdict.md from the model,
docs/cli.md and the manual page docs/whyrst.1 from the commands, and what commands print in docs/guide.md from a run.
"""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

from doc_causes import cause_pages
from doc_cli import cli_page
from doc_guide import guide_page
from doc_man import man_page
from doc_states import states_page
from doc_verdict import verdict_page

DOCS = Path(__file__).resolve().parent.parent / "docs"


@cache
def pages() -> dict[str, str]:
    """Every generated page, by its path below docs/."""
    made = {f"causes/{name}.md": text for name, text in cause_pages().items()}
    made |= {"states.md": states_page(), "verdict.md": verdict_page()}
    made |= {"cli.md": cli_page(DOCS), "whyrst.1": man_page()}
    return made | {"guide.md": guide_page((DOCS / "guide.md").read_text(encoding="utf-8"))}


def outdated(docs: Path) -> list[str]:
    """Pages below a folder that are missing, differ from the code, or belong to no cause any more."""
    made = pages()
    differ = [
        name for name, text in made.items() if not (docs / name).exists() or (docs / name).read_text("utf-8") != text
    ]
    return differ + _stale(docs, made)


def write(docs: Path) -> None:
    """Write the pages below a folder, and remove those of causes that exist no more."""
    made = pages()
    for name in _stale(docs, made):
        (docs / name).unlink()
    for name, text in made.items():
        (docs / name).parent.mkdir(parents=True, exist_ok=True)
        (docs / name).write_text(text, encoding="utf-8")


def _stale(docs: Path, made: dict[str, str]) -> list[str]:
    found = sorted(f"causes/{page.name}" for page in (docs / "causes").glob("*.md"))
    return [name for name in found if name not in made]


def main(arguments: list[str]) -> int:
    """Make or check the pages; 1 when a check finds one out of date."""
    if arguments == ["--check"]:
        late = outdated(DOCS)
        for name in late:
            print(f"docs/{name} is out of date: run python tools/make_docs.py", file=sys.stderr)
        return 1 if late else 0
    if arguments:
        print("usage: make_docs.py [--check]", file=sys.stderr)
        return 2
    write(DOCS)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
