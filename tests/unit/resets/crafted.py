"""Facts about the resets of crafted captures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.analysis import analyze
from whyrst.fast.layout import Seg

if TYPE_CHECKING:
    from whyrst.lab.wire import Capture, Segment
    from whyrst.resets.columns import Resets


class Facts:
    """The resets of one capture.

    Args:
        capture: What was made.
        folder: Where to write it.
        how: Keywords of `Capture.write`.
    """

    def __init__(self, capture: Capture, folder, **how) -> None:
        path = folder / "capture.pcap"
        capture.write(path, **how)
        (judged,) = analyze([str(path)]).batches()
        self.resets: Resets = judged.resets
        self.judged = judged
        self._row = {int(frame): i for i, frame in enumerate(self.resets.seg(Seg.FRAME))}

    def row(self, reset: Segment) -> int:
        """Index of a reset of the script."""
        return self._row[reset.frame]

    def verdict(self, reset: Segment):
        """Verdict of a reset of the script."""
        return self.judged.verdict(self.row(reset))
