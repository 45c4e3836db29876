"""The captures of the benchmarks, for tests of size."""

import struct
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

_SPEC = spec_from_file_location("traffic", Path(__file__).parents[2] / "bench" / "traffic.py")
traffic = module_from_spec(_SPEC)
_SPEC.loader.exec_module(traffic)

HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1)
"""File header of a pcap."""
