"""What `whyrst agent` does once its options are understood."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import closing, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from whyrst.agent.delivery import Delivery
from whyrst.agent.metrics import exposition
from whyrst.agent.notify import Notify
from whyrst.agent.outputs import load, make
from whyrst.agent.place import Places
from whyrst.agent.queue import Queue, QueueError
from whyrst.agent.service import Service
from whyrst.agent.settings import SettingsError, bytes_of, queue_folder
from whyrst.agent.source import Replay, Watching
from whyrst.cli.ending import ending
from whyrst.cli.status import printed, say
from whyrst.kernel import privileges
from whyrst.kernel.libbpf import BpfError
from whyrst.kernel.namespaces import Namespaces
from whyrst.kernel.recorded import RecordError
from whyrst.trace import prometheus
from whyrst.trace.counts import Counts
from whyrst.trace.live import CountingTracer, Live
from whyrst.trace.live import load as load_judges
from whyrst.trace.watch import Watch, counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import ExitStack
    from types import FrameType

    from whyrst.agent.settings import File, Kafka, Otlp, Settings
    from whyrst.agent.source import Source
    from whyrst.trace.selection import Selection


class Wanted(NamedTuple):
    """What the user asked for."""

    settings: Settings
    outputs: dict[str, Otlp | Kafka | File]
    selection: Selection
    replay: str | None


def agent(stack: ExitStack, wanted: Wanted) -> None:
    """Deliver verdicts until the end comes.

    Args:
        stack: closes what is opened.
        wanted: what the user asked for.

    Raises:
        click.ClickException: it cannot begin.
    """
    notify = stack.enter_context(closing(Notify(os.environ, os.getpid())))
    try:
        load(wanted.outputs.values())
    except ModuleNotFoundError as error:
        raise click.ClickException(f"a library is missing ({error.name}): pip install 'whyrst[agent]'") from error
    folder = queue_folder(wanted.settings, os.environ)
    source, resets = _source(stack, wanted)
    deliveries: list[Delivery] = []
    queue: Queue | None = None
    metrics = _metrics(wanted.settings, lambda: exposition(version("whyrst"), queue, deliveries) + resets())
    if wanted.replay is None:
        _drop(folder if wanted.outputs else None)
    renew = _Renew()
    if wanted.outputs:
        try:
            queue = Queue(folder, bytes_of(wanted.settings.queue.size))
            deliveries += _deliveries(wanted, queue, renew)
        except (QueueError, SettingsError) as error:
            raise click.ClickException(printed(str(error))) from error
    if metrics is not None:
        stack.enter_context(metrics)
    where = f", {', '.join(wanted.outputs)} from the queue {folder}" if wanted.outputs else ""
    say(printed(f"delivering{where}" if wanted.replay else f"tracing{where}; SIGTERM ends"))
    with ending(None) as end, renew.on_hangup(notify):
        try:
            Service(source, queue, deliveries, notify, lambda line: say(printed(line))).run(end.wait)
        except (RecordError, OSError) as error:
            raise click.ClickException(str(error)) from error


def _source(stack: ExitStack, wanted: Wanted) -> tuple[Source, Callable[[], str]]:
    """Where verdicts come from, and the metrics of it."""
    if wanted.replay is not None:
        if not Path(wanted.replay).is_file():
            raise click.BadParameter(f"{wanted.replay} is no file", param_hint="--replay")
        return Replay(wanted.replay, wanted.selection), str
    load_judges()
    netns = wanted.selection.netns
    before = counted(Namespaces())
    try:
        tracer = stack.enter_context(CountingTracer(Counts(), rate=wanted.settings.rate, netns=netns))
    except BpfError as error:
        raise click.ClickException(str(error)) from error
    watch = stack.enter_context(closing(Watch(tracer, before, [netns] if netns else [])))
    live = Live(tracer, watch, wanted.selection)
    source = Watching(live, wanted=bool(wanted.outputs))
    return source, lambda: prometheus.exposition(live.counts, tracer.totals())


def _metrics(settings: Settings, page: Callable[[], str]) -> prometheus.Metrics | None:
    """The server of metrics, listening but not answering yet."""
    if settings.prometheus is None:
        return None
    where = settings.prometheus.address
    try:
        metrics = prometheus.Metrics(where, page)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--prometheus") from error
    except OSError as error:
        raise click.BadParameter(f"{where}: {error.strerror}", param_hint="--prometheus") from error
    say(f"metrics at port {metrics.port}, {prometheus.PATH}")
    return metrics


def _drop(folder: Path | None) -> None:
    """Give up privileges, and with sudo become the user who called it, to whom a folder that is made now belongs.

    The queue and the files are opened afterwards: what this user may not do fails at once, not at the first rotation.
    """
    user = privileges.sudo_user()
    if folder is not None and not folder.exists():
        try:
            folder.mkdir(mode=0o700, parents=True)
            if user is not None:
                os.chown(folder, *user)
        except OSError as error:
            raise click.ClickException(printed(f"{folder}: {error.strerror}")) from error
    privileges.drop(privileges.kept(privileges.held()), user)


def _deliveries(wanted: Wanted, queue: Queue, renew: _Renew) -> list[Delivery]:
    places = Places(queue.folder)
    queue.start(places.furthest())

    def tell(line: str) -> None:
        say(printed(line))

    return [
        Delivery(name, make(one, queue.id, os.environ, renew.event), queue, places, tell)
        for name, one in wanted.outputs.items()
    ]


class _Renew:
    """SIGHUP: files are opened again."""

    def __init__(self) -> None:
        self._events: list[threading.Event] = []

    def event(self) -> threading.Event:
        """One that is set at SIGHUP."""
        self._events.append(threading.Event())
        return self._events[-1]

    @contextmanager
    def on_hangup(self, notify: Notify) -> Iterator[None]:
        """Obey the signal."""

        def note(_: int, __: FrameType | None) -> None:
            notify.reloading()
            for event in self._events:
                event.set()
            notify.ready("tracing")

        before = signal.signal(signal.SIGHUP, note)
        try:
            yield
        finally:
            signal.signal(signal.SIGHUP, before)
