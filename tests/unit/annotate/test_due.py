from whyrst.annotate.due import NEVER, Due


def test_packets_come_one_after_the_other():
    due = Due([(2, ["a"]), (7, ["b", "c"])])
    assert (due.frame, due.comments) == (2, ["a"])
    due.advance()
    assert (due.frame, due.comments) == (7, ["b", "c"])
    due.advance()
    assert (due.frame, due.comments) == (NEVER, [])
