"""Pages from templates, escaped, and the style sheet that they share with the HTML report."""

from __future__ import annotations

import secrets
import time
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse, Response

from whyrst.reports.amounts import HARM_WORDS, clock, count, duration, size
from whyrst.reports.printable import printable
from whyrst.reports.svg.palette import css, variables

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.requests import Request

    from whyrst.serve.context import Context

STATIC = Path(str(files(__package__).joinpath("static")))
VENDOR = ("htmx.min.js", "uplot.min.js", "uplot.min.css")
"""Libraries that `make front` brings; pages work without them."""
KINDS = {".css": "text/css", ".js": "text/javascript"}
SCHEME = "scheme"
"""Cookie that says light or dark."""
SECRET = secrets.token_urlsafe(16)
"""Every form of ours holds it: a page of another site cannot know it. New at each start."""


@cache
def style() -> str:
    """The style sheet: colours, the report's look, what only the app has, pictures."""
    report = files("whyrst.reports.html").joinpath("report.css").read_text(encoding="utf-8")
    own = (STATIC / "app.css").read_text(encoding="utf-8")
    return variables() + report + own + css()


def vendored() -> frozenset[str]:
    """Which libraries are there."""
    return frozenset(name for name in VENDOR if (STATIC / "vendor" / name).is_file())


def page(context: Context, request: Request, name: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page.

    Args:
        context: of the app.
        request: what is answered.
        name: of the template, without its ending.
        status: of RFC 9110.
        values: what the template shows.
    """
    scheme = request.cookies.get(SCHEME, "")
    text = _environment().get_template(f"{name}.html").render(
        values,
        here=request.url.path,
        scheme=scheme if scheme in {"light", "dark"} else "",
        secret=SECRET,
        settings=context.settings,
        vendor=vendored(),
    )  # fmt: skip
    return HTMLResponse(text, status, headers={"cache-control": "no-store"})


async def static(request: Request) -> Response:
    """The style sheet, our script, a library."""
    name = request.path_params["name"]
    if name == "app.css":
        return Response(style(), media_type=KINDS[".css"])
    path = STATIC / "vendor" / name if name in VENDOR else STATIC / "app.js"
    if name not in {*VENDOR, "app.js"} or not path.is_file():
        return Response("there is no such file\n", 404, media_type="text/plain")
    return Response(path.read_bytes(), media_type=KINDS[path.suffix])


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader(__package__), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, finalize=_finalize,
    )  # fmt: skip
    made.filters |= {"clock": clock, "size": size, "ago": ago, "count": count, "duration": duration, "pairs": pairs}
    made.globals["HARM_WORDS"] = HARM_WORDS
    return made


def _finalize(value: Any) -> Any:
    """Text with control characters and bidi marks made visible; markup of ours as it is."""
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def ago(when: float) -> str:
    """A time as people say it.

    Args:
        when: seconds since 1970.
    """
    past = max(time.time() - when, 0)
    for length, noun in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        if past >= length:
            return f"{count(int(past // length), noun)} ago"
    return "just now"


def pairs(names: Iterable[str]) -> list[tuple[str, str]]:
    """Options that are called what they are."""
    return [(name, name) for name in names]
