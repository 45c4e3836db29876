import threading
from pathlib import Path

import msgspec
import pytest

import whyrst
from unit.traffic import HEADER, traffic
from whyrst.analysis import COUNTERS, LARGE, analyze, worth_threads
from whyrst.capture.errors import CaptureError, FilterError
from whyrst.model import Quality, Verdict
from whyrst.verdicts.judged import Judged

CASES = Path(__file__).parents[1] / "cases"
REFUSED = CASES / "port-closed" / "capture.pcap"
SILENT = CASES / "no-reset" / "capture.pcap"


def test_verdicts_then_quality():
    seen = []
    report = analyze(REFUSED, progress=lambda done, total: seen.append((done, total)))
    verdicts = list(report.verdicts)
    assert verdicts
    assert all(isinstance(one, Verdict) for one in verdicts)
    quality = report.quality
    assert quality.captures == (str(REFUSED),)
    assert quality.resets == len(verdicts)
    assert quality.packets == quality.segments + sum(quality.skipped.values())
    assert quality.start < quality.end
    size = REFUSED.stat().st_size
    assert seen[-1] == (size, size)
    assert report.errors == []


def test_progress_is_told_by_the_thread_that_iterates(monkeypatch):
    monkeypatch.setattr("whyrst.analysis.LARGE", 0)
    seen = []
    report = analyze(
        REFUSED, jobs=3, progress=lambda done, total: seen.append((threading.current_thread(), done, total))
    )
    assert list(report.verdicts)
    size = REFUSED.stat().st_size
    assert seen[-1] == (threading.current_thread(), size, size)
    assert {thread for thread, *_ in seen} == {threading.current_thread()}


def test_a_report_that_is_given_up_leaves_no_threads(monkeypatch):
    monkeypatch.setattr("whyrst.analysis.LARGE", 0)
    before = threading.active_count()
    batches = analyze(REFUSED, jobs=3).batches()
    next(batches)
    batches.close()
    assert threading.active_count() == before


def test_small_captures_are_not_worth_threads(tmp_path):
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(LARGE)
    assert not worth_threads([str(REFUSED)])
    assert worth_threads([str(REFUSED), str(large)])
    assert worth_threads(["-"])
    assert not worth_threads([str(tmp_path / "missing")])


def test_counters_are_fields_of_the_quality():
    assert set(COUNTERS) <= set(Quality.__struct_fields__)


def test_a_report_is_iterated_once():
    report = analyze(REFUSED)
    assert all(isinstance(batch, Judged) for batch in report.batches())
    with pytest.raises(RuntimeError, match="once"):
        list(report.verdicts)


def test_capture_without_resets():
    report = analyze(str(SILENT))
    assert list(report.verdicts) == []
    assert report.incidents == ()
    assert report.quality.connections > 0


def test_several_captures_are_judged_apart():
    both = list(analyze([REFUSED, SILENT, REFUSED]).verdicts)
    alone = list(analyze(REFUSED).verdicts)
    assert [one.frame for one in both] == 2 * [one.frame for one in alone]
    assert {one.capture for one in both} == {str(REFUSED)}
    assert [one.cause for one in both] == 2 * [one.cause for one in alone]


def test_order_and_memory_of_the_tracker_hold_for_one_capture_only():
    report = analyze([REFUSED, REFUSED])
    list(report.verdicts)
    one = analyze(REFUSED)
    list(one.verdicts)
    assert report.quality.connections == 2 * one.quality.connections
    assert report.quality.packets == 2 * one.quality.packets


def test_a_joined_capture_without_segments_gives_its_name_to_no_verdict(tmp_path):
    empty = tmp_path / "empty.pcap"
    empty.write_bytes(REFUSED.read_bytes()[:24])
    verdicts = list(analyze([empty, REFUSED], join=True).verdicts)
    assert verdicts
    assert {one.capture for one in verdicts} == {str(REFUSED)}


def test_filter_leaves_packets_out():
    report = analyze(REFUSED, filter="tcp[tcpflags] & tcp-rst == 0")
    assert list(report.verdicts) == []
    assert report.quality.skipped["filter"] > 0
    with pytest.raises(FilterError):
        analyze(REFUSED, filter="tcp[")


def test_unreadable_capture():
    report = analyze("/nonexistent.pcap")
    with pytest.raises(CaptureError, match=r"/nonexistent\.pcap"):
        list(report.verdicts)
    assert len(report.errors) == 1


def test_damage_is_told_after_all_that_was_readable(tmp_path):
    path = tmp_path / "cut.pcap"
    path.write_bytes(REFUSED.read_bytes()[:-3])
    report = analyze(path)
    list(report.verdicts)
    (damage,) = report.quality.damage
    assert damage.path == str(path)
    assert 0 < damage.offset < path.stat().st_size


def test_dicts_are_what_json_holds():
    dicts = analyze(REFUSED).to_dicts()
    verdicts = list(analyze(REFUSED).verdicts)
    assert [msgspec.convert(one, Verdict) for one in dicts] == verdicts
    assert [msgspec.json.encode(one) for one in dicts] == [msgspec.json.encode(one) for one in verdicts]


def test_arrow_and_pandas():
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    pytest.importorskip("pandas", reason="pandas is not installed")
    table = analyze(REFUSED).to_arrow()
    frame = analyze(REFUSED).to_pandas()
    assert table.num_rows == len(frame) > 0
    assert frame["connection.client"].notna().all()


def test_many_resets_come_in_several_batches(tmp_path):
    path = tmp_path / "many.pcap"
    with path.open("wb") as out:
        out.write(HEADER)
        traffic.refused(out, 20_000)
    report = analyze(path)
    sizes = [len(batch) for batch in report.batches()]
    assert sum(sizes) == 20_000
    assert len(sizes) > 1
    assert report.quality.resets == 20_000


def test_the_package_hands_out_the_same_names():
    assert whyrst.analyze is analyze
    assert whyrst.Verdict is Verdict
    assert whyrst.explain("port-closed").id == "port-closed"
    with pytest.raises(AttributeError):
        whyrst.nothing  # noqa: B018
