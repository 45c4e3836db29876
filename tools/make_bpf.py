"""Builds the BPF object that is shipped, or checks with --check that it is what the sources give.

The same sources give the same bytes with the same clang only, so the check says so and passes where another version is
installed; CI has the one that built it.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

FOLDER = Path(__file__).parents[1] / "src" / "whyrst" / "kernel" / "bpf"
OBJECT = FOLDER / "whyrst.bpf.o"
STAMP = FOLDER / "whyrst.bpf.clang"
FLAGS = ("-O2", "-g", "-Wall", "-Werror", "-target", "bpf", "-mcpu=v3", "-D__TARGET_ARCH_x86")


def clang() -> str | None:
    """First line of clang's version, None without clang."""
    if shutil.which("clang") is None or shutil.which("llvm-strip") is None:
        return None
    return subprocess.run(("clang", "--version"), capture_output=True, text=True, check=True).stdout.splitlines()[0]


def build(target: Path) -> None:
    """Compile and drop what only debuggers read."""
    # Line information names files: without a map, by where they stand on this machine.
    named = f"-ffile-prefix-map={FOLDER}=."
    subprocess.run(("clang", *FLAGS, named, "-c", "whyrst.bpf.c", "-o", str(target)), cwd=FOLDER, check=True)
    subprocess.run(("llvm-strip", "-g", str(target)), check=True)


def main() -> int:
    """Build or check; exit status."""
    version = clang()
    if "--check" not in sys.argv:
        if version is None:
            print("clang and llvm-strip are needed", file=sys.stderr)
            return 2
        build(OBJECT)
        STAMP.write_text(f"{version}\n", encoding="ascii")
        return 0
    built_by = STAMP.read_text(encoding="ascii").strip()
    if version != built_by:
        print(f"{OBJECT.name}: not compared: built by {built_by}, here is {version or 'no clang'}")
        return 0
    with TemporaryDirectory() as folder:
        fresh = Path(folder, OBJECT.name)
        build(fresh)
        if fresh.read_bytes() != OBJECT.read_bytes():
            print(f"{OBJECT.name} is not what its sources give: run tools/make_bpf.py", file=sys.stderr)
            return 1
    print(f"{OBJECT.name} is what its sources give")
    return 0


if __name__ == "__main__":
    sys.exit(main())
