"""Follows segments through the table of connections and records what is known at every reset.

This is the tracker's arithmetic only: states come from `connections.states`, cells from `fast.tables`. What it decides
itself: which connection a segment belongs to, what is new, repeated, a probe or a copy, and which segment a reset
answers. Bad input can make it conclude nonsense about a connection, but every index stays within the arrays.

The functions of these modules are compiled as one file: the loop in `segments` calls some twenty of them for each
segment, and the C compiler takes them into it.
"""

from whyrst.fast.tracker.aftermath import propagate
from whyrst.fast.tracker.log import count_open, edition, sync
from whyrst.fast.tracker.segments import follow

__all__ = ["count_open", "edition", "follow", "propagate", "sync"]
