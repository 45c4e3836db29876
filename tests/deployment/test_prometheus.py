"""The alert rules and the dashboard are read by Prometheus' own tool, and ask for metrics that whyrst has."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

import whyrst
from whyrst.agent.metrics import exposition as of_agent
from whyrst.agent.queue import Queue
from whyrst.causes import all_causes
from whyrst.trace.counts import Counts
from whyrst.trace.prometheus import exposition as of_resets

ROOT = Path(__file__).parents[2]
RULES = ROOT / "packaging" / "prometheus" / "whyrst.rules.yml"
CASES = Path(__file__).parent / "whyrst.rules.test.yml"
DASHBOARD = ROOT / "packaging" / "grafana" / "whyrst.json"
OTHERS = {"up": {"job"}}
"""Metrics that Prometheus makes itself."""
ALWAYS = {"instance", "job"}
SELECTOR = re.compile(r"\b((?:whyrst|process)_\w+|up)\b(?:\{([^}]*)\})?")
promtool = pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")


def documented():
    """Metrics and their labels, by the tables of docs/agent.md and docs/trace.md."""
    found = {}
    for page in ("agent.md", "trace.md"):
        for line in (ROOT / "docs" / page).read_text(encoding="utf-8").splitlines():
            if line.startswith(("| `whyrst_", "| `process_")):
                names = re.findall(r"`(\w+)(?:\{([\w,]*)\})?`", line.split("|")[1])
                found |= {name: set(filter(None, labels.split(","))) for name, labels in names}
    return found


def rules():
    return [rule for group in yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"] for rule in group["rules"]]


def panels():
    return [panel for panel in json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"] if panel["type"] != "row"]


def queries():
    dashboard = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    asked = [target["expr"] for panel in panels() for target in panel["targets"]]
    return asked + [
        re.fullmatch(r"label_values\((.*), \w+\)", variable["query"]["query"])[1]
        for variable in dashboard["templating"]["list"]
    ]


def run(*arguments, cwd):
    return subprocess.run(["promtool", *arguments], capture_output=True, text=True, check=False, cwd=cwd)


@promtool
def test_the_rules_are_well_formed():
    done = run("check", "rules", "--lint-fatal", RULES.name, cwd=RULES.parent)
    assert done.returncode == 0, done.stdout + done.stderr


@promtool
def test_each_alert_fires_for_what_it_is_about(tmp_path):
    shutil.copy(RULES, tmp_path)
    shutil.copy(CASES, tmp_path)
    done = run("test", "rules", CASES.name, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_alert_has_a_case_that_fires():
    cases = yaml.safe_load(CASES.read_text(encoding="utf-8"))["tests"]
    fire = {one["alertname"] for case in cases for one in case["alert_rule_test"] if one["exp_alerts"]}
    assert fire == {rule["alert"] for rule in rules() if "alert" in rule}


@promtool
def test_every_query_of_the_dashboard_is_promql(tmp_path):
    macros = {"$__rate_interval": "5m", "$__range": "6h", "$instance": ".*", "$job": ".*", "$cause": ".*"}
    expressions = []
    for query in queries():
        for name, value in macros.items():
            query = query.replace(name, value)  # noqa: PLW2901 - replaced step by step
        assert "$" not in query
        expressions.append(query)
    made = [{"record": f"query:{at}", "expr": expression} for at, expression in enumerate(expressions)]
    (tmp_path / "queries.yml").write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": made}]}))
    done = run("check", "rules", "queries.yml", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(expressions)} rules found" in done.stdout


@pytest.mark.parametrize("asked", [*queries(), *(rule["expr"] for rule in rules())])
def test_every_query_asks_for_metrics_labels_and_causes_that_there_are(asked):
    known = documented() | OTHERS
    found = SELECTOR.findall(asked.replace("whyrst:resets:increase5m", "whyrst_resets_total"))
    assert found
    for name, matchers in found:
        assert name in known
        for label, value in re.findall(r'(\w+)\s*=~?\s*"([^"]*)"', matchers):
            assert label in known[name] | ALWAYS
            if label == "cause" and "$" not in value:
                assert set(value.split("|")) <= set(all_causes())


def test_the_documented_metrics_are_those_that_the_agent_shows(tmp_path):
    queue = Queue(tmp_path, 1 << 20)
    text = of_agent(whyrst.__version__, queue, []) + of_resets(Counts(), {})
    queue.close()
    shown = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE ")}
    assert shown == set(documented())


def test_what_is_grouped_by_is_a_label():
    labels = ALWAYS.union(*documented().values())
    texts = [*queries(), *(rule["expr"] for rule in rules())]
    texts += [target["legendFormat"] for panel in panels() for target in panel["targets"]]
    named = {label for text in texts for group in re.findall(r"\bby \(([^)]*)\)", text) for label in group.split(", ")}
    named |= {label for text in texts for label in re.findall(r"\{\{(\w+)\}\}", text)}
    assert named <= labels


def test_panels_of_the_dashboard_do_not_cover_each_other():
    taken = set()
    for panel in json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert max(x for x, _ in cells) < 24
        assert not cells & taken
        taken |= cells


def test_the_dashboard_asks_for_its_source_when_it_is_imported():
    dashboard = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    assert [source["name"] for source in dashboard["__inputs"]] == ["DS_PROMETHEUS"]
    places = [*panels(), *(target for panel in panels() for target in panel["targets"])]
    assert {place["datasource"]["uid"] for place in [*places, *dashboard["templating"]["list"]]} == {"${DS_PROMETHEUS}"}
    numbers = [panel["id"] for panel in dashboard["panels"]]
    assert len(numbers) == len(set(numbers))
