"""Completion in the shells themselves."""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from whyrst.cli.group import whyrst

BIN = str(Path(sys.executable).parent)
ENV = {"PATH": f"{BIN}:/usr/bin:/bin", "LANG": "C.UTF-8", "TERM": "dumb"}
LONGEST = 30.0


def needs(shell):
    return pytest.mark.skipif(shutil.which(shell) is None, reason=f"{shell} is not installed")


def shell(*arguments, cwd):
    env = {**ENV, "HOME": str(cwd), "XDG_CONFIG_HOME": str(cwd)}
    done = subprocess.run(arguments, capture_output=True, text=True, check=False, cwd=cwd, env=env)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def bash(words, cwd):
    script = f"""
        source <(whyrst completion bash)
        compopt() {{ echo compopt "$@"; }}  # only works while a word is completed
        COMP_WORDS=({" ".join(words)}) COMP_CWORD={len(words) - 1}
        _whyrst_completion whyrst
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    return shell("bash", "--norc", "-c", script, cwd=cwd)


@needs("bash")
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["whyrst", "ann"], ["annotate"]),
        (["whyrst", "fleet", "tr"], ["trend"]),
        (["whyrst", "trace", "--prom"], ["--prometheus"]),
        (["whyrst", "trace", "--cause", "accept-"], ["accept-queue-abort", "accept-queue-half-open"]),
        (["whyrst", "explain", "keep-"], ["keep-alive-race"]),
        (["whyrst", "analyze", "cap"], ["compopt -o default", ""]),
        (["whyrst", "agent", "--queue", "sp"], ["compopt -o dirnames", ""]),
    ],
)
def test_bash_offers_commands_options_causes_and_files(words, offered, tmp_path):
    assert bash(words, tmp_path) == offered


@needs("fish")
def test_fish_offers_causes_with_their_titles(tmp_path):
    script = "whyrst completion fish | source; complete --do-complete 'whyrst explain keep-'"
    [line] = shell("fish", "--no-config", "-c", script, cwd=tmp_path)
    assert line.startswith("keep-alive-race\t")
    assert len(line) > 30


@needs("zsh")
def test_zsh_completes_a_word_at_its_prompt(tmp_path):
    setup = "autoload -U compinit && compinit -u -d dump && source <(whyrst completion zsh) && PS1=ready PS2=\n"
    (tmp_path / ".zshrc").write_text(setup)
    terminal, inside = pty.openpty()
    zsh = subprocess.Popen(
        ["zsh", "-i", "--no-globalrcs"],
        stdin=inside, stdout=inside, stderr=inside, start_new_session=True, cwd=tmp_path,
        env={**ENV, "HOME": str(tmp_path), "ZDOTDIR": str(tmp_path)},
    )  # fmt: skip
    try:
        read_until(terminal, "ready")
        os.write(terminal, b"whyrst fleet tre\t")
        read_until(terminal, "trend")
    finally:
        zsh.kill()
        zsh.wait()
        os.close(terminal)
        os.close(inside)


def read_until(terminal, wanted):
    shown, end = "", time.monotonic() + LONGEST
    while wanted not in shown:
        ready, _, _ = select.select([terminal], [], [], max(0, end - time.monotonic()))
        assert ready, shown
        shown += os.read(terminal, 4096).decode(errors="replace")


def test_another_shell_is_refused():
    assert CliRunner().invoke(whyrst, ["completion", "csh"]).exit_code == 2
