from __future__ import annotations

import hashlib
import shutil
import subprocess

import pytest

from kernels import debian

pytestmark = pytest.mark.skipif(
    any(shutil.which(name) is None for name in ("apt-get", "dpkg-deb")), reason="apt and dpkg are not installed"
)
VERSION = "9.9-1"
RELEASE = "9.9-cloud-amd64"


def package(folder, name, depends="", files=()):
    """Builds a package with dpkg-deb and returns its paragraph of the list of packages."""
    root = folder / "build" / name
    (root / "DEBIAN").mkdir(parents=True)
    control = f"Package: {name}\nVersion: {VERSION}\nArchitecture: amd64\nMaintainer: A <a@example.test>\n"
    control += f"Depends: {depends}\n" if depends else ""
    (root / "DEBIAN/control").write_text(control + "Description: a test\n")
    for path in files:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(b"kernel of " + name.encode())
    archive = folder / "pool" / f"{name}_{VERSION}_amd64.deb"
    archive.parent.mkdir(exist_ok=True)
    subprocess.run(["dpkg-deb", "--build", "--root-owner-group", root, archive], check=True, capture_output=True)
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    size = archive.stat().st_size
    return f"{control}Filename: pool/{archive.name}\nSize: {size}\nSHA256: {digest}\nDescription: a test\n"


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    """An archive on disk that apt trusts; returns how to fill it."""
    folder = tmp_path / "mirror"

    def fill(*paragraphs):
        place = folder / "dists/now/main/binary-amd64"
        place.mkdir(parents=True)
        (place / "Packages").write_text("\n".join(paragraphs))
        (folder / "dists/now/Release").write_text("Suite: now\nCodename: now\nArchitectures: amd64\nComponents: main\n")

    kept = debian._sources
    monkeypatch.setattr(debian, "_mirror", lambda: f"file:{folder}")
    monkeypatch.setattr(
        debian, "_sources", lambda *a: kept(*a).replace(f"Signed-By: {debian._KEYRING}", "Trusted: yes")
    )
    folder.mkdir()
    return folder, fill


@pytest.mark.parametrize(
    ("chain", "place"),
    [
        ((), f"boot/vmlinuz-{RELEASE}"),
        ((f"linux-binary-{RELEASE}",), f"usr/lib/modules/{RELEASE}/vmlinuz"),
    ],
    ids=["in-the-image-package", "in-a-package-of-its-own"],
)
def test_the_kernel_of_a_suite_is_found_through_its_packages(mirror, tmp_path, chain, place):
    folder, fill = mirror
    names = [debian.META, f"linux-image-{RELEASE}", *chain]
    paragraphs = [
        package(
            folder, name,
            f"linux-base, {follower} (= {VERSION})" if follower else "linux-base", () if follower else (place,),
        )
        for name, follower in zip(names, [*names[1:], ""], strict=True)
    ]  # fmt: skip
    fill(*paragraphs)
    apt = debian.Apt(tmp_path / "kept", ("now",))
    kernel = apt.kernel("now")
    assert kernel.release == RELEASE
    assert kernel.path.read_bytes() == b"kernel of " + names[-1].encode()
    assert [path.name for path in kernel.path.parent.iterdir()] == [f"vmlinuz-{RELEASE}"]
    shutil.rmtree(folder)
    assert debian.Apt(tmp_path / "kept", ("now",)).kernel("now") == kernel, "it is kept for the next time"


def test_a_suite_without_kernel_is_told(mirror, tmp_path):
    folder, fill = mirror
    fill(package(folder, "other"))
    with pytest.raises(debian.FetchError, match=debian.META):
        debian.Apt(tmp_path / "kept", ("now",)).kernel("now")


def test_a_mirror_that_does_not_answer_is_told(mirror, tmp_path):
    folder, fill = mirror
    with pytest.raises(debian.FetchError, match="apt-get"):
        debian.Apt(tmp_path / "kept", ("now",))
    fill(package(folder, debian.META))
    with pytest.raises(debian.FetchError, match="leads to no kernel"):  # it was asked again
        debian.Apt(tmp_path / "kept", ("now",)).kernel("now")


def test_a_program_that_is_missing_is_told():
    with pytest.raises(debian.FetchError, match="no-such-program is not here"):
        debian._output(("no-such-program",))
