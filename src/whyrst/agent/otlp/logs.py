"""The OTLP output: a batch is one request, and is delivered when the receiver said 200.

Halves are sent instead of a request that is too large. Of a request whose answer never came the receiver may have taken
all; it comes again with the same `log.record.uid`s.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.protobuf.message import DecodeError
from msgspec import structs
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse

from whyrst.agent.otlp.post import OK, TOO_LARGE
from whyrst.agent.output import Sent
from whyrst.reports.printable import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whyrst.agent.otlp.message import Messages
    from whyrst.agent.otlp.post import Answer, Post
    from whyrst.agent.place import Place
    from whyrst.agent.record import Record

SHOWN = 200
"""Characters of the receiver's words that are shown."""


class Logs:
    """Sends log records.

    Args:
        post: where to.
        messages: makes the requests.
    """

    def __init__(self, post: Post, messages: Messages) -> None:
        self._post = post
        self._messages = messages
        self._place: Place

    def open(self, place: Place) -> Place:
        """A connection is made when there is something to send; the receiver cannot be asked what it has."""
        self._place = place
        return place

    def send(self, records: Sequence[Record]) -> Sent:
        """Send log records until the receiver has taken or refused each."""
        refused, why = self._deliver(records)
        return Sent(structs.replace(self._place, next=records[-1].number + 1), refused, why)

    def close(self) -> None:
        """Close the connection."""
        self._post.close()

    def _deliver(self, records: Sequence[Record]) -> tuple[int, str]:
        answer = self._post.send(self._messages.request(records))
        if answer.status == OK:
            return _partial(answer, len(records))
        if answer.status == TOO_LARGE and len(records) > 1:
            half = len(records) // 2
            one, why = self._deliver(records[:half])
            other, also = self._deliver(records[half:])
            return one + other, why or also
        return len(records), f"{self._post.where}: {answer.status} {printable(answer.reason)[:SHOWN]}"


def _partial(answer: Answer, most: int) -> tuple[int, str]:
    """How many of a request the receiver rejected though it took the request (ExportLogsPartialSuccess)."""
    try:
        found = ExportLogsServiceResponse.FromString(answer.body).partial_success
    except DecodeError:  # 200 is what counts
        return 0, ""
    return min(max(found.rejected_log_records, 0), most), printable(found.error_message)[:SHOWN]
