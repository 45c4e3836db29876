"""Captures of the same traffic, taken at several places, as one source of verdicts."""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING

from whyrst.analysis import analyze
from whyrst.compare.place import CompareError, Pair, Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from whyrst.model import Incident, Quality, Verdict
    from whyrst.verdicts.judged import Judged

    Progress = Callable[[int, int | None], None]


class Comparison:
    """What several captures say together. Iterate `batches()` or `verdicts` once; then `incidents` is complete.

    Attributes:
        places: where the captures were taken, from the client to the server.
    """

    def __init__(
        self, paths: tuple[str, ...], only: str | None, names: Mapping[str, str], progress: Progress | None
    ) -> None:
        self._paths, self._only, self._names, self._progress = paths, only, names, progress
        self._report = analyze(paths, filter=only, progress=progress)

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """Where the captures were taken, from the client to the server."""
        return tuple(Place(path, self._names.get(path, "between")) for path in self._paths)

    def batches(self) -> Iterator[Judged]:
        """Judged resets, one capture after the other; a reset that several captures show is judged once."""
        yield from self._report.batches()

    @property
    def verdicts(self) -> Iterator[Verdict]:
        """Every verdict; a reset that several captures show has one."""
        for judged in self.batches():
            for i in range(len(judged)):
                yield judged.verdict(i)

    @property
    def incidents(self) -> tuple[Incident, ...]:
        """Incidents among what was iterated so far, the most harmful first."""
        return self._report.incidents

    @property
    def quality(self) -> Quality:
        """How far the captures can be trusted, taken together, as far as they were iterated."""
        return self._report.quality

    @property
    def qualities(self) -> tuple[Quality, ...]:
        """The same for each capture, in the order of `places`."""
        return ()

    def pairs(self) -> tuple[Pair, ...]:
        """Connections that were found in more than one capture, those with resets first."""
        return ()


def compare(
    paths: Iterable[str | os.PathLike[str]],
    *,
    filter: str | None = None,  # noqa: A002 - the word that every capture tool has for it
    names: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> Comparison:
    """Find out where resets were made, from captures of the same traffic taken at several places.

    Args:
        paths: the captures, at least two, in any order.
        filter: libpcap expression; other packets are left out.
        names: place -> capture ("client" -> "a.pcap"), where it is known.
        progress: called with (bytes read, bytes in all or None).

    Raises:
        CompareError: fewer than two captures, or captures that do not belong together.
        whyrst.capture.filter.FilterError: the filter is not valid, or libpcap is missing.
        whyrst.capture.errors.CaptureError: a capture cannot be read.
    """
    files = tuple(os.fspath(path) for path in paths)
    if len(files) < 2:  # noqa: PLR2004 - one capture has nothing to be compared with
        raise CompareError("comparing takes two captures or more; whyrst analyze is for one")
    places = {os.fspath(path): place for place, path in (names or {}).items()}
    return Comparison(files, filter, places, progress)
