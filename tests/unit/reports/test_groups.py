from __future__ import annotations

import numpy as np

from unit.reports.fakes import V6_CLIENT, V6_SERVER, Batch, verdict
from whyrst.reports.groups import Ends, Groups, Tally, who


def groups(*batches) -> Groups:
    made = Groups()
    for verdicts in batches:
        batch = Batch(verdicts)

        def ends(row, verdicts=verdicts):
            connection = verdicts[row].connection
            return Ends(connection.client, connection.server, verdicts[row].reset.sender == "server")

        made.add(batch, np.arange(len(batch)), ends)
    return made


def test_few_pairs_are_all_shown():
    made = groups([verdict(), verdict(client="10.0.0.7:1"), verdict(client="10.0.0.7:2")])
    assert who(made) == ["10.0.0.5:8080 -> 10.0.0.7  x2", "10.0.0.5:8080 -> 10.0.0.9:51234"]


def test_the_sender_stands_left():
    assert who(groups([verdict(sender="client")])) == ["10.0.0.9:51234 -> 10.0.0.5:8080"]


def test_both_directions_are_different_pairs():
    made = groups([verdict(sender="client"), verdict(sender="server")])
    assert sorted(who(made)) == ["10.0.0.5:8080 -> 10.0.0.9:51234", "10.0.0.9:51234 -> 10.0.0.5:8080"]


def test_many_clients_of_one_server_are_folded():
    made = groups([verdict(client=f"10.0.1.{n}:5000") for n in range(30)], [verdict(client="10.0.2.1:5000")])
    assert who(made) == ["10.0.0.5:8080 -> 31 clients"]


def test_many_servers_of_one_client_are_folded():
    made = groups([verdict(server=f"10.0.1.{n}:80") for n in range(30)])
    assert who(made) == ["30 servers -> 10.0.0.9"]


def test_a_few_servers_of_many_clients():
    made = groups([verdict(client=f"10.0.1.{n}:5", server=f"10.0.0.{n % 5}:80") for n in range(32)])
    assert (
        who(made)
        == [
            "10.0.0.0:80 -> clients  x7 (32 clients in all)",
            "10.0.0.1:80 -> clients  x7",
            "10.0.0.2:80 -> clients  x6",
            "and 2 more servers  x12",
        ]
        or who(made)[3] == "and 2 more servers  x12"
    )


def test_as_many_servers_as_clients():
    made = groups([verdict(client=f"10.0.1.{n}:5", server=f"10.0.2.{n}:80") for n in range(9)])
    assert who(made)[3:] == ["and 6 other pairs  x6"]


def test_ipv6_loses_its_brackets_with_its_port():
    made = groups([verdict(client=V6_CLIENT, server=V6_SERVER)] * 2)
    assert who(made) == [f"{V6_SERVER} -> {V6_CLIENT[1:-7]}  x2"]


def test_the_most_frequent_pairs_are_found_across_batches():
    rare = [verdict(client=f"10.1.0.{n}:1", server=f"10.2.0.{n}:80") for n in range(50)]
    often = [verdict(client="10.9.9.9:1", server="10.8.8.8:80")]
    made = groups(rare, often, rare, often + often, often)
    assert who(made)[0].startswith("10.8.8.8:80 -> 10.9.9.9  x4")


def test_a_crowded_tally_stays_bounded_and_keeps_the_frequent():
    tally = Tally(limit=100)
    for start in range(0, 10_000, 500):
        tally.add(np.arange(start, start + 500), lambda _: Ends("rare", "", by_server=True))
        tally.add(np.full(50, 77_777), lambda _: Ends("often", "", by_server=True))
    assert len(tally.keys) <= 100
    assert tally.crowded
    assert tally.top()[0] == (Ends("often", "", by_server=True), 20 * 50)
    assert tally.total == 10_000 + 20 * 50


def test_only_the_groups_on_top_are_named():
    asked = []
    verdicts = [
        verdict(client=f"10.0.{n // 250}.{n % 250}:1", server=f"10.1.{n // 250}.{n % 250}:80") for n in range(999)
    ]
    batch = Batch(verdicts)
    made = Groups()

    def ends(row):
        asked.append(row)
        return Ends("10.0.0.1:1", "10.0.0.2:80", by_server=True)

    made.add(batch, np.arange(len(batch)), ends)
    assert len(asked) <= 9
