"""The whole page: one file that asks the network for nothing and runs no script but its own.

The policy in its head (Content Security Policy Level 3) forbids every request; the one style sheet and the one script
are allowed by their hashes, so that nothing from a capture could run even if it were not escaped.
"""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from hashlib import sha256
from importlib.resources import files

from whyrst.reports.html.markup import say, tag
from whyrst.reports.svg.palette import css, variables

PARTS = (
    ("summary", "Summary"), ("time", "Over time"), ("incidents", "Incidents"), ("causes", "Causes"),
    ("resets", "Resets"), ("quality", "Capture quality"),
)  # fmt: skip
"""The parts that the head of the page links to."""


@cache
def style() -> str:
    """The style sheet: colours, the page, the pictures."""
    return "\n" + variables() + _read("report.css") + css()


@cache
def script() -> str:
    """The script."""
    return "\n" + _read("report.js")


def policy() -> str:
    """What the page may do."""
    allowed = (f"{what}-src 'sha256-{_hash(text)}'" for what, text in (("style", style()), ("script", script())))
    return f"default-src 'none'; {'; '.join(allowed)}; img-src data:; base-uri 'none'; form-action 'none'"


def head(title: str) -> str:
    """Everything before the content."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy()}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        '<link rel="icon" href="data:,">\n'
        f"{say('title', title)}\n<style>{style()}</style>\n</head>\n<body>\n"
    )


def foot(version: str, data: str) -> str:
    """The data, the script and the end."""
    made = say("footer", f"Made by whyrst {version}. This file needs no network and asks for none.")
    return (
        f'</main>\n{made}\n<script type="application/json" id="data">{data}</script>\n'
        f"<script>{script()}</script>\n</body>\n</html>\n"
    )


def masthead(title: str, links: list[tuple[str, str]]) -> str:
    """Title, links to the parts, and where the script puts the switch for light and dark."""
    ways = "".join(say("a", says, href=f"#{name}") for name, says in links)
    skip = say("a", "Skip to the content", href="#content", class_="skip")
    navigation = tag("nav", ways, aria_label="Parts of this report")
    return f'{skip}\n{tag("header", say("h1", title) + navigation)}\n<main id="content">\n'


def _hash(text: str) -> str:
    return b64encode(sha256(text.encode()).digest()).decode()


def _read(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
