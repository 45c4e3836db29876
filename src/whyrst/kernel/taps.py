"""A wiretap on every interface but loopback, as interfaces come and go.

A wiretap makes the kernel copy every packet that leaves by its interface. On loopback, where nothing else costs much,
that slows connections down by a tenth; so loopback is heard only when somebody asks for it.
"""

from __future__ import annotations

import errno

from whyrst.kernel.links import Links
from whyrst.kernel.namespaces import here
from whyrst.kernel.wiretap import Seen, Wiretap

SPARE = 16
"""Wiretaps kept for interfaces that come when privileges are gone."""


class Taps:
    """Hears the resets of the calling thread's network namespace from construction to `close`.

    Attributes:
        netns: the namespace's number.
        unheard: interfaces for which there was no wiretap left, or no memory.

    Raises:
        OSError: packet sockets need CAP_NET_RAW.
    """

    def __init__(self) -> None:
        self._spare = [Wiretap(interface=None)]
        self.netns = self._spare[0].netns
        self._links = Links()
        self._taps: dict[int, Wiretap] = {}
        self._loopbacks: set[int] = set()
        self._with_loopback = False
        self._gone = 0
        self._came = False
        self.unheard = 0
        self._follow()
        self._spare += [Wiretap(interface=None) for _ in range(SPARE)]

    @property
    def dropped(self) -> int:
        """Packets that the kernel had no room for."""
        return self._gone + sum(tap.dropped for tap in self._taps.values())

    @property
    def behind(self) -> bool:
        """Packets may have passed that were not read: left for the next turn, or by an interface that just came."""
        return self._came or self.unheard > 0 or any(tap.behind for tap in self._taps.values())

    def hear_loopback(self) -> None:
        """Hear loopback, too, from now on."""
        if not self._with_loopback:
            self._with_loopback = True
            for number in self._loopbacks:
                self._listen(number)

    def poll(self) -> list[Seen]:
        """What passed since the last call, in the order in which it passed."""
        self._follow()
        found = [seen for tap in self._taps.values() for seen in tap.poll()]
        found.sort(key=lambda seen: seen.time)
        return found

    def _follow(self) -> None:
        """Listen to what is new, and let go of what went."""
        self._came = False
        for link in self._links.poll():
            if link.gone:
                self._loopbacks.discard(link.number)
                tap = self._taps.pop(link.number, None)
                if tap is not None:
                    self._gone += tap.dropped
                    tap.close()
                continue
            if link.loopback:
                self._loopbacks.add(link.number)
            if link.number not in self._taps and (self._with_loopback or not link.loopback):
                self._came = True
                self._listen(link.number)

    def _listen(self, number: int) -> None:
        tap = self._another()
        if tap is None:
            self.unheard += 1
            return
        try:
            tap.listen(number)
            self._taps[number] = tap
        except OSError as error:
            self._spare.append(tap)
            self.unheard += error.errno not in {errno.ENODEV, errno.ENXIO}  # else it went meanwhile

    def _another(self) -> Wiretap | None:
        """A wiretap of this namespace; None when none is left and we may not, or cannot from here, make one."""
        if self._spare:
            return self._spare.pop()
        try:
            return Wiretap(interface=None) if here() == self.netns else None
        except OSError:
            return None

    def close(self) -> None:
        """Stop hearing."""
        for tap in (*self._taps.values(), *self._spare):
            tap.close()
        self._taps.clear()
        self._spare.clear()
        self._links.close()
