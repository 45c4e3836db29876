"""The agent with a source of numbered verdicts instead of the kernel; a process that tests can kill.

Usage: pump.py FOLDER TOTAL PER-TURN SETTINGS.toml
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from whyrst.agent.delivery import Delivery
from whyrst.agent.notify import Notify
from whyrst.agent.outputs import make
from whyrst.agent.place import Places
from whyrst.agent.queue import Queue
from whyrst.agent.service import Service
from whyrst.agent.settings import bytes_of, read

LINE = Path(__file__).with_name("verdict.json").read_bytes().strip()
IDS = (b"1:kBR1E3fUU6LNpxlCVk2msyOCTmk=", b"1:AAAAAAAAAAAAAAAAAAAAAAAAAAA=", b"1:BBBBBBBBBBBBBBBBBBBBBBBBBBB=")


def line(number):
    """A verdict whose frame is its number, of one of three connections."""
    return LINE.replace(b'"frame":1,', b'"frame":%d,' % number).replace(IDS[0], IDS[number % 3])


class Numbered:
    """Verdicts from 1 on; a later process goes on behind what the queue has."""

    patient = False

    def __init__(self, queue, total, each):
        self.queue, self.total, self.each = queue, total, each

    @property
    def done(self):
        return self.queue.end > self.total

    def turn(self):
        return [line(number) for number in range(self.queue.end, min(self.queue.end + self.each, self.total + 1))]

    def finish(self):
        return []


def main():
    folder, total, each, config = sys.argv[1:]
    settings = read(config)
    queue = Queue(Path(folder), bytes_of(settings.queue.size))
    places = Places(queue.folder)
    queue.start(places.furthest())

    def say(text):
        sys.stderr.write(text + "\n")

    def never():
        import threading

        return threading.Event()

    deliveries = [
        Delivery(name, make(one, queue.id, os.environ, never), queue, places, say)
        for name, one in settings.outputs().items()
    ]
    source = Numbered(queue, int(total), int(each))

    def wait(seconds):
        time.sleep(seconds / 5)
        return False

    Service(source, queue, deliveries, Notify(os.environ, os.getpid()), say).run(wait)


if __name__ == "__main__":
    main()
