"""Names and signatures of the running kernel, from its BTF: reasons change their numbers between versions."""

from __future__ import annotations

import ctypes
from functools import cached_property
from pathlib import Path

from whyrst.kernel.libbpf import BpfError, libbpf

PLACE = Path("/sys/kernel/btf/vmlinux")
KIND_PTR, KIND_STRUCT, KIND_ENUM, KIND_TYPEDEF, KIND_FUNC, KIND_FUNC_PROTO, KIND_ENUM64 = 2, 4, 6, 8, 12, 13, 19
WORD = 4
TYPE = 3 * WORD
"""Bytes of struct btf_type (include/uapi/linux/btf.h): name_off, info, size or type."""
RESET_PREFIX, DROP_PREFIX = "SK_RST_REASON_", "SKB_DROP_REASON_"


class Btf:
    """The kernel's BTF.

    Raises:
        BpfError: the kernel has none, or libbpf is missing.
    """

    def __init__(self) -> None:
        self._lib = libbpf()
        self._btf = self._lib.btf__load_vmlinux_btf()
        if not self._btf or self._btf >= 2**64 - 4096:  # an error pointer
            raise BpfError(f"the kernel has no BTF ({PLACE}): it was built without CONFIG_DEBUG_INFO_BTF")

    def enum(self, name: str) -> dict[int, str]:
        """Values of an enum; empty when there is none of that name."""
        found = self._find(name, KIND_ENUM)
        if found is None:
            return {}
        place, count = found
        return {value: self._name(at) for at, value in self._pairs(place + TYPE, count)}

    def parameters(self, function: str) -> tuple[str, ...] | None:
        """Names of a function's parameters; None when BTF does not know it."""
        found = self._find(function, KIND_FUNC)
        if found is None:
            return None
        place, count = self._type(self._word(found[0] + 2 * WORD))
        return tuple(self._name(at) for at, _ in self._pairs(place + TYPE, count))

    def tracepoint(self, name: str) -> int | None:
        """How many arguments a tracepoint hands over; None when there is no such tracepoint."""
        found = self._find(f"btf_trace_{name}", KIND_TYPEDEF)
        if found is None:
            return None
        pointer, _ = self._type(self._word(found[0] + 2 * WORD))
        _, count = self._type(self._word(pointer + 2 * WORD))
        return count - 1  # the first is the tracepoint's own

    def _find(self, name: str, kind: int) -> tuple[int, int] | None:
        number = self._lib.btf__find_by_name_kind(self._btf, name.encode(), kind)
        return self._type(number) if number > 0 else None

    def _type(self, number: int) -> tuple[int, int]:
        """Address of a type, and how many members it has."""
        place = int(self._lib.btf__type_by_id(self._btf, number))
        return place, self._word(place + WORD) & 0xFFFF

    def _pairs(self, place: int, count: int) -> list[tuple[int, int]]:
        return [(self._word(place + k * 2 * WORD), self._word(place + k * 2 * WORD + WORD)) for k in range(count)]

    def _word(self, place: int) -> int:
        return ctypes.c_uint32.from_address(place).value

    def _name(self, offset: int) -> str:
        return str((self._lib.btf__name_by_offset(self._btf, offset) or b"").decode())

    def close(self) -> None:
        """Free it."""
        if self._btf:
            self._lib.btf__free(self._btf)
            self._btf = None


class Names:
    """Names of the reasons that probes report as numbers."""

    def __init__(self, btf: Btf) -> None:
        self._resets = _short(btf.enum("sk_rst_reason"), RESET_PREFIX)
        self._drops = _short(btf.enum("skb_drop_reason"), DROP_PREFIX)

    def reset_reason(self, number: int) -> str | None:
        """Name in enum sk_rst_reason without its prefix; None on kernels before 6.10."""
        return self._resets.get(number) or (f"REASON_{number}" if self._resets else None)

    def drop_reason(self, number: int) -> str | None:
        """Name in enum skb_drop_reason without its prefix."""
        return self._drops.get(number) or (f"REASON_{number}" if self._drops else None)

    @cached_property
    def taken(self) -> int | None:
        """Number of the drop reason of a reset that a socket took."""
        return next((number for number, name in self._drops.items() if name == "TCP_RESET"), None)


def _short(values: dict[int, str], prefix: str) -> dict[int, str]:
    return {number: name.removeprefix(prefix) for number, name in values.items()}
