"""An iterator that runs ahead in a thread of its own, as far as a bound allows.

What takes long in it must leave the interpreter to others meanwhile, as the compiled loops, reads and decompressors do.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType
    from typing import Self

T = TypeVar("T")

GRACE = 1.0
"""Seconds that the thread has to end. A read of a pipe that nobody writes to may last; the process does not wait."""

LOOK = 0.1
"""Seconds of waiting after which something else may be done."""

SHARE = 0.0001
"""Seconds after which a thread that computes in Python lets another one have the interpreter; usually it is fifty
times as long. The other one needs it for a moment only, between two long calls that do without."""


@contextmanager
def sharing() -> Iterator[None]:
    """Let threads share the interpreter in small portions."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(SHARE)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


class _End(NamedTuple):
    """What comes behind the last item: the error that ended the iterator, if one did."""

    error: BaseException | None


class Ahead(Generic[T]):
    """The items of an iterator, made by another thread from now on.

    At most `most` items wait or are being made, and one is in its user's hands, so an iterator that fills the same
    `most` + 1 buffers in turn never touches one in use.
    """

    def __init__(self, items: Iterator[T], most: int, meanwhile: Callable[[], None] | None = None) -> None:
        """Start the thread.

        Args:
            items: Iterated by the thread alone.
            most: How many may be made before they are asked for.
            meanwhile: Called now and then while an item is waited for.
        """
        self._meanwhile = meanwhile
        self._made: SimpleQueue[tuple[T] | _End] = SimpleQueue()
        self._room: SimpleQueue[None] = SimpleQueue()
        self._over = False
        for _ in range(most):
            self._room.put(None)
        self._thread = Thread(target=self._run, args=(items,), name="whyrst-ahead", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> T:
        if self._over:
            raise StopIteration
        one = self._next()
        if isinstance(one, _End):
            self._over = True
            self._thread.join()
            if one.error is not None:
                raise one.error
            raise StopIteration
        self._room.put(None)
        return one[0]

    def close(self) -> None:
        """Let the thread end; what it made and nobody took is lost."""
        self._over = True
        self._room.put(None)
        self._thread.join(GRACE)

    def _next(self) -> tuple[T] | _End:
        """Wait for the next item."""
        if self._meanwhile is None:
            return self._made.get()
        while True:
            try:
                return self._made.get(timeout=LOOK)
            except Empty:
                self._meanwhile()

    def _run(self, items: Iterator[T]) -> None:
        """Make items until there are no more, or nobody wants them."""
        error = None
        try:
            while True:
                self._room.get()
                if self._over:
                    break
                self._made.put((next(items),))
        except StopIteration:
            pass
        except BaseException as caught:  # noqa: BLE001 - whoever takes the items must hear of it
            error = caught
        finally:
            close = getattr(items, "close", None)
            if close is not None:
                close()
            self._made.put(_End(error))
