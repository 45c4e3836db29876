"""Archives made of the golden cases: cut into rotated files, compressed, at several capture points."""

from __future__ import annotations

import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from backports import zstd

from properties.captures import HEADER, records
from whyrst.analysis import analyze
from whyrst.fleet.archive import listed
from whyrst.fleet.plan import run
from whyrst.fleet.workers import Serial
from whyrst.reports.parquet import row, schema

CASES = Path(__file__).parents[2] / "cases"
PACK = {"": bytes, ".gz": gzip.compress, ".zst": zstd.compress}


def case(name):
    return (CASES / name / "capture.pcap").read_bytes()


def pcap(like, packets):
    """The packets with the file header of a capture."""
    return like[:HEADER] + b"".join(packets)


def cut(data, folder, parts, kinds=("", ".gz", ".zst")):
    """Cut a capture into rotated files, none of them empty; gives their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    packets = records(data)
    parts = min(parts, len(packets))
    ends = [len(packets) * k // parts for k in range(parts + 1)]
    paths = []
    for k in range(parts):
        kind = kinds[k % len(kinds)]
        path = folder / f"capture-{k:03}.pcap{kind}"
        path.write_bytes(PACK[kind](pcap(data, packets[ends[k] : ends[k + 1]])))
        paths.append(str(path))
    return paths


def analyzed(source, out, by=None, **options):
    """Run the whole plan over one folder."""
    return run(listed([str(source)], beside=str(out), **options), str(out), by or Serial())


def table(out, kind, point):
    """All rows of one kind at one capture point."""
    parts = sorted(Path(out).glob(f"{kind}/day=*/point={point}/*.parquet"))
    return (
        pa.concat_tables([pq.ParquetFile(pa.BufferReader(part.read_bytes())).read() for part in parts]).to_pylist()
        if parts
        else []
    )


def joined(paths):
    """What `analyze --join` says of the same files, as rows of the same columns, and its incidents."""
    report = analyze(paths, join=True)
    rows = [row(verdict) for verdict in report.verdicts]
    return pa.Table.from_pylist(rows, schema()).to_pylist(), report.incidents


def tables(out):
    """Every table's bytes, by its path below OUT."""
    root = Path(out)
    return {str(part.relative_to(root)): part.read_bytes() for part in sorted(root.glob("*/day=*/point=*/*.parquet"))}
