"""Write packaging/grafana/whyrst.json, the dashboard of `whyrst agent`; with --check only say that it is out of date.

Panels stand below as they stand on the page: rows of panels that share its 24 columns. The model is that of
https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/
"""

from __future__ import annotations

import json
import sys
from itertools import count
from pathlib import Path
from typing import Any

PLACE = Path(__file__).resolve().parent.parent / "packaging" / "grafana" / "whyrst.json"
SOURCE = {"type": "prometheus", "uid": "${DS_PROMETHEUS}"}
HOSTS = 'job=~"$job", instance=~"$instance"'
RESETS = f'whyrst_resets_total{{{HOSTS}, cause=~"$cause"}}'
COLUMNS, HEIGHT = 24, 8


def rates(by: str, *, most: int = 0) -> tuple[str, str]:
    """Expression and legend of resets per second by a label, of the `most` frequent ones only."""
    rate = f"sum by ({by}) (rate({RESETS}[$__rate_interval]))"
    return (f"topk({most}, {rate})" if most else rate), f"{{{{{by}}}}}"


def lines(title: str, *targets: tuple[str, str], unit: str = "short", stacked: bool = False, about: str = "") -> Any:
    """A panel of lines over time."""
    custom = {"fillOpacity": 30 if stacked else 5, "stacking": {"mode": "normal" if stacked else "none"}}
    return panel("timeseries", title, targets, unit, custom=custom, about=about) | {
        "options": {
            "legend": {"displayMode": "table", "placement": "bottom", "calcs": ["mean", "max"], "showLegend": True},
            "tooltip": {"mode": "multi", "sort": "desc"},
        }
    }


def number(title: str, expression: str, unit: str = "short", *, bad: float | None = None, about: str = "") -> Any:
    """A panel of one number; red from `bad` on."""
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    if bad is not None:
        steps.append({"color": "red", "value": bad})
    made = panel("stat", title, ((expression, ""),), unit, about=about, instant=True)
    made["fieldConfig"]["defaults"]["thresholds"] = {"mode": "absolute", "steps": steps}
    return made | {"options": {"reduceOptions": {"calcs": ["lastNotNull"]}, "colorMode": "value", "graphMode": "none"}}


def bars(title: str, expression: str, legend: str, about: str = "") -> Any:
    """A panel of bars, the longest first."""
    made = panel("bargauge", title, ((f"sort_desc({expression})", legend),), "short", about=about, instant=True)
    return made | {
        "options": {
            "orientation": "horizontal",
            "displayMode": "basic",
            "reduceOptions": {"calcs": ["lastNotNull"]},
            "showUnfilled": False,
        }
    }


def panel(
    kind: str,
    title: str,
    targets: tuple[tuple[str, str], ...],
    unit: str,
    *,
    custom: dict[str, Any] | None = None,
    about: str = "",
    instant: bool = False,
) -> dict[str, Any]:
    """What all panels have."""
    return {
        "type": kind,
        "title": title,
        "description": about,
        "datasource": SOURCE,
        "fieldConfig": {"defaults": {"unit": unit, "min": 0, "custom": custom or {}}, "overrides": []},
        "targets": [
            {
                "refId": chr(ord("A") + at), "datasource": SOURCE, "expr": expression, "legendFormat": legend,
                "instant": instant, "range": not instant,
            }
            for at, (expression, legend) in enumerate(targets)
        ],
    }  # fmt: skip


IN_RANGE = f"increase({RESETS}[$__range])"
EVENTS = f"rate(whyrst_events_total{{{HOSTS}}}[$__rate_interval])"
ROWS: list[tuple[str, list[list[Any]]]] = [
    ("Resets", [
        [
            number("Resets", f"sum({IN_RANGE})", about="In the time range, of the chosen hosts and causes."),
            number("Resets per second", f"sum(rate({RESETS}[$__rate_interval]))", "cps"),
            number("Hosts", f"count(whyrst_build_info{{{HOSTS}}})"),
            number("Verdicts dropped", f"sum(increase(whyrst_agent_dropped_total{{{HOSTS}}}[$__range]))", bad=1,
                   about="They fell out of a full queue before they were delivered."),
        ],
        [
            lines("Resets by cause", rates("cause", most=12), unit="cps", stacked=True,
                  about="whyrst explain CAUSE tells what a cause means and what to do."),
            lines("Resets by process", rates("process", most=12), unit="cps", stacked=True,
                  about="The process that owned the socket; empty where the kernel answered for nobody."),
        ],
        [
            bars("Causes in the time range", f"topk(15, sum by (cause) ({IN_RANGE}))", "{{cause}}"),
            bars("Hosts in the time range", f"topk(15, sum by (instance) ({IN_RANGE}))", "{{instance}}"),
            lines("Resets by direction", rates("direction"), unit="cps",
                  about="sent and received; dropped: no socket took it; unseen: the TCP stack did not make it."),
            lines("Resets by mechanism", rates("mechanism"), unit="cps"),
        ],
    ]),
    ("Delivery", [
        [
            lines("Verdicts that wait", (f"whyrst_agent_waiting{{{HOSTS}}}", "{{instance}} {{output}}")),
            lines("Delivered", (f"rate(whyrst_agent_delivered_total{{{HOSTS}}}[$__rate_interval])",
                                "{{instance}} {{output}}"), unit="cps"),
            lines("Queue, part of its bound",
                  (f"whyrst_agent_queue_bytes{{{HOSTS}}} / (whyrst_agent_queue_limit_bytes{{{HOSTS}}} > 0)",
                   "{{instance}}"), unit="percentunit"),
        ],
        [
            lines("Outputs that are away", (f"1 - whyrst_agent_up{{{HOSTS}}}", "{{instance}} {{output}}")),
            lines("Seconds since the last delivery",
                  (f"time() - (whyrst_agent_last_delivery_timestamp_seconds{{{HOSTS}}} > 0)",
                   "{{instance}} {{output}}"), unit="s"),
            lines("Not delivered",
                  *((f"rate(whyrst_agent_{what}_total{{{HOSTS}}}[$__rate_interval])", f"{{{{instance}}}} {what}")
                    for what in ("dropped", "refused", "damaged", "unqueued")),
                  (f"rate(whyrst_agent_retries_total{{{HOSTS}}}[$__rate_interval])", "{{instance}} tried again"),
                  unit="cps"),
        ],
    ]),
    ("Tracing", [
        [
            lines("Events from the kernel", (f"sum by (fate) ({EVENTS})", "{{fate}}"),
                  (f"sum(rate(whyrst_events_seen_total{{{HOSTS}}}[$__rate_interval]))", "seen"), unit="cps",
                  about="In a storm only a part is handed over; all are counted."),
            lines("Resets without a verdict", (f"whyrst_resets_unjudged{{{HOSTS}}}", "{{instance}}")),
            lines("Processor of the agent",
                  (f"rate(process_cpu_seconds_total{{{HOSTS}}}[$__rate_interval])", "{{instance}}"),
                  unit="percentunit"),
            lines("Memory of the agent", (f"process_resident_memory_bytes{{{HOSTS}}}", "{{instance}}"),
                  unit="bytes"),
        ],
    ]),
]  # fmt: skip


def placed() -> list[dict[str, Any]]:
    """All panels with number and place."""
    numbers, y, made = count(1), 0, []
    for title, rows in ROWS:
        place = {"x": 0, "y": y, "w": COLUMNS, "h": 1}
        made.append({"id": next(numbers), "type": "row", "title": title, "collapsed": False, "gridPos": place})
        y += 1
        for row in rows:
            wide = COLUMNS // len(row)
            high = HEIGHT // 2 if row[0]["type"] == "stat" else HEIGHT
            made += [
                {"id": next(numbers), "gridPos": {"x": wide * at, "y": y, "w": wide, "h": high}, **one}
                for at, one in enumerate(row)
            ]
            y += high
    return made


def variable(name: str, label: str, query: str) -> dict[str, Any]:
    """A choice at the head of the page, filled by a query; any number of its values, or all."""
    return {
        "name": name, "label": label, "type": "query", "datasource": SOURCE, "definition": query,
        "query": {"query": query, "refId": name}, "refresh": 2, "sort": 1, "multi": True, "includeAll": True,
        "allValue": ".*", "current": {"text": "All", "value": "$__all"}, "options": [], "hide": 0,
    }  # fmt: skip


def dashboard() -> dict[str, Any]:
    """The document."""
    return {
        "__inputs": [
            {
                "name": "DS_PROMETHEUS", "label": "Prometheus", "type": "datasource", "pluginId": "prometheus",
                "pluginName": "Prometheus", "description": "Where the metrics of whyrst agent are",
            }
        ],
        "__requires": [
            {"type": "grafana", "id": "grafana", "name": "Grafana", "version": "10.0.0"},
            {"type": "datasource", "id": "prometheus", "name": "Prometheus", "version": "1.0.0"},
        ],
        "uid": "whyrst",
        "title": "TCP resets (whyrst)",
        "description": "Why connections are reset, by cause, process and host; and how the agents do.",
        "tags": ["tcp", "whyrst"],
        "schemaVersion": 38,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "time": {"from": "now-6h", "to": "now"},
        "refresh": "1m",
        "timezone": "",
        "annotations": {"list": []},
        "links": [],
        "templating": {
            "list": [
                variable("job", "Job", "label_values(whyrst_build_info, job)"),
                variable("instance", "Host", 'label_values(whyrst_build_info{job=~"$job"}, instance)'),
                variable("cause", "Cause", f"label_values(whyrst_resets_total{{{HOSTS}}}, cause)"),
            ]
        },
        "panels": placed(),
    }  # fmt: skip


def main(arguments: list[str]) -> int:
    """Make or check the file; 1 when a check finds it out of date."""
    made = json.dumps(dashboard(), indent=2) + "\n"
    if arguments == ["--check"]:
        if PLACE.read_text(encoding="utf-8") != made:
            print(f"{PLACE.name} is out of date: run python tools/make_dashboard.py", file=sys.stderr)
            return 1
        return 0
    if arguments:
        print("usage: make_dashboard.py [--check]", file=sys.stderr)
        return 2
    PLACE.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
