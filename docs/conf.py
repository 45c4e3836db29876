"""How Sphinx makes the site from these pages: `make site`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pygments.lexers.special import TextLexer

from whyrst import __version__

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "whyrst"
version = release = __version__
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
html_theme = "furo"
html_title = f"whyrst {version}"
html_copy_source = False
html_show_copyright = False
myst_heading_anchors = 3
nitpicky = True


def setup(app: Sphinx) -> None:
    """Diagrams stand as their source: drawing them would need a script from elsewhere."""
    app.add_lexer("mermaid", TextLexer)
