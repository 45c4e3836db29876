"""The words a judge uses.

A judge yields signs: facts about all resets of a batch at once, each with a sentence for one reset. The words are
all that a judge says about weight; what they are worth is decided in `verdicts.weigh` alone.

- `needed`    the cause is impossible where the fact does not hold, and never certain where it is unknown
- `decides`   hardly any other cause shows it
- `supports`  speaks for the cause
- `hints`     speaks for it a little
- `doubts`    speaks a little against it where the fact holds
- `refutes`   speaks against it where the fact holds
- `excludes`  the cause is impossible where the fact holds
- `shows`     the kernel that sent the reset saw how it came about: the cause is right as far as it goes, whatever the
              wire of one place seemed to say; a cause that also tells why it was done so may still go before it
- `proves`    settles the cause where the fact holds: somebody saw it happen (the kernel that sent the reset, or
              captures of both ends), so that what the wire of one place seemed to say no longer counts
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from whyrst.resets.facts import Fact, as_fact

if TYPE_CHECKING:
    from whyrst.resets.facts import Mask


class Sign(NamedTuple):
    """One fact for or against a cause, over all resets of a batch.

    Attributes:
        word: one of the functions' names below.
        fact: whether it holds, per reset.
        says: the sentence for the case that it holds, with fields of `resets.text.FIELDS` in braces.
        otherwise: the sentence for the case that it does not hold; when empty, "not: " before `says`.
    """

    word: str
    fact: Fact
    says: str
    otherwise: str = ""


def needed(fact: Fact | Mask, says: str, otherwise: str = "") -> Sign:
    """The cause is impossible where this does not hold, and never certain where it is unknown."""
    return Sign("needed", as_fact(fact), says, otherwise)


def decides(fact: Fact | Mask, says: str, otherwise: str = "") -> Sign:
    """Hardly any other cause shows this."""
    return Sign("decides", as_fact(fact), says, otherwise)


def supports(fact: Fact | Mask, says: str, otherwise: str = "") -> Sign:
    """Speaks for the cause."""
    return Sign("supports", as_fact(fact), says, otherwise)


def hints(fact: Fact | Mask, says: str, otherwise: str = "") -> Sign:
    """Speaks for the cause a little."""
    return Sign("hints", as_fact(fact), says, otherwise)


def doubts(fact: Fact | Mask, says: str, otherwise: str = "") -> Sign:
    """Speaks a little against the cause where it holds."""
    return Sign("doubts", as_fact(fact), says, otherwise)


def refutes(fact: Fact | Mask, says: str, otherwise: str = "") -> Sign:
    """Speaks against the cause where it holds."""
    return Sign("refutes", as_fact(fact), says, otherwise)


def excludes(fact: Fact | Mask, says: str, otherwise: str = "") -> Sign:
    """The cause is impossible where it holds."""
    return Sign("excludes", as_fact(fact), says, otherwise)


def shows(fact: Fact | Mask, says: str, otherwise: str = "") -> Sign:
    """The kernel saw it come about so; why the program did it may have a name of its own."""
    return Sign("shows", as_fact(fact), says, otherwise)


def proves(fact: Fact | Mask, says: str, otherwise: str = "") -> Sign:
    """Settles the cause where it holds: the kernel, or captures of both ends, saw it happen."""
    return Sign("proves", as_fact(fact), says, otherwise)
