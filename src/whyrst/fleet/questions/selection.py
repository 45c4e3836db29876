"""Which verdicts a question is about."""

from __future__ import annotations

from dataclasses import dataclass

from whyrst.resets.text import iso


@dataclass(frozen=True)
class Selection:
    """Verdicts that have all of this; what is empty does not choose.

    Attributes:
        since: nanoseconds since 1970.
        until: nanoseconds since 1970, itself left out.
        causes: one of these causes.
        hosts: one of these addresses at either end.
        ports: one of these ports at either end.
        points: one of these capture points.
    """

    since: int | None = None
    until: int | None = None
    causes: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    points: tuple[str, ...] = ()

    def where(self) -> tuple[str, list[object]]:
        """A condition over the view `verdicts`, and the values that it asks for."""
        conditions, values = ["true"], list[object]()
        for sign, time in ((">=", self.since), ("<", self.until)):
            if time is not None:
                conditions.append(f"time {sign} CAST(? AS TIMESTAMPTZ_NS)")
                values.append(iso(time))
        for column, wanted in (("cause", self.causes), ("point", self.points)):
            if wanted:
                conditions.append(f"{column} IN ({', '.join('?' * len(wanted))})")
                values += wanted
        starts = [f"[{host}]:" if ":" in host else f"{host}:" for host in self.hosts]
        for test, parts in (("starts_with", starts), ("ends_with", [f":{port}" for port in self.ports])):
            if parts:
                ends = [f"{test}(connection.{end}, ?)" for end in ("client", "server") for _ in parts]
                conditions.append(f"({' OR '.join(ends)})")
                values += [*parts, *parts]
        return " AND ".join(conditions), values
