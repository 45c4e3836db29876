"""A golden case: a capture and what whyrst must say about each of its resets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from whyrst.lab.wire.capture import Capture
from whyrst.lab.wire.segment import RST, Segment

if TYPE_CHECKING:
    from collections.abc import Iterable

Confidence = Literal["possible", "likely", "certain"]


class Case:
    """Collects expectations while a script runs, then writes `capture.pcap` and `expect.json` beside it."""

    def __init__(
        self, script: str, vantage: Literal["client", "server", "between"] = "client", *, seed: int = 1
    ) -> None:
        """Begin a case.

        Args:
            script: The script's own `__file__`; the case is the folder that holds it.
            vantage: As in `Capture`.
            seed: As in `Capture`.
        """
        self.folder = Path(script).resolve().parent
        self.capture = Capture(vantage, seed=seed)
        self.conversation = self.capture.conversation
        self._expected: list[tuple[Segment, dict[str, Any]]] = []

    def expect(
        self,
        reset: Segment | Iterable[Segment],
        cause: str,
        mechanism: str,
        *,
        accept: Iterable[str] = (),
        sure: Confidence | None = "likely",
    ) -> None:
        """Say what made a reset.

        Args:
            reset: One reset, or several of the same kind.
            cause: Id of the cause.
            mechanism: "active", "passive", "firewall", "forged" or "unknown".
            accept: Ids that are right as well, where the wire does not tell.
            sure: Least confidence of the verdict; `None` where none is asked for.
        """
        for one in [reset] if isinstance(reset, Segment) else reset:
            said = {"cause": cause, "accept": list(accept), "sender": one.sender, "mechanism": mechanism}
            self._expected.append((one, said | {"min_confidence": sure}))

    def write(self, **how: Any) -> None:
        """Write both files; keywords are those of `Capture.write`.

        Raises:
            ValueError: A reset of the capture has no expectation, or one that is not in the capture has.
        """
        self.capture.write(self.folder / "capture.pcap", **how)
        resets = {one.frame for talk in self.capture.conversations for one in talk.segments if one.flags & RST} - {0}
        rows = sorted(({"frame": one.frame} | said for one, said in self._expected), key=lambda row: row["frame"])
        if sorted(resets) != [row["frame"] for row in rows]:
            raise ValueError(f"resets stand in frames {sorted(resets)}, but {[row['frame'] for row in rows]} are told")
        text = "[\n" + ",\n".join("  " + json.dumps(row) for row in rows) + "\n]\n"
        (self.folder / "expect.json").write_text(text if rows else "[]\n", encoding="utf-8")
