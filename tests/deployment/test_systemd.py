from __future__ import annotations

import configparser
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from whyrst.agent.settings import Queue, read

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "packaging" / "systemd"
UNIT = FOLDER / "whyrst-agent.service"
MOST_EXPOSED = 2.5
"""Of ten; a service without any hardening has more than nine."""
systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")


def run(*arguments):
    return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, check=False)


@pytest.fixture
def unit(tmp_path):
    """The unit with a program that is there: systemd looks for it."""
    text = UNIT.read_text(encoding="utf-8")
    assert "ExecStart=/usr/bin/whyrst agent " in text
    copy = tmp_path / UNIT.name
    copy.write_text(text.replace("/usr/bin/whyrst", "/bin/true"), encoding="utf-8")
    return copy


@systemd
def test_systemd_finds_nothing_wrong_with_the_unit(unit):
    done = run("verify", "--man=no", unit)
    assert (done.returncode, done.stderr) == (0, "")


@systemd
def test_systemd_finds_nothing_wrong_with_the_addition_for_names_of_functions(unit):
    with unit.open("a", encoding="utf-8") as whole:  # as systemd does with files of a .d folder
        whole.write((FOLDER / "kernel-names.conf").read_text(encoding="utf-8"))
    done = run("verify", "--man=no", unit)
    assert (done.returncode, done.stderr) == (0, "")
    names = run("security", "--offline=true", "--json=short", "--no-pager", unit).stdout
    assert (
        next(row for row in json.loads(names) if row["json_field"] == "CapabilityBoundingSet_CAP_SYSLOG")["set"]
        is False
    )


@systemd
def test_a_setting_that_systemd_does_not_know_would_be_found(unit):
    unit.write_text(unit.read_text(encoding="utf-8").replace("ProtectHome=yes", "ProtectHomes=yes"), encoding="utf-8")
    assert "ProtectHomes" in run("verify", "--man=no", unit).stderr


@systemd
def test_the_service_is_exposed_as_little_as_tracing_allows(unit):
    done = run("security", "--offline=true", f"--threshold={MOST_EXPOSED * 10:.0f}", "--no-pager", unit)
    assert done.returncode == 0, done.stdout
    found = json.loads(run("security", "--offline=true", "--json=short", "--no-pager", unit).stdout)
    bad = {row["name"] for row in found if row.get("set") is False and float(row.get("exposure") or 0) >= 0.3}
    assert bad <= {"PrivateNetwork=", "RestrictAddressFamilies=~AF_(INET|INET6)"}


def test_it_has_the_capabilities_of_tracing_and_no_other():
    text = UNIT.read_text(encoding="utf-8")
    lines = [line.partition("=") for line in text.splitlines() if line.startswith(("Ambient", "CapabilityB"))]
    assert [set(value.split()) for _, _, value in lines] == [{"CAP_BPF", "CAP_PERFMON", "CAP_NET_RAW"}] * 2


def test_its_settings_stand_in_folders_that_the_unit_makes():
    settings = read(str(FOLDER / "agent.toml"))
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str
    parser.read_string(UNIT.read_text(encoding="utf-8"))
    service = parser["Service"]
    assert Path(settings.file[0].path).parent == Path("/var/log") / service["LogsDirectory"]
    assert service["StateDirectory"] == service["ConfigurationDirectory"] == "whyrst"
    assert settings.queue.folder == Queue().folder
