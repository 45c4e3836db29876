"""What a cause file says about itself, beside its manual and its judge."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, kw_only=True)
class Cause:
    """One root cause.

    Attributes:
        id: stable name, kebab-case; never used again for something else.
        title: one line, without a full stop.
        type: how it comes about: "active", "passive", "firewall", "forged" (or several, joined by "|").
        fix: what to do, a sentence or two.
        to_be_sure: what would settle it, with the command.
        rfc: clauses that ask for or allow this reset.
        kernel: kernel file: function -> function, condition.
        counter: kernel counter that rises, or None.
        reasons: kernel reset reasons (enum sk_rst_reason) that go with it.
        look_alikes: ids of causes that it is easily confused with; mutual.
        benign: nothing is wrong when this is the cause.
        wire: whether a capture alone can show it; False: only the kernel can, a capture names it as alternative.
        lab: lab scenario that reproduces it, or None.
        no_lab: why there can be no scenario, when lab is None.
        since: version of whyrst that knew it first.
        manual: the module's docstring; filled in by the package.
    """

    id: str
    title: str
    type: str
    fix: str
    to_be_sure: str
    rfc: tuple[str, ...]
    kernel: tuple[str, ...]
    counter: str | None = None
    reasons: tuple[str, ...] = ()
    look_alikes: tuple[str, ...] = ()
    benign: bool = False
    wire: bool = True
    lab: str | None = None
    no_lab: str | None = None
    since: str = "0.1"
    manual: str = ""

    @property
    def doc(self) -> str:
        """The manual."""
        return self.manual

    def with_manual(self, text: str) -> Cause:
        """The same cause with its manual."""
        return replace(self, manual=text)
