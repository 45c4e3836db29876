"""A further MPTCP subflow is refused, with the reason in the reset.

A SYN asks to join a connection with a token that the server never gave: a client that kept its tokens over a restart
of the server, or a stranger. The server's reset carries MP_TCPRST with reason 1, an MPTCP specific error.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from whyrst.lab.forge import send
from whyrst.lab.mptcp import mptcp_pair
from whyrst.lab.packets import build
from whyrst.lab.scenario import Scenario
from whyrst.lab.wire.segment import SYN, Segment

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

SCENARIO = Scenario(title="MP_JOIN with an unknown token", causes=("mptcp-reset",))
MPTCP, JOIN = 30, 1 << 4
"""TCP option kind and subtype, RFC 8684 section 3.2."""


def run(bench: Bench) -> None:
    """A connection over MPTCP, and SYNs that want to join another one."""
    near, far = mptcp_pair(bench)
    bench.exchange(near, far, bench.rng.randrange(1, 3))
    port = near.getpeername()[1]
    for _ in range(bench.rng.randrange(1, 4)):
        mine = bench.rng.randrange(40_000, 60_000)
        bench.truth((mine, port), "server", "mptcp-reset", "passive", "a SYN with MP_JOIN of an unknown token")
        token, nonce = bench.rng.getrandbits(32), bench.rng.getrandbits(32)
        join = struct.pack("!BBBBII", MPTCP, 12, JOIN, 1, token, nonce)
        syn = Segment("client", 0.0, bench.rng.getrandbits(32), 0, SYN, 64240, options=join)
        send(bench.client, build((bench.address(bench.client), mine), (bench.address(), port), syn))
        bench.settle(bench.rng.uniform(0.05, 0.2))
    near.close()
    far.close()
    bench.settle(0.1)
