"""Search for damage to the agent's queue on disk that loses more than it hit, or stops the agent.

    python fuzz/agent.py [libFuzzer options] [CORPUS]

A queue of three runs is damaged: bytes changed, files cut, removed or put in another's place, notes of places
overwritten. The next run must start, read what is whole, in order and each once, account for the rest, and take new
records.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["whyrst"]):
    from search import search

    from whyrst.agent.place import Place, Places
    from whyrst.agent.queue import LEAST, Queue
    from whyrst.agent.reader import Reader

RUNS = (3, 1, 40)
"""Records that each run wrote."""
OUTPUT = "out"


def line(number: int) -> bytes:
    """What the record of a number holds."""
    return b'{"n":%d,"x":"%s"}' % (number, b"y" * (number * 37 % 300))


def written(folder: Path) -> int:
    """Fill a queue; gives the number of the next record."""
    for count in RUNS:
        queue = Queue(folder, LEAST)
        queue.append([line(number) for number in range(queue.end, queue.end + count)])
        end = queue.end
        queue.close()
    Places(folder).note(OUTPUT, Place(2))
    return end


def damaged(choose: atheris.FuzzedDataProvider, folder: Path) -> None:
    """Do something to the files."""
    for _ in range(choose.ConsumeIntInRange(1, 6)):
        files = sorted(path for path in folder.iterdir() if path.name != "lock")
        path = files[choose.ConsumeIntInRange(0, len(files) - 1)]
        data = bytearray(path.read_bytes())
        at = choose.ConsumeIntInRange(0, len(data))
        match choose.ConsumeIntInRange(0, 5):
            case 0:
                data[at : at + choose.ConsumeIntInRange(0, 40)] = choose.ConsumeBytes(40)
            case 1:
                del data[at:]
            case 2:
                data += choose.ConsumeBytes(200)
            case 3:
                data[at:at] = files[choose.ConsumeIntInRange(0, len(files) - 1)].read_bytes()
            case 4 if len(files) > 1:
                path.unlink()
                continue
            case _:
                number = choose.ConsumeIntInRange(0, 60)
                path = folder / f"{number:020}.log"
        path.write_bytes(data)


def check(data: bytes) -> None:
    """Damage a queue, and start the agent's parts on it."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    written(FOLDER)
    damaged(atheris.FuzzedDataProvider(data), FOLDER)
    queue = Queue(FOLDER, LEAST)
    try:
        queue.start(Places(FOLDER).furthest())
        start = Places(FOLDER).read(OUTPUT, queue.begin, queue.end).next
        first = queue.end
        queue.append([b'{"new":%d}' % number for number in range(3)])
        read(queue, min(start, first), first)
    finally:
        queue.close()


def read(queue: Queue, start: int, first: int) -> None:
    """Read everything; what was written now must be there, and the numbers must add up."""
    reader, got = Reader(queue, start), []
    while batch := reader.take():
        got += batch
    reader.close()
    numbers = [record.number for record in got]
    assert numbers == sorted(set(numbers)), numbers
    assert [record.line for record in got[-3:]] == [b'{"new":%d}' % number for number in range(3)], got[-3:]
    assert numbers[-3:] == [first, first + 1, first + 2], numbers
    assert len(got) + reader.dropped + reader.damaged == queue.end - start, (len(got), reader.dropped, reader.damaged)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="whyrst-fuzz-") as made:
        FOLDER = Path(made) / "queue"
        search(check, [(f"edits-{k}", bytes(range(k, k + 48))) for k in range(40)])
