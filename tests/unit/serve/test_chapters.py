from __future__ import annotations

from whyrst.causes import all_causes
from whyrst.serve.chapters import Piece, pieces, search

MANUAL = """The title.

    # What happened

    One
    two.

    - a
      b
    - c

        $ ss -ti
        x
"""


def test_a_manual_is_cut_into_its_pieces():
    assert pieces(f"    {MANUAL}") == [
        Piece("text", ["The title."]),
        Piece("heading", ["What happened"]),
        Piece("text", ["One two."]),
        Piece("list", ["a b", "c"]),
        Piece("example", ["$ ss -ti", "x"]),
    ]
    assert pieces("") == []


def test_no_word_of_a_manual_is_lost():
    for cause in all_causes().values():
        words = [word for piece in pieces(cause.manual) for line in piece.lines for word in line.split()]
        plain = [word for word in cause.manual.split() if word not in {"-", "*"} and word.strip("#")]
        assert words == plain


def test_names_are_found_before_words():
    causes = all_causes()
    assert [one.id for one in search(causes, "port-closed")] == ["port-closed"]
    assert len(search(causes, "")) == len(causes)
    assert {one.id for one in search(causes, "listens PORT")} >= {"port-closed"}
    assert search(causes, "zzz qqq") == []
