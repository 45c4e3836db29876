"""Archives in object storage, over its real protocol: an S3 server on this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from unit.fleet.archives import case, cut, joined, table
from whyrst.fleet.archive import ArchiveError, listed
from whyrst.fleet.objects import local
from whyrst.fleet.plan import run
from whyrst.fleet.workers import Serial, workers

pytest.importorskip("obstore")
moto = pytest.importorskip("moto.server")
boto3 = pytest.importorskip("boto3")


@pytest.fixture(scope="module")
def server():
    started = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    started.start()
    host, port = started.get_host_and_port()
    yield f"http://{host}:{port}"
    started.stop()


@pytest.fixture
def bucket(server, monkeypatch):
    for name, value in {
        "AWS_ENDPOINT_URL": server, "AWS_ALLOW_HTTP": "true", "AWS_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    client = boto3.client("s3", endpoint_url=server, region_name="us-east-1")
    client.create_bucket(Bucket="captures")
    yield client
    for one in client.list_objects_v2(Bucket="captures").get("Contents", ()):
        client.delete_object(Bucket="captures", Key=one["Key"])
    client.delete_bucket(Bucket="captures")


@pytest.fixture
def stored(bucket, tmp_path):
    """Two points of one archive in the bucket, one of them also beside it; its local files."""
    parts = {name: cut(case(name), tmp_path / "local" / name, 3) for name in ("keep-alive-race", "port-closed")}
    for name, paths in parts.items():
        for path in paths:
            bucket.put_object(Bucket="captures", Key=f"lab/{name}/{Path(path).name}", Body=Path(path).read_bytes())
    bucket.put_object(Bucket="captures", Key="other/x.pcap", Body=b"not of this archive")
    bucket.put_object(Bucket="captures", Key="lab/_hidden/x.pcap", Body=b"nor is this")
    return parts


def bare(rows):
    return [{**one, "capture": Path(one["capture"]).name} for one in rows]


@pytest.mark.parametrize("jobs", [1, 2])
def test_objects_are_captures_as_files_are(stored, tmp_path, jobs):
    with workers(None, jobs) as by:
        summary = run(listed(["s3://captures/lab"]), str(tmp_path / "out"), by)
    assert (summary.captures, summary.points, summary.unreadable) == (6, 2, ())
    for name, paths in stored.items():
        rows = table(tmp_path / "out", "verdicts", name)
        assert {one["capture"].rpartition("/")[0] for one in rows} == {f"s3://captures/lab/{name}"}
        assert bare(rows) == bare(joined(paths)[0])


def test_an_unreadable_object_is_told_and_the_rest_goes_on(stored, bucket, tmp_path):
    bucket.put_object(Bucket="captures", Key="lab/port-closed/bad.pcap", Body=b"no capture at all")
    files = listed(["s3://captures/lab"])
    bucket.delete_object(Bucket="captures", Key="lab/keep-alive-race/capture-001.pcap.gz")
    summary = run(files, str(tmp_path / "out"), Serial())
    first, second = sorted(summary.unreadable, key=lambda one: one.path)
    assert first.path == "s3://captures/lab/keep-alive-race/capture-001.pcap.gz"
    assert first.reason.startswith("cannot be fetched")
    assert second.path == "s3://captures/lab/port-closed/bad.pcap"
    assert "not a pcap" in second.reason
    assert bare(table(tmp_path / "out", "verdicts", "port-closed")) == bare(joined(stored["port-closed"])[0])
    damage = [one["damage"] for one in table(tmp_path / "out", "quality", "port-closed") if one["damage"]]
    assert [(one["offset"], one["reason"]) for (one,) in damage] == [(0, second.reason)]


def test_a_changed_object_replaces_its_results(stored, bucket, tmp_path):
    run(listed(["s3://captures/lab"]), str(tmp_path / "out"), Serial())
    first, second, third = stored["port-closed"]
    name = f"lab/port-closed/{Path(second).name}"
    bucket.put_object(Bucket="captures", Key=name, Body=Path(first).read_bytes())  # its packets are there already
    run(listed(["s3://captures/lab"]), str(tmp_path / "out"), Serial())
    assert bare(table(tmp_path / "out", "verdicts", "port-closed")) == bare(joined([first, third])[0])


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("s3://captures/lab/", 6),
        ("s3://captures/lab/*/capture-00[01]*", 4),
        ("s3://captures/lab/port-closed/capture-000.pcap", 1),
        ("s3://captures", 7),
    ],
)
@pytest.mark.usefixtures("stored")
def test_sources_in_a_bucket(source, names):
    assert len(listed([source])) == names


@pytest.mark.usefixtures("bucket")
@pytest.mark.parametrize("source", ["s3://captures/none/", "s3://captures/none.pcap", "s3://no-such-bucket/x"])
def test_what_is_not_there_is_one_line(source):
    with pytest.raises(ArchiveError) as caught:
        listed([source])
    assert str(caught.value).startswith(source)
    assert "\n" not in str(caught.value)


@pytest.mark.usefixtures("stored")
def test_a_copy_goes_away():
    with local("s3://captures/lab/port-closed/capture-000.pcap") as path:
        assert Path(path).stat().st_size > 0
    assert not Path(path).exists()
