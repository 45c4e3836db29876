"""What the agent is told: by a file (TOML), the command line, and for OpenTelemetry the usual variables."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta, Struct, structs

if TYPE_CHECKING:
    from collections.abc import Mapping

SIZE = re.compile(r"(\d{1,15})([KMGT]?)B?", re.IGNORECASE)
UNITS = {"": 0, "K": 10, "M": 20, "G": 30, "T": 40}
NAME = r"^[a-z0-9][a-z0-9_-]{0,31}$"
"""Names of outputs stand in metrics and in names of files."""
TOPIC = r"^[A-Za-z0-9._-]{1,249}$"
DEFAULT_FOLDER = Path("/var/lib/whyrst/agent")
PATH = "/v1/logs"
RATE = 200
"""Resets a second and kind that get a verdict each; of a storm the rest is counted."""

Name = Annotated[str, Meta(pattern=NAME)]


class SettingsError(ValueError):
    """What cannot be understood; the message says where."""


class _Strict(Struct, frozen=True, forbid_unknown_fields=True):
    """A misspelt name is an error, never ignored."""


class Otlp(_Strict, frozen=True):
    """An OpenTelemetry receiver."""

    url: str
    name: Name | None = None


class Kafka(_Strict, frozen=True):
    """A topic."""

    brokers: str
    topic: Annotated[str, Meta(pattern=TOPIC)]
    name: Name | None = None
    settings: dict[str, str] = {}


class File(_Strict, frozen=True):
    """A file that is rotated."""

    path: str
    name: Name | None = None
    size: str | int = "100M"
    count: Annotated[int, Meta(ge=1, le=1000)] = 10


class Prometheus(_Strict, frozen=True):
    """Where metrics are served."""

    address: str


class Queue(_Strict, frozen=True):
    """Where verdicts wait."""

    folder: str | None = None
    size: str | int = "256M"


class Settings(_Strict, frozen=True):
    """Everything."""

    filter: str = ""
    pids: tuple[int, ...] = ()
    comms: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()
    netns: str | None = None
    cgroup: str | None = None
    sent: bool = False
    received: bool = False
    rate: Annotated[int, Meta(ge=1, le=10_000)] = RATE
    prometheus: Prometheus | None = None
    queue: Queue = Queue()
    otlp: tuple[Otlp, ...] = ()
    kafka: tuple[Kafka, ...] = ()
    file: tuple[File, ...] = ()

    def outputs(self) -> dict[str, Otlp | Kafka | File]:
        """Outputs that deliver from the queue, by name.

        Raises:
            SettingsError: two have one name, or write one file.
        """
        named: dict[str, Otlp | Kafka | File] = {}
        several: tuple[tuple[str, tuple[Otlp | Kafka | File, ...]], ...] = (
            ("otlp", self.otlp),
            ("kafka", self.kafka),
            ("file", self.file),
        )
        for kind, outputs in several:
            for number, output in enumerate(outputs, 1):
                name = output.name or (kind if number == 1 else f"{kind}-{number}")
                if name in named:
                    raise SettingsError(f"two outputs are called {name!r}")
                named[name] = output
        paths = [os.path.realpath(one.path) for one in self.file]
        for number, path in enumerate(paths):
            if path in paths[:number]:
                raise SettingsError(f"two outputs write {self.file[number].path}")
        return named


def read(path: str) -> Settings:
    """The settings of a file.

    Raises:
        SettingsError: it cannot be read, is no TOML, or a value does not fit.
    """
    try:
        found = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        settings = msgspec.convert(found, Settings)
        for size in (settings.queue.size, *(one.size for one in settings.file)):
            bytes_of(size)
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:  # of TOML, of UTF-8, or a value
        raise SettingsError(f"{path}: {error}") from error
    return settings


def bytes_of(size: str | int) -> int:
    """A number of bytes; K, M, G and T are powers of 1024.

    >>> bytes_of("256M"), bytes_of("10k"), bytes_of(5)
    (268435456, 10240, 5)

    Raises:
        SettingsError: it is none.
    """
    found = SIZE.fullmatch(str(size).strip())
    if found is None or not int(found[1]):
        raise SettingsError(f"{size!r} is no size such as 256M")
    return int(found[1]) << UNITS[found[2].upper()]


def kafka(text: str) -> Kafka:
    """BROKERS/TOPIC.

    Raises:
        SettingsError: it has another form.
    """
    brokers, slash, topic = text.rpartition("/")
    if not slash or not brokers or not re.fullmatch(TOPIC, topic):
        raise SettingsError(f"{text!r} is not BROKERS/TOPIC")
    return Kafka(brokers, topic)


def with_endpoint(settings: Settings, environment: Mapping[str, str]) -> Settings:
    """With the receiver that OpenTelemetry's variables name, if no other is asked for.

    The one for logs is taken as it is; to the general one, `PATH` is added (OTLP exporter specification).
    """
    if settings.otlp:
        return settings
    url = environment.get("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "")
    if not url and (base := environment.get("OTEL_EXPORTER_OTLP_ENDPOINT", "")):
        url = base.rstrip("/") + PATH
    return structs.replace(settings, otlp=(Otlp(url),)) if url else settings


def queue_folder(settings: Settings, environment: Mapping[str, str]) -> Path:
    """Where the queue is: as asked for, or where systemd says that a service keeps its state (systemd.exec(5))."""
    if settings.queue.folder:
        return Path(settings.queue.folder)
    state = environment.get("STATE_DIRECTORY", "").partition(":")[0]
    return Path(state) if state else DEFAULT_FOLDER
