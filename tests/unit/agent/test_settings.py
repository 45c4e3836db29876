from __future__ import annotations

from pathlib import Path

import pytest

from whyrst.agent.settings import (
    DEFAULT_FOLDER,
    File,
    Kafka,
    Otlp,
    Queue,
    Settings,
    SettingsError,
    bytes_of,
    kafka,
    queue_folder,
    read,
    with_endpoint,
)

DOCS = Path(__file__).parents[3] / "docs" / "agent.md"


def written(folder, text):
    path = folder / "agent.toml"
    path.write_text(text)
    return str(path)


def test_the_example_of_the_documentation(tmp_path):
    text = DOCS.read_text().split("```toml\n")[1].split("```")[0]
    settings = read(written(tmp_path, text))
    assert settings.filter == "port 443"
    assert settings.queue == Queue("/var/lib/whyrst/agent", "256M")
    assert list(settings.outputs()) == ["collector", "kafka", "file"]
    assert settings.kafka[0].settings["sasl.username"] == "whyrst"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("filtr = ''", "filtr"),
        ("filter = 5", "Expected `str`, got `int` - at `$.filter`"),
        ("filter = ", "Invalid value"),
        ("[[otlp]]", "url"),
        ("[[otlp]]\nurl='http://a'\nname='A b'", "name"),
        ("[[otlp]]\nurl='http://a'\nname='../x'", "name"),
        ("[[kafka]]\nbrokers='a'\ntopic='a b'", "topic"),
        ("[[file]]\npath='a'\ncount=0", "count"),
        ("[[file]]\npath='a'\nsize='big'", "'big' is no size such as 256M"),
        ("[queue]\nsize='0M'", "'0M' is no size"),
        ("a = " + "[" * 5000, "agent.toml"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(tmp_path, text, why):
    path = written(tmp_path, text)
    with pytest.raises(SettingsError) as failed:
        read(path)
    assert str(failed.value).startswith(f"{path}: ")
    assert why in str(failed.value)


def test_a_file_that_is_not_there_or_no_text(tmp_path):
    with pytest.raises(SettingsError, match="No such file"):
        read(str(tmp_path / "none"))
    (tmp_path / "agent.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="utf-8"):
        read(str(tmp_path / "agent.toml"))


def test_outputs_have_names():
    settings = Settings(otlp=(Otlp("http://a"), Otlp("http://b"), Otlp("http://c", "c")), file=(File("x"),))
    assert list(settings.outputs()) == ["otlp", "otlp-2", "c", "file"]
    with pytest.raises(SettingsError, match="two outputs are called 'file'"):
        Settings(otlp=(Otlp("http://a", "file"),), file=(File("x"),)).outputs()


@pytest.mark.parametrize("again", ["x", "./x", "y/../x", "link"])
def test_a_file_is_written_by_one_output(again, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link").symlink_to("x")
    (tmp_path / "y").mkdir()
    with pytest.raises(SettingsError, match=f"two outputs write {again}"):
        Settings(file=(File("x"), File("z"), File(again))).outputs()


@pytest.mark.parametrize(
    ("text", "size"),
    [("1", 1), ("10k", 10240), ("256M", 256 << 20), ("2G", 2 << 30), ("1T", 1 << 40), ("5MB", 5 << 20)],
)
def test_sizes(text, size):
    assert bytes_of(text) == size


@pytest.mark.parametrize("text", ["", "M", "-1", "1.5M", "1X", "0", 0, "9" * 20])
def test_what_is_no_size(text):
    with pytest.raises(SettingsError):
        bytes_of(text)


def test_topics():
    assert kafka("a:9092,b:9092/resets") == Kafka("a:9092,b:9092", "resets")
    for text in ("resets", "/resets", "a/", "a/b c"):
        with pytest.raises(SettingsError):
            kafka(text)


@pytest.mark.parametrize(
    ("environment", "url"),
    [
        ({}, None),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://a:4318"}, "http://a:4318/v1/logs"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://a/otlp/"}, "http://a/otlp/v1/logs"),
        ({"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": "http://a/x", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://b"}, "http://a/x"),
    ],
)
def test_the_endpoint_of_the_environment(environment, url):
    found = with_endpoint(Settings(), environment).otlp
    assert [one.url for one in found] == ([url] if url else [])
    given = Settings(otlp=(Otlp("http://given"),))
    assert with_endpoint(given, environment) == given


def test_where_the_queue_is():
    assert queue_folder(Settings(), {}) == DEFAULT_FOLDER
    assert queue_folder(Settings(), {"STATE_DIRECTORY": "/a:/b"}) == Path("/a")
    assert queue_folder(Settings(queue=Queue("/q")), {"STATE_DIRECTORY": "/a"}) == Path("/q")
