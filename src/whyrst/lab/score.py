"""Compares verdicts with the truth: which were right at a point of capture."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, NamedTuple

from whyrst.lab.network import LINKS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from whyrst.lab.truth import Record, Truth
    from whyrst.model import Verdict

    Key = tuple[frozenset[int], str]

HOSTS = {address: link.host for link in LINKS for address in link.near} | {
    address: "router" for link in LINKS for address in link.far
}


class Outcome(NamedTuple):
    """One verdict beside the truth.

    Attributes:
        scenario: its name.
        seed: of the run.
        where: "client", "router", "server", or a way to compare them: "all", "ends" ...
        frame: of the reset, in that capture; 0 when the reset was missed.
        cause: the true one; "none" when the scenario knows of no such reset.
        said: the verdict's; "missed" when there was none.
        confidence: the verdict's.
        right: whether the cause is one that may be said there.
        mechanism_right: whether the mechanism is the true one.
        how: what the scenario did.
        origin: host that made it; empty where no captures were compared.
        origin_said: the verdict's.
        origin_right: whether it is that host, or the two places around it.
    """

    scenario: str
    seed: int
    where: str
    frame: int
    cause: str
    said: str
    confidence: str
    right: bool
    mechanism_right: bool
    how: str
    origin: str = ""
    origin_said: str = ""
    origin_right: bool | None = None


class Seen(NamedTuple):
    """A verdict and the truth about its reset; None when the scenario knows of no such reset."""

    verdict: Verdict
    truth: Truth | None


def compare(record: Record, where: str, verdicts: Iterable[Verdict]) -> tuple[list[Outcome], list[Seen]]:
    """Outcomes of one capture, one per verdict."""
    seen = list(match(record, verdicts))
    return [outcome(record, where, one) for one in seen], seen


def match(record: Record, verdicts: Iterable[Verdict]) -> Iterator[Seen]:
    """The truth beside each verdict."""
    counts: Counter[Key] = Counter()
    for verdict in verdicts:
        key = key_of(record, verdict.reset.source, verdict.reset.destination)
        counts[key] += 1
        yield Seen(verdict, _truth(record.resets, key, counts[key]))


def missed(record: Record, seen: Iterable[Seen], where: str = "all") -> list[Outcome]:
    """Resets that were made and have no verdict; a reset need not pass every point of capture.

    Args:
        record: of the run.
        seen: verdicts of all points of capture.
        where: name of the outcomes.
    """
    told = {id(one.truth) for one in seen}
    return [
        Outcome(record.scenario, record.seed, where, 0, truth.cause, "missed", "undetermined", False, False, truth.how)
        for truth in record.resets
        if id(truth) not in told and not truth.may_be_unseen
    ]


def key_of(record: Record, source: str, destination: str) -> Key:
    """Ports and sending host of a reset, as its truth names them, on whatever side of an address translation.

    Args:
        record: of the run.
        source: ip:port of the reset.
        destination: likewise.
    """
    address, port = source.rsplit(":", 1)
    address = address.strip("[]")
    key = frozenset((int(port), int(destination.rsplit(":", 1)[1]))), HOSTS.get(address, address)
    for truth in record.resets:
        if any((frozenset(ports), sender) == key for ports, sender in truth.elsewhere):
            return frozenset(truth.ports), truth.sender
    return key


def _truth(truths: tuple[Truth, ...], key: Key, nth: int) -> Truth | None:
    fitting = [t for t in truths if frozenset(t.ports) == key[0] and t.sender == key[1]]
    exact = [t for t in fitting if t.nth == nth]
    return next(iter(exact or [t for t in fitting if t.nth is None]), None)


def outcome(record: Record, where: str, one: Seen, accept: Iterable[str] | None = None) -> Outcome:
    """A verdict beside the truth.

    Args:
        record: of the run.
        where: point of capture, or way to compare.
        one: the verdict and the truth.
        accept: ids that are right; None for those of the truth at this point of capture.
    """
    verdict, truth = one
    if truth is None:
        return Outcome(record.scenario, record.seed, where, verdict.frame, "none", verdict.cause, verdict.confidence,
                       False, False, "the scenario knows of no such reset")  # fmt: skip
    return Outcome(
        record.scenario, record.seed, where, verdict.frame, truth.cause, verdict.cause, verdict.confidence,
        verdict.cause in (truth.accept[where] if accept is None else accept),
        verdict.reset.mechanism == truth.mechanism, truth.how,
    )  # fmt: skip


class Share(NamedTuple):
    """How many of how many."""

    right: int
    all: int

    def __str__(self) -> str:
        return f"{self.right}/{self.all} = {100 * self.right / self.all:.1f} %" if self.all else "-"


def shares(outcomes: Iterable[Outcome], by: Callable[[Outcome], object]) -> dict[object, Share]:
    """Right answers among all, for each value of a key."""
    counts: dict[object, list[int]] = defaultdict(lambda: [0, 0])
    for one in outcomes:
        counts[by(one)][0] += one.right
        counts[by(one)][1] += 1
    return {key: Share(*pair) for key, pair in sorted(counts.items(), key=lambda item: str(item[0]))}
