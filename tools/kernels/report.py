"""What a boot told, as a table, and what is wrong with it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kernels.machine import Outcome

NEEDED = ("send_reset", "set_state")
"""Probes without which a reset cannot be explained."""
SURE = frozenset({"certain", "likely"})
_LOG_SHOWN = 30


@dataclass
class Table:
    """What whyrst said in one kernel.

    Attributes:
        release: what `uname -r` says.
        seconds: from the start of the emulator to its end.
        probes: `probe` lines of the script.
        resets: its `reset` lines.
        wrong: what is not as it must be; empty when all is well.
        other: what the script printed besides, a traceback for instance.
    """

    release: str
    seconds: float
    probes: list[dict[str, Any]] = field(default_factory=list)
    resets: list[dict[str, Any]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    other: list[str] = field(default_factory=list)


def read(release: str, outcome: Outcome) -> Table:
    """Reads what the script said, and judges it."""
    table = Table(release, outcome.seconds)
    scenarios: list[str] = []
    counted: dict[str, int] = {}
    for line in outcome.said.splitlines():
        try:
            told = json.loads(line)
            what = told.pop("what")
        except (ValueError, KeyError, AttributeError, TypeError):
            table.other.append(line)
            continue
        if what == "probe":
            table.probes.append(told)
        elif what == "reset":
            table.resets.append(told)
        elif what == "scenario":
            scenarios.append(told["name"])
        elif what == "counted":
            counted = told
    if outcome.status != 0:
        table.wrong.append("it did not end in time" if outcome.status is None else f"exit status {outcome.status}")
        table.other += outcome.log.splitlines()[-_LOG_SHOWN:]
        return table
    table.wrong += _wrong_probes(table.probes) + _wrong_counts(counted)
    for name in scenarios:
        table.wrong += _wrong_verdicts(name, [reset for reset in table.resets if reset["scenario"] == name])
    return table


def expected(scenario: str) -> str:
    """The cause that a scenario's reset must be given: its name up to a comma."""
    return scenario.partition(",")[0]


def _wrong_probes(probes: list[dict[str, Any]]) -> list[str]:
    running = {probe["name"] for probe in probes if probe["programs"]}
    return [f"{name} does not run" for name in NEEDED if name not in running]


def _wrong_counts(counted: dict[str, int]) -> list[str]:
    if len(set(counted.values())) == 1:
        return []
    said = ", ".join(f"{name} {number}" for name, number in counted.items()) or "none"
    return [f"counts of resets sent differ: {said}"]


def _wrong_verdicts(scenario: str, resets: list[dict[str, Any]]) -> list[str]:
    """One reset is sent, surely explained; whoever gets it may be less sure, but not surely wrong."""
    wrong = []
    sent = [reset for reset in resets if reset["kind"] == "sent"]
    if len(sent) != 1:
        wrong.append(f"{scenario}: {len(sent)} resets sent")
    for reset in resets:
        right = reset["cause"] == expected(scenario)
        unsure = reset["kind"] == "sent" and reset["confidence"] not in SURE
        if unsure or (not right and (reset["kind"] == "sent" or reset["confidence"] == "certain")):
            wrong.append(f"{scenario}: {reset['kind']}, {reset['cause']} {reset['confidence']}")
    return wrong


def text(table: Table) -> str:
    """One kernel's part: probes, then a line for each reset."""
    lines = [f"{table.release}  ({table.seconds:.0f} s)"]
    for probe in table.probes:
        programs = " ".join(probe["programs"]) or "-"
        lines.append(f"  probe {probe['name']:14} {programs}")
        if probe["misses"]:
            lines.append(f"        {'':14} {probe['misses']}")
    lines += [
        f"  {told['scenario']:24} {told['kind']:9} {told['cause']:24} {told['confidence']:13} {told['reason'] or '-'}"
        for told in table.resets
    ]
    lines += [f"  WRONG {said}" for said in table.wrong]
    if table.wrong:
        lines += [f"  | {line}" for line in table.other]
    return "\n".join(lines)


def summary(tables: list[Table]) -> str:
    """The last lines: each kernel, right or not."""
    right = sum(not table.wrong for table in tables)
    lines = [f"{t.release:32} {f'{len(t.wrong)} wrong' if t.wrong else 'all as it must be'}" for t in tables]
    return "\n".join([*lines, f"{right} passed, {len(tables) - right} failed"])
