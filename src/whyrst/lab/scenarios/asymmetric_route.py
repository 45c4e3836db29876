"""What comes in the middle of a conversation arrives where its beginning never did.

Either the service's address is on two hosts (anycast), and the route moves from one to the other: the new host gets
segments of a connection that it does not have. Or a stateful box on the way sees a connection only from its middle on
and refuses new connections that do not begin with a SYN.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.lab.scenario import Scenario

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

SCENARIO = Scenario(
    title="a route that changes in the middle of a connection", causes=("asymmetric-route",), needs=("nft", "ip")
)
BOX = (
    "table inet box {\n chain forward {\n type filter hook forward priority 0;\n"
    " meta l4proto tcp ct state new,invalid tcp flags & (syn|rst) == 0 reject with tcp reset\n }\n}\n"
)


def run(bench: Bench) -> None:
    """Move a route, or put a stateful box into the way."""
    bench.rng.choice((_anycast, _box))(bench)


def _anycast(bench: Bench) -> None:
    """The connection begins at the backend, which has the server's address, too; then the route moves."""
    address = bench.address()
    six = bench.family == 6  # noqa: PLR2004 - IP version
    whole = f"{address}/{128 if six else 32}"
    version = "-6" if six else "-4"
    bench.backend.run("ip", version, "addr", "add", whole, "dev", "lo", *(["nodad"] if six else []))
    bench.router.run("ip", version, "route", "add", whole, "via", bench.address(bench.backend))
    port = bench.port()
    there = bench.socket(bench.backend)
    there.bind((address, port))
    there.listen(8)
    bench.listen(port=port)
    # One connection to the server itself comes later, when the route leads there.
    pairs = []
    for _ in range(bench.rng.randrange(1, 4)):
        near = bench.dial((address, port))
        pairs.append((near, bench.accept(there)))
    for near, far in pairs:
        bench.exchange(near, far, bench.rng.randrange(1, 3))
    bench.settle(0.1)
    bench.router.run("ip", version, "route", "del", whole)
    for near, _ in pairs:
        # To the client, one host spoke and then did not know it any more.
        bench.truth(
            near, "server", "asymmetric-route", "passive", "the route moved to a host without the connection",
            client=("undetermined", "host-restart"), router=("undetermined",), server=("undetermined",),
        )  # fmt: skip
        near.sendall(b"GET / HTTP/1.1\r\nHost: lab.example\r\n\r\n")
        bench.settle(bench.rng.uniform(0.02, 0.2))
        try:
            near.recv(1)
        except OSError as error:
            bench.failed("client", error)


def _box(bench: Bench) -> None:
    """A box that tracks connections comes into the way; it resets whoever speaks, in the other's name."""
    listener = bench.listen()
    pairs = [bench.pair(listener) for _ in range(bench.rng.randrange(1, 4))]
    for near, far in pairs:
        bench.exchange(near, far, bench.rng.randrange(1, 3))
    bench.settle(0.1)
    bench.router.run("nft", "-f", "-", text=BOX)
    for near, far in pairs:
        name, end = bench.rng.choice((("server", near), ("client", far)))
        # That the box did not see the beginning is its own knowledge: the capture shows a packet filter's reset.
        bench.truth(
            near, name, "asymmetric-route", "firewall", "a stateful box had not seen the connection begin",
            also=("firewall-reject",), may_be_unseen=True,
        )  # fmt: skip
        end.sendall(b"some more of it\r\n")
        bench.settle(bench.rng.uniform(0.02, 0.2))
        try:
            end.recv(1)
        except OSError as error:
            bench.failed("speaker", error)
