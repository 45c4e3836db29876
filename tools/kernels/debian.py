"""Kernels as Debian ships them, fetched through apt from the mirror that this machine uses.

apt runs with folders and sources of its own: the machine's settings, lists and packages stay as they are.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tarfile
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

META = "linux-image-cloud-amd64"
_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
# A meta package names the image; since 7.x the image package names the one that holds the file.
_NEXT = re.compile(r"\b(linux-(?:image|binary)-[0-9][^ ,]*) \(= ")
_IMAGE = re.compile(r"^\S.* (\./(?:boot|usr/lib/modules)/\S*vmlinuz\S*)$", re.MULTILINE)
_MOST_STEPS = 4


class FetchError(Exception):
    """A kernel could not be had; the message says which and why."""


@dataclass(frozen=True)
class Kernel:
    """A kernel that can be booted.

    Attributes:
        release: what `uname -r` says.
        path: the compressed kernel.
    """

    release: str
    path: Path


class Apt:
    """apt with folders of its own below `folder`, set up for some suites of Debian.

    Args:
        folder: where lists, packages and kernels are kept for the next time.
        suites: names of Debian releases, as "bookworm".

    Raises:
        FetchError: this machine has no Debian mirror, or the mirror does not answer.
    """

    def __init__(self, folder: Path, suites: tuple[str, ...]) -> None:
        self._folder = folder.resolve()
        self._settings = self._folder / "apt.conf"
        for name in ("state/lists/partial", "cache/archives/partial", "sources", "packages"):
            (self._folder / name).mkdir(parents=True, exist_ok=True)
        (self._folder / "state/status").touch()
        self._settings.write_text(_settings(self._folder))
        sources = _sources(_mirror(), suites)
        kept = self._folder / "sources/debian.sources"
        if not kept.exists() or kept.read_text() != sources:
            kept.write_text(sources)
            try:
                self._run("apt-get", "-q", "update")
            except FetchError:
                kept.unlink()
                raise

    def kernel(self, suite: str) -> Kernel:
        """Fetches the kernel of a suite, unless it is here already.

        Raises:
            FetchError: the suite has none, or it cannot be downloaded.
        """
        package = meta = f"{META}/{suite}"
        for _ in range(_MOST_STEPS):
            found = _NEXT.search(self._depends(package))
            if not found:
                break
            package = found[1]
        if package == meta:
            raise FetchError(f"{suite}: {META} leads to no kernel")
        return self._unpack(package)

    def _depends(self, package: str) -> str:
        shown = self._run("apt-cache", "show", "--no-all-versions", package)
        return " ".join(line for line in shown.splitlines() if line.startswith("Depends:"))

    def _unpack(self, package: str) -> Kernel:
        """Takes the kernel out of a package: nothing else of it is kept."""
        place = self._folder / "packages"
        release = package.removeprefix("linux-image-").removeprefix("linux-binary-")
        kept = place / f"vmlinuz-{release}"
        if kept.exists():
            return Kernel(release, kept)
        try:
            self._run("apt-get", "-q", "download", package, cwd=place)
        except FetchError:  # perhaps the mirror has a newer one than our lists know
            self._run("apt-get", "-q", "update")
            raise
        archive = next(iter(place.glob(f"{package}_*.deb")))
        found = _IMAGE.search(self._run("dpkg-deb", "--contents", str(archive)))
        if not found:
            raise FetchError(f"{package}: no kernel inside")
        _extract(archive, found[1], kept)
        archive.unlink()
        return Kernel(release, kept)

    def _run(self, program: str, *arguments: str, cwd: Path | None = None) -> str:
        settings = ("-c", str(self._settings)) if program.startswith("apt") else ()
        return _output((program, *settings, *arguments), cwd)


def _extract(archive: Path, member: str, target: Path) -> None:
    """Writes one file of a package; the target appears only when it is whole."""
    part = target.with_suffix(".part")
    tar = part.with_suffix(".tar")
    _output(("dpkg-deb", "--fsys-tarfile", str(archive)), to=tar)
    with tarfile.open(tar) as opened, part.open("wb") as out:
        found = opened.extractfile(member)
        if found is None:
            raise FetchError(f"{archive.name}: {member} is no file")
        shutil.copyfileobj(found, out)
    tar.unlink()
    part.rename(target)


def _output(command: tuple[str, ...], cwd: Path | None = None, to: Path | None = None) -> str:
    """What a program says; `to` names a file that takes it instead."""
    try:
        with to.open("wb") if to else nullcontext(subprocess.PIPE) as out:
            done = subprocess.run(command, cwd=cwd, stdout=out, stderr=subprocess.PIPE, check=True)
    except FileNotFoundError:
        raise FetchError(f"{command[0]} is not here: kernels come from Debian's packages") from None
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip().splitlines() or ["(it said nothing)"]
        raise FetchError(f"{' '.join(command)}: {said[-1]}") from None
    return (done.stdout or b"").decode()


def _mirror() -> str:
    """The address of Debian's archive in this machine's own sources: the one that has dists/<release>/main."""
    for line in _output(("apt-get", "update", "--print-uris")).splitlines():
        found = re.match(r"'(\S+/debian)/+dists/[a-z]+/(?:InRelease|main/)", line)
        if found:
            return found[1]
    raise FetchError("apt's sources on this machine name no Debian archive")


def _sources(mirror: str, suites: tuple[str, ...]) -> str:
    return (
        f"Types: deb\nURIs: {mirror}\nSuites: {' '.join(suites)}\nComponents: main\n"
        f"Architectures: amd64\nSigned-By: {_KEYRING}\n"
    )


def _settings(folder: Path) -> str:
    """The apt settings: every folder is ours, and nobody needs to become another user."""
    return "".join(
        f'{name} "{value}";\n'
        for name, value in {
            "Dir::State": folder / "state",
            "Dir::State::status": folder / "state/status",
            "Dir::Cache": folder / "cache",
            "Dir::Etc::SourceList": "/dev/null",
            "Dir::Etc::SourceParts": folder / "sources",
            "APT::Architecture": "amd64",
            "APT::Sandbox::User": "root",
            "APT::Update::Error-Mode": "any",
            "Acquire::Languages": "none",
        }.items()
    )
