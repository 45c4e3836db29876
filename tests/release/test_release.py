from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from packaging.metadata import Metadata
from packaging.utils import parse_wheel_filename

import whyrst

ROOT = Path(__file__).parents[2]
LOOPS = {"bpf", "headers", "lookup", "payload", "records", "survey", "tracker"}
RESETS = ROOT / "examples" / "resets.pcap"


def files(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def names(release):
    with zipfile.ZipFile(release[1]) as wheel:
        return set(wheel.namelist())


def test_the_sdist_holds_the_sources_and_nothing_that_was_built(release, tree):
    with tarfile.open(release[0]) as sdist:
        held = {name.partition("/")[2] for name in (m.name for m in sdist.getmembers() if m.isfile())}
    made = {"PKG-INFO", "setup.cfg"} | {name for name in held if name.startswith("src/whyrst.egg-info/")}
    wanted = {name for name in files(tree) if not name.startswith(("build/", "src/whyrst.egg-info/", "examples/"))}
    assert held - made == wanted | {"examples/resets.pcap"}


def test_the_wheel_holds_every_file_of_the_package_and_the_compiled_loops(names, tree):
    loops = {f"whyrst/fast/compiled/{name}.abi3.so" for name in LOOPS}
    package = {name for name in names if name.startswith("whyrst/")}
    assert package == {f"whyrst/{name}" for name in files(tree / "src" / "whyrst")} | loops
    assert {"whyrst/py.typed", "whyrst/kernel/bpf/whyrst.bpf.o", "whyrst/serve/templates/home.html"} <= package
    rest = {name for name in names - package if not name.startswith(f"whyrst-{whyrst.__version__}.dist-info/")}
    assert rest == {f"whyrst-{whyrst.__version__}.data/data/share/man/man1/whyrst.1"}


def test_the_wheel_serves_every_cpython_from_3_11(release):
    name, version, _, tags = parse_wheel_filename(release[1].name)
    assert (name, str(version)) == ("whyrst", whyrst.__version__)
    assert {(tag.interpreter, tag.abi) for tag in tags} == {("cp311", "abi3")}


def test_the_metadata_is_valid_and_shows_the_readme(release):
    with zipfile.ZipFile(release[1]) as wheel:
        raw = wheel.read(f"whyrst-{whyrst.__version__}.dist-info/METADATA")
    metadata = Metadata.from_email(raw, validate=True)
    assert metadata.description_content_type == "text/markdown"
    assert metadata.description.strip() == (ROOT / "README.md").read_text(encoding="utf-8").strip()
    assert metadata.license_expression == "MIT"


@pytest.fixture(scope="module")
def installed(release, tmp_path_factory):
    """The programs of a new environment into which the wheel went, with what it needs and nothing else."""
    place = tmp_path_factory.mktemp("installed")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", place], check=True)
    pip = [sys.executable, "-m", "pip", "--python", place / "bin" / "python", "install", "--quiet"]
    subprocess.run([*pip, "--only-binary", ":all:", release[1]], check=True)
    return place


def run(place, *arguments):
    clean = {"PATH": "/nonexistent", "HOME": str(place), "LANG": "C.UTF-8"}
    assert "PYTHONPATH" not in clean
    return subprocess.run(
        [place / "bin" / "whyrst", *arguments], capture_output=True, text=True, check=False, env=clean, cwd=place
    )


def test_an_installed_wheel_gives_the_verdicts_of_this_checkout(installed):
    here = subprocess.run(
        [sys.executable, "-m", "whyrst.cli", "analyze", "--json", RESETS],
        capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )  # fmt: skip
    there = run(installed, "analyze", "--json", RESETS)
    assert there.returncode == 0, there.stderr
    assert there.stdout == here.stdout
    assert there.stdout.count("\n") > 10


def test_an_installed_wheel_runs_the_compiled_loops_and_the_doctor(installed):
    which = "from whyrst.fast.select import tracker; print(tracker.__name__)"
    shown = subprocess.run([installed / "bin" / "python", "-c", which], capture_output=True, text=True, check=True)
    assert shown.stdout == "whyrst.fast.compiled.tracker\n"
    assert run(installed, "--version").stdout == f"whyrst {whyrst.__version__}\n"
    doctor = run(installed, "doctor")
    assert doctor.returncode in {0, 1}, doctor.stderr
    assert "BTF" in doctor.stdout


def test_an_installed_wheel_brings_its_manual_page(installed):
    page = installed / "share" / "man" / "man1" / "whyrst.1"
    assert page.read_bytes() == (ROOT / "docs" / "whyrst.1").read_bytes()


def test_without_a_compiler_the_plain_loops_are_a_wheel_for_any_machine(tree, tmp_path):
    command = [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", tmp_path, tree]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={"PATH": "/nonexistent", "WHYRST_PURE": "1"}
    )
    assert done.returncode == 0, done.stderr[-2000:]
    [wheel] = tmp_path.glob("*.whl")
    assert wheel.name == f"whyrst-{whyrst.__version__}-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as archive:
        assert not [name for name in archive.namelist() if name.endswith(".so")]
