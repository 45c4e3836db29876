from __future__ import annotations

import io
import subprocess
import sys

from kernels.cpio import Writer

from kernels import image


class Kept(Writer):
    """Keeps what is written, as files by name."""

    def __init__(self):
        super().__init__(io.BytesIO())
        self.files = {}

    def data(self, name, content, mode=0o644):
        super().data(name, content, mode)
        self.files[name] = content


def test_python_source_goes_with_its_compiled_form(tmp_path):
    source = tmp_path / "module.py"
    source.write_text("value = 'compiled'\n")
    root = Kept()
    image._add(root, "lib/module.py", source)
    for name, content in root.files.items():
        place = tmp_path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    # Python takes the compiled form without looking at the source: that is what saves time.
    (tmp_path / "lib/module.py").write_text("value = 'source'\n")
    shown = subprocess.run(
        [sys.executable, "-c", "import module; print(module.value)"],
        env={"PYTHONPATH": str(tmp_path / "lib")}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert shown.stdout == "compiled\n"


def test_source_that_does_not_compile_is_copied_as_it_is(tmp_path):
    source = tmp_path / "bad.py"
    source.write_text("def (:\n")
    root = Kept()
    image._add(root, "bad.py", source)
    assert root.files == {"bad.py": b"def (:\n"}


def test_the_packages_are_those_that_whyrst_needs_and_what_they_need():
    found = image._distributions("whyrst")
    assert {"click", "msgspec", "numpy", "rich", "pygments"} <= found
    assert not found & {"pytest", "pyarrow", "whyrst"}


def test_a_package_is_taken_without_its_tests_and_scripts():
    places = [place for _, place in image._package("numpy")]
    assert "numpy/__init__.py" in places
    assert not [place for place in places if "/tests/" in place or place.startswith("..")]


def test_libraries_are_taken_under_the_names_that_the_loader_looks_for():
    found = {path.name: path for path in image._libraries([image._python()])}
    assert {"libc.so.6", "libm.so.6"} <= set(found)
    assert not [path for path in found.values() if path.parts[1] in {"lib", "lib64"}]
    assert all(path.exists() for path in found.values())


def test_the_image_starts_with_its_init_script_and_holds_the_test(tmp_path, monkeypatch):
    script = tmp_path / "script.py"
    script.write_text("print('here')\n")
    (tmp_path / "other.py").write_text("")
    base = tmp_path / "base"
    base.write_bytes(b"BASE")
    monkeypatch.setattr(image, "_base", lambda _folder: base)
    built = image.build(tmp_path / "kept", script).read_bytes()
    assert built.startswith(b"BASE070701")
    for name in (b"init\0", b"whyrst/whyrst/__init__.py\0", b"script/script.py\0", b"script/other.py\0"):
        assert name in built
    assert f"#!{image._python()} -I\n".encode() in built
