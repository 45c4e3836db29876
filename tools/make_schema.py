"""Write docs/verdict.schema.json from the types; with --check only say whether it is up to date."""

from __future__ import annotations

import sys
from pathlib import Path

from whyrst.schema import schema_text

TARGET = Path(__file__).resolve().parent.parent / "docs" / "verdict.schema.json"


def main(arguments: list[str]) -> int:
    """Make or check the file; 1 when a check finds it out of date."""
    text = schema_text()
    if arguments == ["--check"]:
        if TARGET.exists() and TARGET.read_text() == text:
            return 0
        print(f"{TARGET.name} is out of date: run python tools/make_schema.py", file=sys.stderr)
        return 1
    if arguments:
        print("usage: make_schema.py [--check]", file=sys.stderr)
        return 2
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
