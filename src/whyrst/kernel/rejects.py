"""Rules of this host's packet filter that answer with a TCP reset, and their counters.

A helper lists the rules: a shell that is started before privileges are given up and keeps CAP_NET_ADMIN, without which
the kernel shows no rules, and CAP_NET_RAW, which iptables-legacy-save asks for. It lists when it is asked, changes
nothing, and ends with its standard input, that is with us, however we end.
"""

from __future__ import annotations

import os
import re
import select
import subprocess
import time
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from whyrst.kernel import privileges
from whyrst.kernel.event import Reject

if TYPE_CHECKING:
    from collections.abc import Iterator

END, UNREADABLE = "# end of rules", "# no rules are shown"
SCRIPT = f"""
PATH=$PATH:/usr/sbin:/sbin
legacy() {{ [ -z "$(cat "/proc/net/$1" 2>/dev/null)" ] || {{ echo "# $2"; "$2" -c 2>/dev/null; }} }}
while read -r _; do
    nft -a -t list ruleset 2>/dev/null || echo "{UNREADABLE}"
    legacy ip_tables_names iptables-legacy-save
    legacy ip6_tables_names ip6tables-legacy-save
    echo "{END}"
done
"""
"""iptables-legacy-save only where such tables exist: it would load its modules."""
BLOCK = re.compile(r"^(?P<kind>table|chain|counter) (?P<name>.+?) \{ # handle \d+$")
RULE = re.compile(r"^(?P<text>.*\breject with tcp reset\b.*) # handle (?P<handle>\d+)$")
COUNTER = re.compile(r"\s*\bcounter packets (?P<packets>\d+) bytes \d+")
NAMED = re.compile(r"\s*\bcounter name \"?(?P<name>[^\s\"]+)\"?")
PACKETS = re.compile(r"^packets (?P<packets>\d+) bytes")
QUOTED = re.compile(r'"[^"]*"')
LEGACY = re.compile(r"^\[(?P<packets>\d+):\d+\] (?P<text>-A .*--reject-with tcp-reset.*)$")
PROGRAM = re.compile(r"^# (?P<name>ip6?tables)-legacy-save$")
START = 2.0
"""Seconds that the first list may take."""
EVERY = 0.25
"""Seconds between two lists."""
FRESH, LEISURE = 10, 200
"""A list is renewed after 10 s, or 200 times the time that it takes to list the rules."""
LISTS = 64
"""Lists that are remembered."""
SECOND = 1_000_000_000


class _List(NamedTuple):
    """Rules at one time.

    Attributes:
        asked: ns since 1970; what happened before is counted in it.
        came: ns since 1970; what happens later is not.
        rules: packets that each rule counted, None without a counter.
    """

    asked: int
    came: int
    rules: dict[str, int | None]


class Rules:
    """The rules of the calling thread's network namespace, over time.

    Attributes:
        missing: why no rules are shown; empty when they are.
    """

    def __init__(self) -> None:
        self.missing = ""
        self._lists: deque[_List] = deque(maxlen=LISTS)
        self._text = b""
        self._asked = 0
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self._process = subprocess.Popen(  # noqa: S603 - no shell text but ours
                ("/bin/sh", "-c", SCRIPT), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                start_new_session=True, preexec_fn=_only_rules,  # noqa: PLW1509 - system calls only
            )  # fmt: skip
        except FileNotFoundError:  # a container with one program
            self.missing = "there is no shell to list them with"
            return
        assert self._process.stdout is not None, "a pipe was asked for"
        os.set_blocking(self._process.stdout.fileno(), False)
        self.ask()
        limit = time.monotonic() + START
        while self._asked and time.monotonic() < limit:
            select.select([self._process.stdout], [], [], START)
            self.poll()
        if not self._lists and not self.missing:
            self.missing = "nft did not answer"

    def ask(self) -> None:
        """Ask for a new list, unless one is on its way or came a moment ago."""
        now = time.time_ns()
        if self._asked or (self._lists and now - self._lists[-1].came < EVERY * SECOND) or self.missing:
            return
        assert self._process is not None, "it began, or something is missing"
        assert self._process.stdin is not None, "a pipe was asked for"
        try:
            self._process.stdin.write(b"\n")
            self._process.stdin.flush()
            self._asked = now
        except OSError:
            self.missing = "the helper that lists rules has ended"

    def renew(self) -> None:
        """Ask for a new list when the latest is old, so that a counter's rise belongs to a short time."""
        if self._lists:
            last = self._lists[-1]
            if time.time_ns() - last.came > max(FRESH * SECOND, LEISURE * (last.came - last.asked)):
                self.ask()

    def poll(self) -> bool:
        """Read what the helper wrote; whether a new list is complete."""
        if self._process is None:
            return False
        assert self._process.stdout is not None, "a pipe was asked for"
        try:
            while part := os.read(self._process.stdout.fileno(), 1 << 16):
                self._text += part
            self.missing, self._asked = "the helper that lists rules has ended", 0
        except BlockingIOError:
            pass
        whole, end, rest = self._text.partition(END.encode() + b"\n")
        if not end:
            return False
        self._text = rest
        text = whole.decode("utf-8", "replace")
        if UNREADABLE in text.splitlines():
            self.missing = "nft is not installed, or may not list rules (CAP_NET_ADMIN)"
        self._lists.append(_List(self._asked, time.time_ns(), parse(text)))
        self._asked = 0
        return True

    @property
    def asked(self) -> int:
        """When the latest list was asked for, ns since 1970: it counts what happened before."""
        return self._lists[-1].asked if self._lists else 0

    @property
    def any(self) -> bool:
        """Some rule rejects with a reset."""
        return bool(self._lists and self._lists[-1].rules)

    def suspects(self, when: int) -> tuple[Reject, ...]:
        """Rules that may have made a reset: their counters rose since the list before it, or they have none.

        Args:
            when: ns since 1970; a list was asked for since.
        """
        if not self._lists:
            return ()
        before = next((each for each in reversed(self._lists) if each.came < when), self._lists[0])
        return tuple(compare(before.rules, self._lists[-1].rules))

    def close(self) -> None:
        """End the helper."""
        if self._process is None:
            return
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.wait()


def compare(before: dict[str, int | None], after: dict[str, int | None]) -> Iterator[Reject]:
    """Rules whose counters rose, then rules without counters. A new rule's counter began at 0."""
    for rule, packets in after.items():
        rise = (packets or 0) - (before.get(rule) or 0)
        if rise > 0:
            yield Reject(rule, rise)
    yield from (Reject(rule, None) for rule, packets in after.items() if packets is None)


def parse(text: str) -> dict[str, int | None]:
    """Rules that reject with a TCP reset, as `nft -a list ruleset` and `iptables-legacy-save -c` print them.

    Returns:
        for each rule, with its place, the packets that it counted; None when it has no counter.
    """
    rules: dict[str, int | None] = {}
    counters: dict[str, int] = {}
    named: dict[str, str] = {}
    place = {"table": "", "chain": "", "counter": ""}
    program = "iptables"
    for line in map(str.strip, text.splitlines()):
        if (block := BLOCK.match(line)) is not None:
            place[block["kind"]] = block["name"]
        elif (packets := PACKETS.match(line)) is not None:
            counters[f"{place['table']} {place['counter']}"] = int(packets["packets"])
        elif (rule := RULE.match(line)) is not None and "reject with tcp reset" in QUOTED.sub("", rule["text"]):
            says, own = _counted(rule["text"])
            key = f"table {place['table']} chain {place['chain']} handle {rule['handle']}: {says}"
            rules[key] = own
            if (name := NAMED.search(rule["text"])) is not None:
                named[key] = f"{place['table']} {name['name']}"
        elif (begin := PROGRAM.match(line)) is not None:
            program = begin["name"]
        elif (old := LEGACY.match(line)) is not None:
            rules[f"{program} {old['text']}"] = int(old["packets"])
    return rules | {key: counters.get(name) for key, name in named.items()}


def _counted(text: str) -> tuple[str, int | None]:
    """A rule without its counter's values, and the packets of its own counter."""
    found = COUNTER.search(text)
    return COUNTER.sub("", text).strip(), int(found["packets"]) if found is not None else None


def _only_rules() -> None:
    """In the helper, before it starts: nothing but listing rules."""
    privileges.drop({privileges.NET_ADMIN, privileges.NET_RAW} & privileges.held())
