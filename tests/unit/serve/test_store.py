from __future__ import annotations

import json
import stat
import time

import msgspec
import pytest

import whyrst
from whyrst.serve.store import Store, Wanted


@pytest.fixture
def store(tmp_path):
    kept = Store(tmp_path / "state" / "whyrst.db")
    yield kept
    kept.close()


@pytest.fixture(scope="module")
def verdicts():
    return [json.loads(msgspec.json.encode(v)) for v in whyrst.analyze("examples/resets.pcap").verdicts]


@pytest.fixture
def filled(store, verdicts):
    capture = store.add(["resets.pcap"], ["/x/resets.pcap"], 10, uploaded=False)
    store.begin(capture.id)
    half = len(verdicts) // 2
    assert store.put(capture.id, 1, verdicts[:half]) == half
    store.put(capture.id, half + 1, verdicts[half:])
    return store, capture.id


@pytest.mark.usefixtures("store")
def test_the_file_is_its_owners_alone(tmp_path):
    assert stat.S_IMODE((tmp_path / "state" / "whyrst.db").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700


def test_a_capture_waits_first(store):
    capture = store.add(["<script>", "b"], ["a", "b"], 3, uploaded=True)
    assert (capture.state, capture.name, capture.paths) == ("queued", "<script> and b", ("a", "b"))
    assert store.interrupted() == [capture.id]
    assert len(capture.id) > 20


def test_verdicts_come_back_as_they_were(filled, verdicts):
    store, number = filled
    found = store.find(Wanted(capture=number), limit=1000)
    assert found.total == len(verdicts) == len(found.rows)
    for row in found.rows:
        assert store.verdict(number, row["number"]) == verdicts[row["number"] - 1]
    assert store.verdict(number, len(verdicts) + 1) is None


def test_pages_follow_each_other(filled):
    store, number = filled
    whole = store.find(Wanted(capture=number), limit=6).rows
    assert store.find(Wanted(capture=number), first=3, limit=3).rows == whole[3:]


@pytest.mark.parametrize("column", ["cause", "confidence", "harm", "mechanism"])
def test_filters_agree_with_the_counts(filled, column):
    store, number = filled
    for value, count in store.counts(Wanted(capture=number), column).items():
        found = store.find(Wanted(capture=number, **{column: value}), limit=1000)
        assert found.total == count
        assert {row[column] for row in found.rows} == {value}


def test_hosts_ports_and_text_are_found_at_either_end(filled):
    store, number = filled
    row = store.find(Wanted(capture=number)).rows[0]
    for wanted in (
        Wanted(host=row["client"]), Wanted(host=row["server"]), Wanted(port=row["server_port"]),
        Wanted(text=row["cause"].upper()), Wanted(since=row["time"]),
    ):  # fmt: skip
        assert row in store.find(wanted, limit=1000).rows
    assert row not in store.find(Wanted(until=row["time"]), limit=1000).rows
    assert store.find(Wanted(text="no verdict says this")).total == 0


@pytest.mark.parametrize("value", ["' OR 1=1 --", '"; DROP TABLE verdicts; --', "%", "\0"])
def test_what_is_asked_is_never_a_statement(filled, value):
    store, number = filled
    assert store.find(Wanted(capture=number, cause=value)).total == 0
    with pytest.raises(KeyError):
        store.counts(Wanted(), value)
    assert store.find(Wanted(capture=number)).total > 0


def test_beginning_again_forgets_what_was_found(filled):
    store, number = filled
    store.put_incidents(number, [{"id": "b"}, {"id": "a"}])
    assert [i["id"] for i in store.incidents(number)] == ["b", "a"]
    store.begin(number)
    assert store.find(Wanted(capture=number)).total == 0
    assert store.incidents(number) == []


def test_deleting_an_upload_deletes_its_file(tmp_path, store):
    file = tmp_path / "upload"
    file.write_bytes(b"x")
    mine, theirs = (store.add(["a"], [str(file)], 1, uploaded=u) for u in (True, False))
    store.delete(theirs.id)
    assert file.exists()
    store.delete(mine.id)
    assert not file.exists()
    assert store.captures() == []
    assert store.delete(mine.id) is None


def test_old_uploads_and_those_beyond_the_most_expire(store):
    uploads = [store.add([], [], 1, uploaded=True) for k in range(4)]
    for one in uploads:
        store.end(one.id, "done")
        time.sleep(0.002)
    store.add([], [], 1, uploaded=False)
    newest_first = [c.id for c in reversed(uploads)]
    assert store.expired(keep=60, most=3) == newest_first[3:]
    assert store.expired(keep=-1, most=3) == newest_first
