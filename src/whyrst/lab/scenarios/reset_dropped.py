"""A filter on the router drops resets. One end aborts; the other never hears of it and waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.lab.scenario import Scenario

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

SCENARIO = Scenario(
    title="resets that a filter drops on the way",
    causes=("linger-zero", "close-with-unread-data"),
    needs=("nft",),
)
RULES = "table inet deaf {\n chain forward {\n type filter hook forward priority 0; tcp flags rst drop;\n }\n}\n"


def run(bench: Bench) -> None:
    """Either end aborts some connections behind the filter."""
    listener = bench.listen()
    pairs = [bench.pair(listener) for _ in range(bench.rng.randrange(1, 4))]
    for near, far in pairs:
        bench.exchange(near, far, bench.rng.randrange(1, 4))
    bench.settle(0.1)
    bench.router.run("nft", "-f", "-", text=RULES)
    for near, far in pairs:
        name, quitter, other = bench.rng.choice((("client", near, far), ("server", far, near)))
        if bench.rng.random() < 0.5:  # noqa: PLR2004 - half of them
            other.sendall(bench.rng.randbytes(bench.rng.randrange(1, 900)))
            bench.settle(0.05)
            cause, how = "close-with-unread-data", "close() with data unread; its reset was dropped"
        else:
            bench.linger_zero(quitter)
            cause, how = "linger-zero", "close() with SO_LINGER 0; its reset was dropped"
        bench.truth(near, name, cause, "active", how, also=("application-abort",))
        quitter.close()
        bench.settle(bench.rng.uniform(0.03, 0.2))
