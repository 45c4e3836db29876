from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

import whyrst
from whyrst.agent.settings import Queue, read

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "packaging" / "kubernetes"
VERSIONS = ("1.28", "1.33", "1.37")
"""Of Kubernetes, from the oldest to the newest that the manifests are for."""


def documents(name):
    return list(yaml.safe_load_all((FOLDER / name).read_text(encoding="utf-8")))


def one(kind):
    return next(document for document in documents("whyrst.yaml") if document["kind"] == kind)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_manifests_follow_the_schema_of_kubernetes(version):
    for document in documents("whyrst.yaml"):
        kubernetes_validate.validate(document, version, strict=True)


def test_a_field_that_kubernetes_does_not_know_would_be_found():
    wrong = one("DaemonSet")
    wrong["spec"]["template"]["spec"]["containers"][0]["securityContexts"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, VERSIONS[-1], strict=True)


def test_the_agent_may_do_what_tracing_needs_and_nothing_else():
    pod = one("DaemonSet")["spec"]["template"]["spec"]
    [container] = pod["containers"]
    security = container["securityContext"]
    assert security["capabilities"] == {"drop": ["ALL"], "add": ["BPF", "PERFMON", "NET_RAW"]}
    assert security["readOnlyRootFilesystem"] is True
    assert security["allowPrivilegeEscalation"] is security["privileged"] is False
    assert pod["automountServiceAccountToken"] is one("ServiceAccount")["automountServiceAccountToken"] is False
    writable = [mount["name"] for mount in container["volumeMounts"] if not mount.get("readOnly")]
    assert writable == ["queue"]
    assert "hostIPC" not in pod
    assert set(container["resources"]["limits"]) == {"memory"}


def test_the_parts_name_each_other():
    daemons = one("DaemonSet")
    template = daemons["spec"]["template"]
    labels = template["metadata"]["labels"]
    [container] = template["spec"]["containers"]
    [port] = container["ports"]
    assert daemons["spec"]["selector"]["matchLabels"] == labels
    assert template["spec"]["serviceAccountName"] == one("ServiceAccount")["metadata"]["name"]
    assert template["metadata"]["annotations"]["prometheus.io/port"] == str(port["containerPort"])
    assert f"--prometheus=$(HOST_IP):{port['containerPort']}" in container["args"]
    volumes = {volume["name"] for volume in template["spec"]["volumes"]}
    assert {mount["name"] for mount in container["volumeMounts"]} == volumes
    [monitor] = documents("podmonitor.yaml")
    assert monitor["spec"]["selector"]["matchLabels"] == labels
    assert monitor["spec"]["podMetricsEndpoints"][0]["port"] == port["name"]
    [kustomization] = documents("kustomization.yaml")
    assert container["image"] == f"{kustomization['images'][0]['name']}:{kustomization['images'][0]['newTag']}"
    assert kustomization["images"][0]["newTag"] == whyrst.__version__
    made = kustomization["configMapGenerator"][0]
    assert made["name"] == template["spec"]["volumes"][0]["configMap"]["name"]
    assert all((FOLDER / name).exists() for name in [*kustomization["resources"], *made["files"]])
    assert f"--config=/etc/whyrst/{made['files'][0]}" in container["args"]


def test_the_settings_are_the_agents_without_what_the_manifest_says():
    settings = read(str(FOLDER / "agent.toml"))
    assert settings.prometheus is None
    assert settings.queue.folder == Queue().folder


def test_every_option_of_the_manifest_is_one_of_the_agent():
    shown = subprocess.run(
        [sys.executable, "-m", "whyrst.cli", "agent", "--help"], capture_output=True, text=True, check=True
    ).stdout
    [container] = one("DaemonSet")["spec"]["template"]["spec"]["containers"]
    for argument in container["args"][1:]:
        assert re.search(rf"{argument.partition('=')[0]}\b", shown)
