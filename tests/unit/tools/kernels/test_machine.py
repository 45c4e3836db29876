from __future__ import annotations

import shutil

import pytest

from kernels import machine

needs_qemu = pytest.mark.skipif(shutil.which(machine.PROGRAM) is None, reason=f"{machine.PROGRAM} is not installed")


def test_the_exit_status_is_the_last_thing_said():
    outcome = machine._outcome("one\n\x04exit 3 in words\ntwo\n\n\x04exit 7\n", "log", 1.5)
    assert outcome == machine.Outcome(7, "one\n\x04exit 3 in words\ntwo", "log", 1.5)


def test_a_script_that_did_not_end_has_no_exit_status():
    assert machine._outcome("one\n", "", 1.0) == machine.Outcome(None, "one", "", 1.0)


def test_a_missing_emulator_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(machine, "PROGRAM", str(tmp_path / "none"))
    with pytest.raises(machine.MachineError, match="not installed"):
        machine.boot(tmp_path / "kernel", tmp_path / "image", 1)


@needs_qemu
def test_what_the_emulator_complains_about_is_told(tmp_path):
    with pytest.raises(machine.MachineError, match=r"could not .* kernel"):
        machine.boot(tmp_path / "kernel", tmp_path / "image", 60)


@needs_qemu
def test_an_emulator_that_does_not_end_is_ended(tmp_path):
    # A kernel that is one endless loop: the boot sector and one sector of setup code, as the x86 boot protocol has it.
    kernel = bytearray(b"\xeb\xfe" * 1024)
    kernel[0x1F1] = 1  # sectors of setup code
    kernel[0x1FE:0x200] = b"\x55\xaa"
    kernel[0x202:0x206] = b"HdrS"
    kernel[0x206:0x208] = (0x0203).to_bytes(2, "little")
    kernel[0x211] = 1  # loaded high
    kernel[0x22C:0x230] = (0x37FFFFFF).to_bytes(4, "little")  # highest place of the image
    (tmp_path / "kernel").write_bytes(kernel)
    (tmp_path / "image").write_bytes(b"")
    outcome = machine.boot(tmp_path / "kernel", tmp_path / "image", 1)
    assert (outcome.status, outcome.said) == (None, "")
