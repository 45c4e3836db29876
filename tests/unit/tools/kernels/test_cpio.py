from __future__ import annotations

import io
import stat

import pytest
from kernels.cpio import Writer

HEADER = 110


def entries(data):
    """Path, mode and content of each entry, read as buffer-format.rst says; checks what the kernel checks."""
    at = 0
    while at < len(data):
        assert data[at : at + 6] == b"070701"
        numbers = [int(data[k : k + 8], 16) for k in range(at + 6, at + HEADER, 8)]
        assert len(numbers) == 13
        size, length = numbers[6], numbers[11]
        name = data[at + HEADER : at + HEADER + length]
        assert name.endswith(b"\0")
        start = at + (HEADER + length + 3) // 4 * 4
        yield name[:-1].decode(), numbers[1], data[start : start + size]
        at = start + (size + 3) // 4 * 4


def archive(fill):
    out = io.BytesIO()
    writer = Writer(out)
    fill(writer)
    writer.close()
    assert len(out.getvalue()) % 4 == 0
    return list(entries(out.getvalue()))


@pytest.mark.parametrize("size", range(5))
def test_content_of_every_length_is_found_again(size):
    found = archive(lambda w: (w.data("a" * size + "b", b"x" * size), w.data("next", b"y")))
    assert [content for _, _, content in found] == [b"x" * size, b"y", b""]


def test_folders_come_before_what_is_in_them_and_once():
    found = archive(lambda w: (w.data("usr/lib/a", b"1"), w.data("usr/lib/b", b"2"), w.folder("usr/lib")))
    assert [name for name, _, _ in found] == ["usr", "usr/lib", "usr/lib/a", "usr/lib/b", "TRAILER!!!"]
    assert [stat.S_ISDIR(mode) for _, mode, _ in found] == [True, True, False, False, False]


def test_links_and_programs_keep_their_kind(tmp_path):
    program, text = tmp_path / "program", tmp_path / "text"
    program.write_bytes(b"#!")
    program.chmod(0o700)
    text.write_bytes(b"words")

    def fill(writer):
        writer.symlink("bin", "usr/bin")
        writer.copy("program", program)
        writer.copy("text", text)
        assert writer.has("bin")
        assert not writer.has("usr/bin")

    found = {name: (mode, content) for name, mode, content in archive(fill)}
    assert found["bin"] == (stat.S_IFLNK | 0o777, b"usr/bin")
    assert found["program"] == (stat.S_IFREG | 0o755, b"#!")
    assert found["text"] == (stat.S_IFREG | 0o644, b"words")


def test_a_path_cannot_be_written_twice():
    writer = Writer(io.BytesIO())
    writer.data("a", b"")
    with pytest.raises(ValueError, match="written twice: a"):
        writer.data("a", b"")
