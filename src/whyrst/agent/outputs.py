"""The outputs that settings ask for. Their libraries are imported only then."""

from __future__ import annotations

import codecs
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from whyrst.agent.settings import File, Kafka, Otlp, SettingsError, bytes_of

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterable, Mapping

    from whyrst.agent.output import Output

OTEL = "OTEL_EXPORTER_OTLP"
KAFKA = "WHYRST_KAFKA_"
TIMEOUT = 10_000
"""Milliseconds that OpenTelemetry's receivers have, unless the environment says otherwise."""


def load(wanted: Iterable[Otlp | Kafka | File]) -> None:
    """Import what these outputs need, before privileges are dropped: who we become may not be allowed to read it.

    Raises:
        ModuleNotFoundError: a library is missing.
    """
    modules = {Otlp: ("otlp.logs", "otlp.message", "otlp.post"), Kafka: ("kafka",), File: ("file",)}
    for one in wanted:
        for name in modules[type(one)]:
            import_module(f"whyrst.agent.{name}")
    codecs.lookup("idna")  # with which names of hosts are looked up


def make(
    wanted: Otlp | Kafka | File, queue: str, environment: Mapping[str, str], renew: Callable[[], threading.Event]
) -> Output:
    """An output that was not opened yet.

    Args:
        wanted: what was asked for.
        queue: id of the queue.
        environment: variables, with secrets among them.
        renew: gives an event that is set when files are to be opened again.

    Raises:
        SettingsError: it can never work.
        ModuleNotFoundError: its library is missing.
    """
    if isinstance(wanted, Otlp):
        return _otlp(wanted, queue, environment)
    if isinstance(wanted, Kafka):
        return _kafka(wanted, queue, environment)
    from whyrst.agent.file import Files
    from whyrst.agent.rotated import Rotated

    try:
        Rotated(Path(wanted.path), bytes_of(wanted.size), wanted.count).close()
    except OSError as error:
        raise SettingsError(f"{wanted.path}: {error.strerror}") from error
    return Files(Path(wanted.path), bytes_of(wanted.size), wanted.count, queue, renew())


def _otlp(wanted: Otlp, queue: str, environment: Mapping[str, str]) -> Output:
    from whyrst.agent.otlp.logs import Logs
    from whyrst.agent.otlp.message import Messages, pairs, version
    from whyrst.agent.otlp.post import Post, Security

    def value(name: str, default: str = "") -> str:
        return environment.get(f"{OTEL}_LOGS_{name}") or environment.get(f"{OTEL}_{name}") or default

    timeout, compression = value("TIMEOUT", str(TIMEOUT)), value("COMPRESSION", "gzip")
    if not timeout.isdecimal() or not int(timeout):
        raise SettingsError(f"{OTEL}_TIMEOUT: {timeout!r} is no number of milliseconds")
    if compression not in {"gzip", "none"}:
        raise SettingsError(f"{OTEL}_COMPRESSION: {compression!r} is neither gzip nor none")
    security = Security(value("CERTIFICATE"), value("CLIENT_CERTIFICATE"), value("CLIENT_KEY"))
    headers = {"User-Agent": f"whyrst/{version()}"}
    for name in (f"{OTEL}_HEADERS", f"{OTEL}_LOGS_HEADERS"):
        headers |= pairs(environment.get(name, ""))
    try:
        post = Post(wanted.url, headers, int(timeout) / 1000, compress=compression == "gzip", security=security)
    except ValueError as error:
        raise SettingsError(str(error)) from error
    return Logs(post, Messages(queue, environment))


def _kafka(wanted: Kafka, queue: str, environment: Mapping[str, str]) -> Output:
    from whyrst.agent.kafka import Topic

    secret = {
        name.removeprefix(KAFKA).lower().replace("_", "."): value
        for name, value in environment.items()
        if name.startswith(KAFKA)
    }
    try:
        return Topic(wanted.brokers, wanted.topic, wanted.settings | secret, queue)
    except ValueError as error:
        raise SettingsError(f"{wanted.topic}: {error}") from error
