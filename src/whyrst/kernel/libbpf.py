"""The system's libbpf.so.1 through ctypes: load an object, attach programs, read maps and the ring buffer.

libbpf comes with iproute2 or systemd on practically every Linux host, so nothing needs to be compiled or installed.
Only what the probes need is bound here; the names are libbpf's.
"""

from __future__ import annotations

import ctypes
import os
from collections import deque
from contextlib import contextmanager
from ctypes import CFUNCTYPE, POINTER, c_char_p, c_int, c_size_t, c_uint32, c_void_p
from functools import cache
from typing import TYPE_CHECKING, Any

from whyrst.kernel.refused import counted_memory, reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NAMES = ("libbpf.so.1",)
SAMPLE = CFUNCTYPE(c_int, c_void_p, c_void_p, c_size_t)
PRINT = CFUNCTYPE(c_int, c_int, c_char_p, c_void_p)
WARNING, LONGEST, LATEST = 0, 1 << 20, 1000
"""Level of what libbpf says when something failed; bytes of one message; lines that are kept."""
SIGNATURES: dict[str, tuple[object, tuple[object, ...]]] = {
    "libbpf_version_string": (c_char_p, ()),
    "libbpf_num_possible_cpus": (c_int, ()),
    "libbpf_set_print": (c_void_p, (c_void_p,)),
    "bpf_object__open_file": (c_void_p, (c_char_p, c_void_p)),
    "bpf_object__load": (c_int, (c_void_p,)),
    "bpf_object__close": (None, (c_void_p,)),
    "bpf_object__next_program": (c_void_p, (c_void_p, c_void_p)),
    "bpf_object__find_map_by_name": (c_void_p, (c_void_p, c_char_p)),
    "bpf_program__name": (c_char_p, (c_void_p,)),
    "bpf_program__set_autoload": (c_int, (c_void_p, ctypes.c_bool)),
    "bpf_program__attach": (c_void_p, (c_void_p,)),
    "bpf_program__fd": (c_int, (c_void_p,)),
    "bpf_link__destroy": (c_int, (c_void_p,)),
    "bpf_map__fd": (c_int, (c_void_p,)),
    "bpf_map__initial_value": (c_void_p, (c_void_p, POINTER(c_size_t))),
    "bpf_map__set_max_entries": (c_int, (c_void_p, c_uint32)),
    "bpf_enable_stats": (c_int, (c_int,)),
    "bpf_map_lookup_elem": (c_int, (c_int, c_void_p, c_void_p)),
    "bpf_map_get_next_key": (c_int, (c_int, c_void_p, c_void_p)),
    "ring_buffer__new": (c_void_p, (c_int, SAMPLE, c_void_p, c_void_p)),
    "ring_buffer__consume": (c_int, (c_void_p,)),
    "ring_buffer__free": (None, (c_void_p,)),
    "btf__load_vmlinux_btf": (c_void_p, ()),
    "btf__find_by_name_kind": (ctypes.c_int32, (c_void_p, c_char_p, c_uint32)),
    "btf__type_by_id": (c_void_p, (c_void_p, c_uint32)),
    "btf__name_by_offset": (c_char_p, (c_void_p, c_uint32)),
    "btf__free": (None, (c_void_p,)),
}


class BpfError(Exception):
    """libbpf is missing, or the kernel refused something; the message says what."""


@cache
def libbpf() -> ctypes.CDLL:
    """The library with its signatures set; silent.

    Raises:
        BpfError: there is none.
    """
    for name in NAMES:
        try:
            library = ctypes.CDLL(name, use_errno=True)
        except OSError:
            continue
        for function, (result, arguments) in SIGNATURES.items():
            bound = getattr(library, function)
            bound.restype, bound.argtypes = result, arguments
        library.libbpf_set_print(None)
        return library
    raise BpfError(f"{NAMES[0]} was not found: install libbpf1 (Debian, Ubuntu) or libbpf (Fedora, Arch, Alpine)")


def version() -> str:
    """Version of libbpf, as v1.1."""
    return str(libbpf().libbpf_version_string().decode())


class BpfObject:
    """A BPF object file: open, choose programs, load, attach.

    Args:
        path: the ELF object.

    Raises:
        BpfError: it cannot be opened.
    """

    def __init__(self, path: str) -> None:
        self._lib = libbpf()
        self._said: deque[str] = deque(maxlen=LATEST)
        self._object = self._lib.bpf_object__open_file(os.fsencode(path), None)
        if not self._object:
            raise BpfError(f"{path} cannot be opened: {os.strerror(ctypes.get_errno())}")
        self._links: dict[str, int] = {}
        self.programs: dict[str, int] = dict(self._walk())

    def _walk(self) -> Iterator[tuple[str, int]]:
        program = None
        while program := self._lib.bpf_object__next_program(self._object, program):
            yield self._lib.bpf_program__name(program).decode(), program

    def choose(self, names: set[str]) -> None:
        """Load these programs only."""
        for name, program in self.programs.items():
            self._lib.bpf_program__set_autoload(program, name in names)

    def initial(self, section: str, offset: int, value: bytes) -> None:
        """Write into a data section before loading.

        Raises:
            BpfError: there is no such section, or it is smaller.
        """
        size = c_size_t()
        start = self._lib.bpf_map__initial_value(self._map(section), ctypes.byref(size))
        if not start or offset + len(value) > size.value:
            raise BpfError(f"the object has no room at {section}+{offset}")
        ctypes.memmove(start + offset, value, len(value))

    def load(self) -> None:
        """Load maps and programs into the kernel.

        Raises:
            BpfError: the kernel refused; with the line of its log that says why, if it has one.
        """
        with self._heard():
            failed, error = self._lib.bpf_object__load(self._object) != 0, ctypes.get_errno()
        if failed:
            why = "; ".join(filter(None, (os.strerror(error), reason(self._said), counted_memory(error))))
            raise BpfError(f"the kernel refused to load the probes: {why}")

    def attach(self, name: str) -> None:
        """Attach a loaded program where its section says. It detaches when this process ends, however it ends.

        Raises:
            BpfError: the kernel refused.
        """
        link = self._lib.bpf_program__attach(self.programs[name])
        if not link:
            raise BpfError(f"{name} cannot be attached: {os.strerror(ctypes.get_errno())}")
        self._links[name] = link

    @contextmanager
    def _heard(self) -> Iterator[None]:
        """Keep the latest warnings that libbpf prints meanwhile; else it is silent."""
        hear = _printer(self._said.extend)
        self._lib.libbpf_set_print(ctypes.cast(hear, c_void_p))
        try:
            yield
        finally:
            self._lib.libbpf_set_print(None)

    @property
    def attached(self) -> tuple[str, ...]:
        """Programs that run."""
        return tuple(self._links)

    def map_fd(self, name: str) -> int:
        """File descriptor of a map, open as long as the object.

        Raises:
            BpfError: there is no such map.
        """
        return int(self._lib.bpf_map__fd(self._map(name)))

    def program_fd(self, name: str) -> int:
        """File descriptor of a loaded program."""
        return int(self._lib.bpf_program__fd(self.programs[name]))

    def _map(self, name: str) -> int:
        found = self._lib.bpf_object__find_map_by_name(self._object, name.encode())
        if not found:
            raise BpfError(f"the object has no map {name}")
        return int(found)

    def detach(self) -> None:
        """Detach every program; the maps can still be read."""
        for link in self._links.values():
            self._lib.bpf_link__destroy(link)
        self._links.clear()

    def close(self) -> None:
        """Detach and free everything."""
        self.detach()
        if self._object:
            self._lib.bpf_object__close(self._object)
            self._object = None


class RingBuffer:
    """A ring buffer map; `consume` hands over what is there.

    Args:
        fd: of the map.
        take: called with the bytes of each sample, a copy.

    Raises:
        BpfError: it cannot be mapped.
    """

    def __init__(self, fd: int, take: Callable[[bytes], None]) -> None:
        self._failed: BaseException | None = None

        def sample(_context: int, data: int, size: int) -> int:
            try:
                take(ctypes.string_at(data, size))
            except BaseException as error:  # noqa: BLE001 - an exception must not cross the C library
                self._failed = error
                return -1
            return 0

        self._lib = libbpf()
        self._sample = SAMPLE(sample)  # kept alive as long as the ring
        self._ring = self._lib.ring_buffer__new(fd, self._sample, None, None)
        if not self._ring:
            raise BpfError(f"the ring buffer cannot be mapped: {os.strerror(ctypes.get_errno())}")

    def consume(self) -> int:
        """Hand over every sample that waits; returns how many. Raises what `take` raised."""
        count = int(self._lib.ring_buffer__consume(self._ring))
        if self._failed is not None:
            failed, self._failed = self._failed, None
            raise failed
        return count

    def close(self) -> None:
        """Unmap it."""
        if self._ring:
            self._lib.ring_buffer__free(self._ring)
            self._ring = None


def entries(fd: int, key_size: int, value_size: int) -> Iterator[tuple[bytes, bytes]]:
    """Key and value of every entry of a hash map; entries that go while it is read are left out."""
    library = libbpf()
    key, value = ctypes.create_string_buffer(key_size), ctypes.create_string_buffer(value_size)
    after = None
    while library.bpf_map_get_next_key(fd, after, key) == 0:
        if library.bpf_map_lookup_elem(fd, key, value) == 0:
            yield key.raw, value.raw
        after = ctypes.create_string_buffer(key.raw, key_size)


def per_cpu(fd: int, index: int, value_size: int) -> list[bytes]:
    """The values of one entry of a per-CPU array, one per possible CPU. Sizes are multiples of 8.

    Raises:
        BpfError: the entry cannot be read.
    """
    library = libbpf()
    cpus = library.libbpf_num_possible_cpus()
    values = ctypes.create_string_buffer(cpus * value_size)
    if library.bpf_map_lookup_elem(fd, ctypes.byref(c_uint32(index)), values) != 0:
        raise BpfError(f"a counter cannot be read: {os.strerror(ctypes.get_errno())}")
    return [values.raw[i * value_size : (i + 1) * value_size] for i in range(cpus)]


def _printer(take: Callable[[list[str]], None]) -> Any:
    """Libbpf's print function, for warnings: its arguments are a va_list, which the C library formats."""
    libc = ctypes.CDLL(None)
    libc.vsnprintf.argtypes = (c_void_p, c_size_t, c_char_p, c_void_p)

    def line(level: int, form: bytes, arguments: int) -> int:
        if level == WARNING:
            text = ctypes.create_string_buffer(LONGEST)
            libc.vsnprintf(text, len(text), form, arguments)
            take(text.value.decode("utf-8", "replace").splitlines())
        return 0

    return PRINT(line)


__all__ = ["BpfError", "BpfObject", "RingBuffer", "entries", "libbpf", "per_cpu", "version"]
