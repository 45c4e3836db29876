"""Compiles the hot loops of `whyrst.fast`; everything else about the build stands in pyproject.toml.

The loops are ordinary Python files (Cython's pure-Python mode). They are built against the stable ABI,
so one wheel serves CPython 3.11 and later. With WHYRST_PURE=1 nothing is compiled: that wheel needs no compiler and
gives equal results, but takes at least ten times as long.
"""

import os
import sys
from pathlib import Path
from zlib import crc32

from setuptools import Extension, setup
from setuptools.command.bdist_wheel import bdist_wheel

PURE = bool(os.environ.get("WHYRST_PURE"))
ABI = ("Py_LIMITED_API", "0x030B0000")
NOT_HOT = {"__init__", "constants", "layout", "scan", "select", "tables"}
FAST = Path("src/whyrst/fast")
HOT = sorted(p for p in FAST.glob("*.py") if p.stem not in NOT_HOT)
FOLDERS = sorted(p.parent for p in FAST.glob("*/__init__.py") if p.parent.name != "compiled")
JOINED = Path("build/loops")

INLINE = ("large-function-growth=2000", "large-stack-frame-growth=5000", "max-inline-insns-single=3000")
"""Parameters of gcc: the tracker's loop calls some twenty functions for each segment, which it takes in only when it
may grow that much. Calls cost a tenth of its time, for each hands over its arrays."""


class Abi3Wheel(bdist_wheel):
    """Names the wheel after the stable ABI."""

    def finalize_options(self) -> None:
        """Set the tag."""
        self.py_limited_api = "cp311"
        super().finalize_options()


def declare_constants() -> None:
    """Write the tracker's numbers as constants of C."""
    sys.path.insert(0, "src")
    from whyrst.fast.constants import as_pxd

    write(FAST / "compiled" / "constants.pxd", as_pxd())


def joined(folder: Path) -> Path:
    """One file of the functions of a folder's modules: the C compiler takes a function only into others of its file.

    It names its declarations by a checksum, so that it is compiled again when one of them changed.
    """
    declared = crc32(b"".join(p.read_bytes() for p in sorted((FAST / "compiled").glob("*.pxd"))))
    head = f"# Declarations: {declared:08x}\nfrom __future__ import annotations\n\nimport cython"
    modules = sorted(p for p in folder.glob("*.py") if p.stem != "__init__")
    functions = [p.read_text(encoding="utf-8").partition("\n\n\n")[2].rstrip("\n") for p in modules]
    path = JOINED / f"{folder.name}.py"
    JOINED.mkdir(parents=True, exist_ok=True)
    write(path, "\n\n\n".join((head, *functions)) + "\n")
    return path


def write(path: Path, text: str) -> None:
    """Write a file only when it changes, or what is made of it would be made again each time."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def compiled() -> list[Extension]:
    """The loops as extension modules, translated to C."""
    from Cython.Build import cythonize

    declare_constants()
    modules: list[Extension] = cythonize(
        [
            Extension(
                f"whyrst.fast.compiled.{p.stem}",
                [str(p)],
                define_macros=[ABI],
                py_limited_api=True,
                extra_compile_args=["-O3", "-g0", *(f"--param={one}" for one in INLINE)],
            )
            for p in (*HOT, *map(joined, FOLDERS))
        ],
        include_path=["src"],
        language_level=3,
        nthreads=os.cpu_count() or 1,
        build_dir="build/cython",
        compiler_directives={
            "boundscheck": True,
            "wraparound": False,
            "cdivision": True,
            "embedsignature": False,
            "show_performance_hints": False,
        },
    )
    return modules


setup(
    options={"build_ext": {"parallel": os.cpu_count() or 1}},
    cmdclass={} if PURE else {"bdist_wheel": Abi3Wheel},
    ext_modules=[] if PURE else compiled(),
)
