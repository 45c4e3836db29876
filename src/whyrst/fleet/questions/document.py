"""Answers for other programs: JSON documents, and CSV with one header line."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

from whyrst.fleet.questions.period import SECOND, start
from whyrst.fleet.questions.spikes import too_short
from whyrst.reports.flat import field
from whyrst.reports.printable import printable_json
from whyrst.resets.text import iso

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from whyrst.fleet.questions.fresh import Fresh
    from whyrst.fleet.questions.keys import Key
    from whyrst.fleet.questions.spikes import Spike
    from whyrst.fleet.questions.top import Top
    from whyrst.fleet.questions.trend import Trend

Cell = str | int | float | bool | None


def top_document(answer: Top) -> dict[str, Any]:
    """The rows, and what they are a part of."""
    rows = [
        {
            **_keyed(answer.by, row.key),
            "resets": row.resets,
            "share": row.resets / answer.resets,
            "connections": row.connections,
            "harmful": row.harmful,
            "first": iso(row.first),
            "last": iso(row.last),
        }
        for row in answer.rows
    ]
    return {
        "by": answer.by,
        "resets": answer.resets,
        "keys": answer.keys,
        "first": _time(answer.first),
        "last": _time(answer.last),
        "rows": rows,
    }


def top_rows(answer: Top) -> Iterable[Sequence[Cell]]:
    """The same as rows, names first."""
    yield [*answer.by, "resets", "connections", "harmful", "first", "last"]
    for row in answer.rows:
        yield [*row.key, row.resets, row.connections, row.harmful, iso(row.first), iso(row.last)]


def trend_document(answer: Trend) -> dict[str, Any]:
    """Everything that the text says."""
    cut, whole = answer.buckets, answer.whole
    watched = set(cut.watched_at(cut.watched))
    buckets = [
        {
            "start": iso(start(number, cut.step)),
            "captured": number in watched,
            "resets": whole.resets.get(number, 0) if whole else 0,
            "harmful": whole.harmful.get(number, 0) if whole else 0,
        }
        for number in cut.numbers
    ]
    lines = [
        {**_keyed(answer.by, one.key), "resets": one.total, "counts": [one.resets.get(n, 0) for n in cut.numbers]}
        for one in answer.lines
    ]
    return {
        "every": cut.step / SECOND,
        "by": answer.by,
        "resets": whole.total if whole else 0,
        "buckets": buckets,
        "rows": lines,
        "new": _new(answer.fresh),
        "spikes": None if too_short(cut) is not None else [_spike(one, cut.step) for one in answer.spikes],
        "more_spikes": answer.more_spikes,
    }


def trend_rows(answer: Trend) -> Iterable[Sequence[Cell]]:
    """Resets of each key in each bucket; those in which its capture points were not watched are left out."""
    cut = answer.buckets
    yield ["start", *answer.by, "resets", "harmful"]
    for one in answer.lines:
        for number in cut.watched_at(one.points):
            when = iso(start(number, cut.step))
            yield [when, *one.key, one.resets.get(number, 0), one.harmful.get(number, 0)]


def json_bytes(document: Any) -> bytes:
    """A document that nothing in a terminal acts on."""
    return printable_json(json.dumps(document, ensure_ascii=False).encode()) + b"\n"


def csv_bytes(rows: Iterable[Sequence[Cell]]) -> bytes:
    """Rows as RFC 4180 has them, in which nothing is a formula."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([field(cell) for cell in row] for row in rows)
    return text.getvalue().encode()


def _new(fresh: Fresh) -> dict[str, Any]:
    return {
        "since": iso(fresh.since),
        "history": fresh.history / SECOND if fresh.history is not None else None,
        "points": fresh.points,
        "found": [
            {"by": one.by, **_keyed(one.by, one.key), "resets": one.resets, "first": iso(one.first)}
            for one in fresh.found
        ],
        "more": [{"by": by, "keys": more} for by, more in (fresh.more or {}).items() if more],
    }


def _spike(spike: Spike, step: int) -> dict[str, Any]:
    return {
        "by": spike.by,
        **_keyed(spike.by, spike.key),
        "start": iso(start(spike.first, step)),
        "end": iso(start(spike.last + 1, step)),
        "peak": spike.peak,
        "median": spike.median,
        "mad": spike.deviation,
        "limit": spike.limit,
        "earlier": spike.earlier,
        "against": "same time of day" if spike.usual else "all earlier",
    }


def _keyed(by: Sequence[str], key: Key) -> dict[str, Any]:
    return dict(zip(by, key, strict=True))


def _time(time: int | None) -> str | None:
    return None if time is None else iso(time)
