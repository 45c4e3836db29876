r"""Writes captures of conversations as real stacks hold them, from a script that reads like a ladder.

    capture = Capture(vantage="client", seed=1)
    laptop, web = Host("192.0.2.10"), Host("198.51.100.7", hops=11)
    talk = capture.conversation(laptop, web, 40000, 443, rtt=0.020)
    talk.handshake()
    talk.client.send(b"GET / HTTP/1.1\r\n\r\n")
    reset = talk.server.abort()
    capture.write(path)         # now reset.frame tells where it stands

Steps follow each other as on a real path: a side that answers does so when the segment has reached it, and what it
acknowledges is what has reached it by then.
"""

from whyrst.lab.wire.capture import Capture
from whyrst.lab.wire.case import Case
from whyrst.lab.wire.conversation import Conversation
from whyrst.lab.wire.habits import HABITS, Habit
from whyrst.lab.wire.host import Host
from whyrst.lab.wire.segment import ACK, FIN, PSH, RST, SYN, Segment
from whyrst.lab.wire.side import Side

__all__ = [
    "ACK",
    "FIN",
    "HABITS",
    "PSH",
    "RST",
    "SYN",
    "Capture",
    "Case",
    "Conversation",
    "Habit",
    "Host",
    "Segment",
    "Side",
]
