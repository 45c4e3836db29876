"""Who does the steps: this process, several of them, or a Dask cluster. A step is a plain function of plain values."""

from __future__ import annotations

import os
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Result = TypeVar("Result")

AHEAD = 4
"""Tasks per worker that are handed out at once: none waits for the next, and a million are not queued."""
PATIENCE = 10.0
"""Seconds to wait for a scheduler."""
NO_PROCESS = "worker processes cannot be started here; with --jobs 1 none is needed"


class WorkersError(Exception):
    """The workers failed, not a capture; one line for the user."""


class Workers(Protocol):
    """Runs one step for many tasks."""

    def each(self, step: Callable[..., Result], tasks: Iterable[tuple[Any, ...]]) -> Iterator[Result]:
        """Results, in the order in which they come.

        Raises:
            WorkersError: workers died, or cannot be reached.
        """


@contextmanager
def workers(cluster: str | None, jobs: int | None) -> Iterator[Workers]:
    """Have workers.

    Args:
        cluster: address of a Dask scheduler (`tcp://HOST:PORT`), or `local` for one of our own; None for processes.
        jobs: processes on this machine, as many as there are processors if not said.

    Raises:
        WorkersError: the cluster cannot be reached.
        ModuleNotFoundError: distributed is not installed.
    """
    count = jobs if jobs is not None else len(os.sched_getaffinity(0))
    if cluster is not None:
        with _dask(cluster, count) as found:
            yield found
    elif count == 1:
        yield Serial()
    else:
        with _processes(count) as found:
            yield found


class Serial:
    """This process."""

    def each(self, step: Callable[..., Result], tasks: Iterable[tuple[Any, ...]]) -> Iterator[Result]:
        """One after the other."""
        for task in tasks:
            yield step(*task)


@contextmanager
def _processes(count: int) -> Iterator[Workers]:
    from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
    from concurrent.futures.process import BrokenProcessPool
    from multiprocessing import get_context

    class Processes:
        def each(self, step: Callable[..., Result], tasks: Iterable[tuple[Any, ...]]) -> Iterator[Result]:
            coming = iter(tasks)
            try:
                running = {pool.submit(step, *task) for task in islice(coming, AHEAD * count)}
                while running:
                    done, running = wait(running, return_when=FIRST_COMPLETED)
                    running |= {pool.submit(step, *task) for task in islice(coming, len(done))}
                    for one in done:
                        yield one.result()
            except BrokenProcessPool:
                raise WorkersError("a worker process was killed; the next run goes on from here") from None
            except BrokenPipeError:  # to the new process, never that of the output
                raise WorkersError(NO_PROCESS) from None

    try:
        executor = ProcessPoolExecutor(count, mp_context=get_context("spawn"), initializer=_end_with_parent)
    except OSError:
        raise WorkersError(NO_PROCESS) from None
    with executor as pool:
        try:
            yield Processes()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _end_with_parent() -> None:
    """In a worker: end with the program that it works for; were that killed, it would wait for tasks for ever."""
    from multiprocessing import parent_process
    from threading import Thread

    def watch() -> None:
        parent = parent_process()
        assert parent is not None
        parent.join()
        os._exit(1)

    Thread(target=watch, daemon=True).start()


@contextmanager
def _dask(address: str, count: int) -> Iterator[Workers]:
    from importlib import import_module

    distributed: Any = import_module("distributed")  # it says that it has types, and most functions have none

    class Dask:
        def each(self, step: Callable[..., Result], tasks: Iterable[tuple[Any, ...]]) -> Iterator[Result]:
            coming = iter(tasks)
            several = AHEAD * max(sum(client.nthreads().values()), 1)
            running = distributed.as_completed(
                [client.submit(step, *task, pure=False) for task in islice(coming, several)]
            )
            for one in running:
                try:
                    yield one.result()
                except distributed.KilledWorker as error:
                    raise WorkersError(f"workers die of one task: {error}") from None
                for task in islice(coming, 1):
                    running.add(client.submit(step, *task, pure=False))

    try:
        if address == "local":
            cluster = distributed.LocalCluster(
                n_workers=count, threads_per_worker=1, dashboard_address=None, silence_logs=50
            )
        else:
            cluster = None
        client = distributed.Client(cluster if cluster is not None else address, timeout=PATIENCE)
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise WorkersError(f"{address}: the Dask scheduler cannot be reached: {reason}") from None
    try:
        yield Dask()
    finally:
        client.close()
        if cluster is not None:
            cluster.close()
