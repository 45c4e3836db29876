"""The colours of pictures and pages, light and dark, and the style sheet of pictures.

Colour never stands alone: words, dashes and line widths say the same. Text keeps a contrast of 4.5 to 1 against what
is behind it (WCAG 2.2, success criterion 1.4.3); a test measures it.
"""

from __future__ import annotations

LIGHT = {
    "ground": "#ffffff", "panel": "#f5f7fa", "raised": "#e9edf3", "rule": "#d5dce5", "text": "#18212c",
    "muted": "#56616f", "link": "#1a5bb0", "ink": "#44566b", "opening": "#8d7ad6", "established": "#4f93d8",
    "closing": "#d59a35", "closed": "#b4bdc9", "alarm": "#b3201a", "alarm-ground": "#fdeeec", "warn": "#855000",
    "good": "#1c6b3f", "odd": "#6a3fae", "on-mark": "#ffffff", "mark": "#2b3b4e",
}  # fmt: skip
"""Names of colours on a light ground."""

DARK = {
    "ground": "#11161c", "panel": "#181f27", "raised": "#232c37", "rule": "#34404d", "text": "#e5eaf0",
    "muted": "#9daab8", "link": "#86b8ff", "ink": "#a9b9cb", "opening": "#9a86e8", "established": "#4c8fd6",
    "closing": "#c98f2e", "closed": "#566272", "alarm": "#ff9088", "alarm-ground": "#371d1e", "warn": "#efb765",
    "good": "#7ccf9c", "odd": "#c6abff", "on-mark": "#11161c", "mark": "#cfd9e4",
}  # fmt: skip
"""The same names on a dark ground."""

HARM = {"data-lost": "alarm", "aborted": "warn", "refused": "link", "unknown": "odd", "none": "good"}
"""Colour of each level of harm."""

SHAPES = """
text{font:11.5px ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,"Liberation Mono",monospace}
.name,.flags,.judged{font-weight:700}
.name,.foot,.gap{font-family:system-ui,"Segoe UI",Roboto,"Helvetica Neue",Arial,"DejaVu Sans",sans-serif}
.name{font-size:13px}
.foot,.gap{font-size:11px}
.state{font-size:10px;letter-spacing:.02em}
.mark text{font-size:9.5px;font-weight:700;text-anchor:middle}
.end{text-anchor:end}
.mid{text-anchor:middle}
.halo{paint-order:stroke;stroke-width:4px;stroke-linejoin:round}
.line,.arrow,.cut,.cross{fill:none}
.line{stroke-width:1.5}
.arrow{stroke-width:1.4}
.again .arrow{stroke-dasharray:6 3}
.copy .arrow{stroke-dasharray:2 3}
.rst .arrow{stroke-width:2.6}
.cut{stroke-width:2;stroke-dasharray:1.5 4.5}
.cross{stroke-width:2.4}
"""
"""What does not depend on the ground."""

PAINT = {
    ".ground": {"fill": "ground"},
    ".text": {"fill": "text"},
    ".muted": {"fill": "muted"},
    ".halo": {"stroke": "ground"},
    ".line": {"stroke": "rule"},
    ".arrow": {"stroke": "ink"},
    ".head": {"fill": "ink"},
    ".note": {"fill": "warn"},
    ".cut": {"stroke": "muted"},
    ".pill": {"fill": "panel", "stroke": "rule"},
    ".rst .arrow": {"stroke": "alarm"},
    ".cross": {"stroke": "alarm"},
    ".rst .head": {"fill": "alarm"},
    ".rst .text": {"fill": "alarm"},
    ".judged": {"fill": "alarm"},
    ".band": {"fill": "alarm-ground"},
    ".mark circle": {"fill": "mark"},
    ".mark text": {"fill": "on-mark"},
    ".opening": {"fill": "opening"},
    ".established": {"fill": "established"},
    ".closing": {"fill": "closing"},
    ".closed": {"fill": "closed"},
    ".reset": {"fill": "alarm"},
    ".axis": {"stroke": "rule"},
    **{f".harm-{level}": {"fill": colour} for level, colour in HARM.items()},
}
"""Which colour a class of shapes has."""


def css() -> str:
    """The style sheet of a picture: what the reader prefers, unless a class `light` or `dark` on it or around it."""
    shapes = "".join(f".whyrst {rule}\n" for rule in SHAPES.strip().splitlines()).replace(",.", ",.whyrst .")
    dark = f"@media (prefers-color-scheme:dark){{{_paint(DARK, '.whyrst')}}}\n"
    chosen = [_paint(colours, f".whyrst.{name}", f".{name} .whyrst") for name, colours in _GROUNDS]
    return shapes + _paint(LIGHT, ".whyrst") + dark + "".join(chosen)


def variables() -> str:
    """The colours as custom properties of a page, with the same preference and the same classes on its root."""
    light, dark = (
        ";".join(f"--{name}:{value}" for name, value in colours.items()) + f";color-scheme:{ground}"
        for ground, colours in _GROUNDS
    )
    preferred = f"@media (prefers-color-scheme:dark){{:root{{{dark}}}}}\n"
    return f":root{{{light}}}\n{preferred}:root.light{{{light}}}\n:root.dark{{{dark}}}\n"


_GROUNDS = (("light", LIGHT), ("dark", DARK))


def _paint(colours: dict[str, str], *scopes: str) -> str:
    rules = []
    for selector, paint in PAINT.items():
        where = ",".join(f"{scope} {selector}" for scope in scopes)
        rules.append(f"{where}{{{';'.join(f'{name}:{colours[colour]}' for name, colour in paint.items())}}}\n")
    return "".join(rules)
