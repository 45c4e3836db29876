"""The page's ladders: each is drawn once, where the first part that needs it stands."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

from whyrst.reports.amounts import count
from whyrst.reports.html.markup import say, tag
from whyrst.reports.svg.ladder import draw

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whyrst.model import Verdict
    from whyrst.reports.conversation import Conversation


class Ladders:
    """Draws ladders on demand and remembers which stand in the page already.

    Attributes:
        numbers: number of the ladder of a reset, by capture and frame; the script finds it by that.
    """

    def __init__(self, verdicts: Sequence[Verdict], conversations: Mapping[tuple[str, int], Conversation]) -> None:
        self._conversations = {key: one for key, one in conversations.items() if one.items}
        self._verdicts = len(verdicts)
        self._placed: set[int] = set()
        self.numbers = {key: number for number, key in enumerate(self._conversations)}

    def figure(self, verdict: Verdict) -> str:
        """The ladder of a reset with its caption; nothing where there is none."""
        key = (verdict.capture, verdict.frame)
        number = self.numbers.get(key)
        if number is None:
            return ""
        caption = say("figcaption", f"Frame {verdict.frame} and what led to it")
        if number in self._placed:
            # It stands elsewhere: the script copies it here; without script the reader follows a link.
            link = tag("p", say("a", "Go to its ladder", href=f"#ladder-{number}"))
            return tag("figure", caption + link, data_copy=str(number), class_="wide")
        self._placed.add(number)
        return tag("figure", caption + self._drawn(key), id=f"ladder-{number}", data_ladder=str(number), class_="wide")

    def rest(self) -> str:
        """The ladders that only the script shows, when their row is opened."""
        left = [(key, number) for key, number in self.numbers.items() if number not in self._placed]
        return "".join(tag("template", self._drawn(key), data_ladder=str(number)) for key, number in left)

    def rule(self, names: tuple[str, ...]) -> str:
        """Which ladders there are, and how to draw another."""
        if not self._verdicts:
            return ""
        if not self.numbers:
            says = "There are no ladders here: the capture could not be read a second time."
            return tag("section", say("p", says, class_="note"))
        name = quote(names[0]) if len(names) == 1 else "FILE"
        says = (
            f"Ladders are drawn for {len(self.numbers):,} of {count(self._verdicts, 'reset')}: one of each cause, the "
            "first of each incident, then the most harmful. Any other: "
        )
        command = say("code", f"whyrst show {name} --frame N --format svg -o ladder.svg")
        return tag("section", tag("p", say("span", says) + command, class_="note"))

    def _drawn(self, key: tuple[str, int]) -> str:
        return draw(self._conversations[key], alone=False)
