"""The manual page whyrst(1), of what the commands say of themselves (man(7))."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING

from doc_cli import VERBATIM, Command, commands

from whyrst import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator

WIDTH = 72
"""Of lines, before their escapes; roff fills them anew."""
START = r""".\" Made by tools/make_docs.py; change the commands' own help instead.
.TH WHYRST 1 "" "whyrst VERSION" "User Commands"
.SH NAME
whyrst \- tells why TCP connections were reset
.SH SYNOPSIS
.B whyrst
.I COMMAND
[\fIOPTIONS\fR]...
.SH DESCRIPTION
From a packet capture, or live from the kernel,
.B whyrst
gives a verdict for every TCP reset: who sent it, by which mechanism, the root cause, how sure that is, the evidence
with frame numbers, what was lost, and the fix.
Where the evidence does not decide, it says \(lqundetermined\(rq and what would tell."""
END = r""".SH EXIT STATUS
.TP
0
Done.
.TP
1
.B \-\-fail\-on
matched;
.BR "whyrst doctor" :
tracing cannot run here.
.TP
2
Usage, or input that cannot be read at all.
.TP
3
Done, but the input was cut or damaged; what could be read is reported.
.SH ENVIRONMENT
.TP
.B NO_COLOR
With any value, no colours are used.
.TP
.B WHYRST_PURE
With any value, the uncompiled loops run: equal results, many times slower.
.TP
.BR OTEL_EXPORTER_OTLP_ENDPOINT ", " OTEL_EXPORTER_OTLP_HEADERS ", " WHYRST_KAFKA_SASL_PASSWORD
Receivers and secrets of
.BR "whyrst agent" .
.SH OVERHEAD
Reading captures costs nothing elsewhere.
Tracing runs a small program in the kernel for every reset and every change of a connection's state; docs/overhead.md
says how much that is, and how it was measured.
.SH EXAMPLES
.TP
Why were the connections of a capture reset?
.EX
whyrst analyze capture.pcap
.EE
.TP
The connection of one reset, segment by segment
.EX
whyrst show capture.pcap \-\-reset 3
.EE
.TP
Who made it, by captures of both ends
.EX
whyrst compare client.pcap server.pcap
.EE
.TP
What this host resets, as it happens
.EX
sudo whyrst trace \-\-sent
.EE
.TP
What a cause means, by any of its names
.EX
whyrst explain TCP_ABORT_ON_CLOSE
.EE
.SH SEE ALSO
.BR tcpdump (8),
.BR tshark (1),
.BR ss (8),
.BR nft (8),
.BR tcp (7),
.BR capabilities (7)
"""


def man_page() -> str:
    """The page, in roff."""
    whole, *others = commands()
    sections = [START.replace("VERSION", __version__), ".SH OPTIONS", *_options(whole), ".SH COMMANDS"]
    for command in others:
        sections += [f".SS {_escaped(command.path)}", *_usage(command), *_paragraphs(command), *_options(command)]
    return "\n".join([*sections, END])


def _usage(command: Command) -> Iterator[str]:
    yield f"\\fB{_escaped(command.path)}\\fR \\fI{_escaped(command.usage)}\\fR"


def _paragraphs(command: Command) -> Iterator[str]:
    for paragraph in command.help:
        verbatim = paragraph.removeprefix(f"{VERBATIM}\n")
        yield from (".PP", _text(paragraph)) if verbatim == paragraph else (".PP", ".EX", _escaped(verbatim), ".EE")


def _options(command: Command) -> Iterator[str]:
    for names, says in command.options:
        yield from (".TP", f"\\fB{_escaped(names)}\\fR", _text(says))


def _text(paragraph: str) -> str:
    return _escaped(fill(paragraph, WIDTH))


def _escaped(text: str) -> str:
    r"""Text that roff shows as it is: groff_char(7).

    >>> print(_escaped(".x --json 'a\\b'"))
    \&.x \-\-json \(aqa\eb\(aq
    """
    text = (
        text.replace("\\", r"\e").replace("-", r"\-").replace("'", r"\(aq").replace("^", r"\(ha").replace("~", r"\(ti")
    )
    return "\n".join(f"\\&{line}" if line.startswith((".", "'")) else line for line in text.split("\n"))
