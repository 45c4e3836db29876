"""A root file system for the kernels: this Python, the packages that whyrst needs, libbpf, and a script.

It is made of two archives that the kernel unpacks one after the other. The base is slow to make and changes rarely, so
it is kept; whyrst itself and the script go into a small second one, made anew each time.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import marshal
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

from kernels.cpio import Writer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PROJECT = Path(__file__).resolve().parents[2]
_INIT = Path(__file__).with_name("init.py")
_PACKAGES = "packages"
_WHYRST = "whyrst"
_SCRIPT = "script"
# Parts of the standard library that no program of ours imports.
_LEFT_OUT = frozenset(
    {"__pycache__", "ensurepip", "idlelib", "lib2to3", "lib-tk", "pydoc_data", "site-packages", "dist-packages"}
    | {"test", "tests", "tkinter", "turtledemo", "include"}
)
_LIBRARY = re.compile(r"(?:=> |^\s+)(/\S+) \(0x", re.MULTILINE)
_UNCHECKED = 0b01  # PEP 552: a hash-based .pyc that is not compared with its source


def build(folder: Path, script: Path) -> Path:
    """Makes the image that runs `script`.

    Args:
        folder: where the base is kept.
        script: a Python program; the other Python files in its folder can be imported by it.

    Returns:
        The image: an initial root file system for QEMU.
    """
    folder.mkdir(parents=True, exist_ok=True)
    base = _base(folder)
    image = folder / "image.cpio"
    with image.open("wb") as out:
        with base.open("rb") as kept:
            shutil.copyfileobj(kept, out)
        top = Writer(out)
        top.data("init", _start_line() + _INIT.read_bytes(), 0o755)
        for path in _files(PROJECT / "src/whyrst"):
            _add(top, f"{_WHYRST}/whyrst/{path.relative_to(PROJECT / 'src/whyrst')}", path)
        for path in script.parent.glob("*.py"):
            _add(top, f"{_SCRIPT}/{path.name}", path)
        top.data("script/name", script.name.encode())
        top.close()
    return image


def _base(folder: Path) -> Path:
    """The part of the image that depends on this machine alone."""
    packages = sorted(_distributions("whyrst"))
    versions = [f"{name} {importlib.metadata.version(name)}" for name in packages]
    key = hashlib.sha256(repr((sys.version, versions, Path(__file__).read_bytes())).encode()).hexdigest()
    kept = folder / f"base-{key[:16]}.cpio"
    if not kept.exists():
        part = kept.with_suffix(".part")
        with part.open("wb") as out:
            _write_base(Writer(out), packages)
        for older in folder.glob("base-*.cpio"):
            older.unlink()
        part.rename(kept)
    return kept


def _write_base(root: Writer, packages: list[str]) -> None:
    for name in ("bin", "sbin", "lib", "lib64"):
        root.symlink(name, f"usr/{name}")
    for name in ("dev", "proc", "sys", "run", "tmp", "root", "usr/bin", "usr/sbin", "usr/lib64"):
        root.folder(name)
    taken = [_python()]
    root.copy(str(_python())[1:], _python())
    standard = Path(sysconfig.get_path("stdlib", vars={"installed_base": sys.base_prefix}))
    for path in _files(standard):
        _add(root, str(path)[1:], path)
        taken.append(path)
    for name in packages:
        for path, place in _package(name):
            _add(root, f"{_PACKAGES}/{place}", path)
            taken.append(path)
    for path in _libraries(taken):
        if not root.has(str(path)[1:]):
            root.copy(str(path)[1:], path)
    root.close()


def _start_line() -> bytes:
    """The first line of the init script: the kernel starts it by itself."""
    return f"#!{_python()} -I\n".encode()


def _python() -> Path:
    """The interpreter itself, not a virtual environment's link to it."""
    return Path(sys.executable).resolve()


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name in _LEFT_OUT or path.name.startswith("config-"):
            continue
        if path.is_dir():
            yield from _files(path)
        elif path.suffix not in {".a", ".pyc", ".c", ".html"}:
            yield path


def _distributions(name: str) -> set[str]:
    """The names of the packages that a package needs at run time, all the way down, without itself."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        for line in importlib.metadata.requires(waiting.pop()) or ():
            needed = re.split(r"[\s;<>=!~\[(]", line, maxsplit=1)[0].lower()
            if "extra ==" not in line and needed not in found and _installed(needed):
                found.add(needed)
                waiting.append(needed)
    return found


def _installed(name: str) -> bool:
    try:
        importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _package(name: str) -> Iterator[tuple[Path, str]]:
    """The files of an installed package, and where they belong below the folder of packages."""
    distribution = importlib.metadata.distribution(name)
    for file in distribution.files or ():
        path = Path(str(distribution.locate_file(file)))
        if ".." in file.parts or _LEFT_OUT & set(file.parts) or path.suffix == ".pyc":
            continue
        yield path, str(file)


def _add(root: Writer, name: str, path: Path) -> None:
    """Adds a file, and for Python source its compiled form: compiling takes long in an emulator."""
    root.copy(name, path)
    if path.suffix != ".py":
        return
    source = path.read_bytes()
    try:
        code = compile(source, f"/{name}", "exec", dont_inherit=True)
    except (SyntaxError, ValueError):  # samples of bad source
        return
    header = importlib.util.MAGIC_NUMBER + _UNCHECKED.to_bytes(4, "little") + importlib.util.source_hash(source)
    root.data(importlib.util.cache_from_source(f"/{name}")[1:], header + marshal.dumps(code))


def _libraries(paths: Iterable[Path]) -> set[Path]:
    """The shared libraries that programs and extension modules need, by the loader's own word.

    libbpf comes along for ctypes, which loads it by name. A library is taken under the name that the loader looks for.
    """
    asked = [path for path in paths if ".so" in path.name or path.stat().st_mode & 0o100]
    bpf = [Path(line.rsplit(" ", 1)[1]) for line in _said("/sbin/ldconfig", "-p") if "libbpf.so." in line]
    lines = _said("ldd", *map(str, asked + bpf))
    found = {Path(path) for path in _LIBRARY.findall("\n".join(lines))}
    places = {Path("/lib"): Path("/usr/lib"), Path("/lib64"): Path("/usr/lib64")}
    named = set()
    for path in found | set(bpf):
        if "site-packages" in path.parts:
            continue  # a package's own, there already
        top = Path("/") / path.parts[1]
        named.add(places[top] / path.relative_to(top) if top in places else path)
    return named


def _said(*command: str) -> list[str]:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.splitlines()
