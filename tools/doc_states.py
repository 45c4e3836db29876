"""The page about the tracker's states: a picture and a table, both from the one table that decides them."""

from __future__ import annotations

from whyrst.connections.states import TRANSITIONS, Event, State

START = """# States

The tracker follows both ends of a connection by the table below (`src/whyrst/connections/states.py`), which holds the
states of [RFC 9293 section 3.3.2](https://www.rfc-editor.org/rfc/rfc9293#section-3.3.2) as far as a capture shows them.
Both ends follow the same table. An event is a segment that passed the point of capture, and a segment that stands in no
row for a state does not change it.

RESET is CLOSED by a reset, kept apart because such an end is not an orderly one. "Midstream" is data or an ACK of a
connection whose beginning was not captured.
"""

SIDES = {"S": "sends", "R": "gets"}


def states_page() -> str:
    """The page."""
    return "\n".join([START, "```mermaid", *_picture(), "```", "", *_table(), ""])


def _picture() -> list[str]:
    """A Mermaid state diagram; events that lead from one state to the same other one share an arrow."""
    lines = ["stateDiagram-v2", f"  [*] --> {State.CLOSED.name}"]
    for state, row in TRANSITIONS.items():
        arrows: dict[State, list[str]] = {}
        for event, target in row.items():
            arrows.setdefault(target, []).append(_words(event))
        lines += [f"  {state.name} --> {target.name}: {', '.join(words)}" for target, words in arrows.items()]
    return lines


def _table() -> list[str]:
    """One row per state, one column per event."""
    lines = ["| state | " + " | ".join(_words(event) for event in Event) + " |", "|---" * (len(Event) + 1) + "|"]
    for state in State:
        row = TRANSITIONS[state]
        cells = (_name(row[event]) if event in row else "" for event in Event)
        lines.append(f"| {_name(state)} | " + " | ".join(cells) + " |")
    return lines


def _name(state: State) -> str:
    return state.name.replace("_", "-")


def _words(event: Event) -> str:
    """An event as a reader says it: S_SYN_ACK is "sends SYN-ACK"."""
    side, _, what = event.name.partition("_")
    if side not in SIDES:
        return event.name.lower()
    spoken = what.replace("SYN_ACK", "SYN-ACK").replace("_OF_", " of ").replace("_CROSSING", " (crossing)")
    return f"{SIDES[side]} {spoken.replace('_', ' ')}"
