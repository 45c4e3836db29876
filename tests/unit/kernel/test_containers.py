from __future__ import annotations

import pytest

from unit.kernel.heard import event
from whyrst.kernel.containers import Container, Containers, container, mounted, of_process
from whyrst.kernel.event import Task

ID, OTHER = "4f" * 32, "0e" * 32
UID = "1b5d8a4c-9f3e-4a57-8a4d-3d8a0f2f9a11"
LOW = UID.replace("-", "_")
PATHS = {
    f"/docker/{ID}": Container(ID, "docker"),
    f"/system.slice/docker-{ID}.scope": Container(ID, "docker"),
    f"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{LOW}.slice/cri-containerd-{ID}.scope": Container(
        ID, "containerd", UID
    ),
    f"/kubepods/besteffort/pod{UID}/{ID}": Container(ID, "kubernetes", UID),
    f"/kubepods.slice/kubepods-pod{LOW}.slice/crio-{ID}.scope": Container(ID, "cri-o", UID),
    f"/kubepods.slice/kubepods-pod{LOW}.slice/docker-{ID}.scope": Container(ID, "docker", UID),
    f"/system.slice/containerd.service/kubepods-besteffort-pod{LOW}.slice:cri-containerd:{ID}": Container(
        ID, "containerd", UID
    ),
    f"/kubepods/burstable/pod{'ab' * 16}/{ID}": Container(ID, "kubernetes", "ab" * 16),
    f"/machine.slice/libpod-{ID}.scope": Container(ID, "podman"),
    f"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{ID}.scope/container": Container(ID, "podman"),
    f"/libpod_parent/libpod-{ID}": Container(ID, "podman"),
    f"/ecs/0f5c7c3a/{ID}": Container(ID, "ecs"),
    f"/default/{ID}": Container(ID, "container"),
    f"/docker/{OTHER}/docker/{ID}": Container(ID, "docker"),
    f"/docker/{ID}/init.scope": Container(ID, "docker"),
    "/lxc/web": Container("web", "lxc"),
    "/lxc.payload.web/system.slice/nginx.service": Container("web", "lxc"),
    "/machine.slice/systemd-nspawn@db.service/payload": Container("db", "nspawn"),
    "/machine.slice/machine-db.scope": Container("db", "machine"),
}


@pytest.mark.parametrize("path", PATHS, ids=range(len(PATHS)))
def test_the_paths_of_container_runtimes(path):
    assert container(path) == PATHS[path]


@pytest.mark.parametrize(
    "path",
    [
        "/", "", "/init.scope", "/system.slice/nginx.service", "/user.slice/user-0.slice/session-1.scope",
        f"/machine.slice/libpod-conmon-{ID}.scope", f"/kubepods.slice/kubepods-pod{LOW}.slice",
        f"/system.slice/crio-conmon-{ID}.scope", f"/system.slice/{ID[:-1]}", f"/x/{ID.upper()}",
    ],
)  # fmt: skip
def test_other_paths_are_no_containers(path):
    assert container(path) is None


def test_the_table_of_a_process_on_cgroup_v1():
    assert of_process(f"12:pids:/docker/{ID}\n0::/\n") == Container(ID, "docker")
    assert of_process("9:name=systemd:/\n0::/\n") is None
    assert of_process("") is None
    assert of_process("not such a table") is None


def test_where_the_cgroups_are_mounted():
    info = (
        "24 1 0:22 / /proc rw - proc proc rw\n41 31 0:38 / /sys/fs/a\\040b rw,relatime shared:4 - cgroup2 cgroup2 rw\n"
    )
    assert str(mounted(info)) == "/sys/fs/a b"
    assert mounted("40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd\n") is None


@pytest.fixture
def cgroups(tmp_path):
    """Folders as in a cgroup2 file system: the number is the inode."""
    place = tmp_path / "cgroup"
    (place / "system.slice" / f"docker-{ID}.scope").mkdir(parents=True)
    return place


def test_a_number_is_the_inode_of_a_folder(tmp_path, cgroups):
    known = Containers(tmp_path, cgroups)
    inside = cgroups / "system.slice" / f"docker-{ID}.scope"
    assert known.path(cgroups.stat().st_ino) == "/"
    assert known.path(inside.stat().st_ino) == f"/system.slice/docker-{ID}.scope"
    assert known.path(0) is None
    told = event("sent", ("10.0.0.1", 1), ("10.0.0.2", 2), cgroup=inside.stat().st_ino)
    assert known.of(told) == Container(ID, "docker")


def test_a_container_that_is_gone_stays_known(tmp_path, cgroups):
    known = Containers(tmp_path, cgroups)
    inside = cgroups / "system.slice" / f"docker-{ID}.scope"
    number = inside.stat().st_ino
    inside.rmdir()
    known._walk()
    assert known.path(number) == f"/system.slice/docker-{ID}.scope"


def test_where_the_number_says_nothing_the_process_does(tmp_path, cgroups):
    (tmp_path / "77").mkdir()
    (tmp_path / "77" / "cgroup").write_text(f"3:memory:/docker/{ID}\n0::/\n")
    known = Containers(tmp_path, cgroups)
    ends = ("10.0.0.1", 1), ("10.0.0.2", 2)
    root = cgroups.stat().st_ino
    assert known.of(event("sent", *ends, cgroup=root, owner=Task(77, "nginx"))) == Container(ID, "docker")
    assert known.of(event("sent", *ends, cgroup=root, owner=Task(78, "gone"))) is None
    assert known.of(event("sent", *ends)) is None
