from __future__ import annotations

import msgspec

from unit.reports.fakes import verdict
from whyrst import model
from whyrst.reports import about


def test_a_plain_verdict():
    one = verdict(7)
    assert about.reset(one) == "10.0.0.5:8080 (server) -> 10.0.0.9:51234: RST,ACK"
    assert about.connection(one) == "connection, 1.12 s old, established"
    assert about.ends(one) == "client ESTABLISHED, sent 3,000 B; server ESTABLISHED, sent 120 B"
    assert about.sureness(one) == "likely, 87%"
    assert about.kernel(one) == []


def test_what_is_not_as_usual():
    one = verdict(7, ordinal=3)
    connection = msgspec.structs.replace(one.connection, name="shop.example", tunnel="vxlan", client_known=False)
    one = msgspec.structs.replace(one, connection=connection, cause="undetermined")
    assert about.reset(one).endswith("RST,ACK, reset 3 of its connection")
    assert about.connection(one).startswith("connection of shop.example in vxlan, ")
    assert about.connection(one).endswith(", no handshake captured")
    assert about.sureness(one) == ""


def test_the_kernel_has_its_say():
    said = model.Kernel(
        reason="TCP_ABORT_ON_DATA",
        function="tcp_rcv_state_process",
        stack=tuple(f"f{n}" for n in range(20)),
        process=model.Process(7, "nginx"),
        socket={"mark": 3},
        kernel_version="6.18",
    )
    assert about.kernel(verdict(7, kernel=said)) == [
        "TCP_ABORT_ON_DATA in tcp_rcv_state_process, Linux 6.18",
        "process nginx (7)",
        "mark 3",
        "called by f0, f1, f2, f3, f4, f5, f6, f7 and 12 more",
    ]
