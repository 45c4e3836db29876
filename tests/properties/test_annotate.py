"""What holds of any capture that is annotated, however it is damaged."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings

from properties.captures import mutated
from unit.annotate.blocks import PACKETS, SIMPLE, blocks, comments, kind
from unit.annotate.packets import read
from unit.annotate.test_annotate import expected
from whyrst.annotate import annotate
from whyrst.capture.errors import CaptureError


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=20_000, max_examples=150)
@given(data=mutated())
def test_what_is_readable_is_written_with_its_comments(tmp_path, data):
    path, out = tmp_path / "in", tmp_path / "out"
    path.write_bytes(data)
    out.unlink(missing_ok=True)
    try:
        done = annotate(path, out)
    except CaptureError:
        assert not out.exists()
        return
    before, _ = read(path)
    after, damage = read(out)
    assert not damage
    assert [(packet, wire) for packet, _, wire, _ in after] == [(packet, wire) for packet, _, wire, _ in before]
    packets = [one for one in blocks(out.read_bytes()) if kind(*one) in PACKETS]
    commented = {frame for frame, one in enumerate(packets, 1) if kind(*one) != SIMPLE and comments(*one)[0]}
    assert commented == expected(path)
    assert done.frames == len(commented)
    assert done.quality.packets == len(packets)
