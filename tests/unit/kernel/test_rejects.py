from __future__ import annotations

from whyrst.kernel.event import Reject
from whyrst.kernel.rejects import compare, parse

NFT = """\
table inet filter { # handle 1
	counter c1 { # handle 3
		packets 12 bytes 720
	}

	counter unused { # handle 4
		packets 1 bytes 60
	}

	chain other { # handle 1
		tcp dport 85 counter packets 5 bytes 3 reject with tcp reset # handle 5
	}

	chain input { # handle 2
		type filter hook input priority filter; policy accept;
		tcp dport 81 counter packets 7 bytes 420 reject with tcp reset # handle 6
		tcp dport { 82, 83 } reject with tcp reset comment "say no { x }" # handle 8
		tcp dport 84 counter name "c1" log prefix "a b" reject with tcp reset # handle 9
		tcp dport 86 reject # handle 10
		tcp dport 87 drop comment "reject with tcp reset" # handle 12
		jump other # handle 11
	}
}
table ip6 filter { # handle 2
	chain input { # handle 1
		meta l4proto tcp counter packets 1 bytes 60 reject with tcp reset # handle 6
	}
}
# iptables-legacy-save
*filter
:INPUT ACCEPT [10:600]
[3:180] -A INPUT -p tcp -m tcp --dport 82 -j REJECT --reject-with tcp-reset
[9:540] -A INPUT -p udp -j REJECT --reject-with icmp-port-unreachable
COMMIT
# ip6tables-legacy-save
*filter
[4:180] -A INPUT -p tcp -j REJECT --reject-with tcp-reset
COMMIT
"""
INPUT = "table inet filter chain input handle"


def test_rules_are_found_with_place_and_counter():
    assert parse(NFT) == {
        "table inet filter chain other handle 5: tcp dport 85 reject with tcp reset": 5,
        f"{INPUT} 6: tcp dport 81 reject with tcp reset": 7,
        f'{INPUT} 8: tcp dport {{ 82, 83 }} reject with tcp reset comment "say no {{ x }}"': None,
        f'{INPUT} 9: tcp dport 84 counter name "c1" log prefix "a b" reject with tcp reset': 12,
        "table ip6 filter chain input handle 6: meta l4proto tcp reject with tcp reset": 1,
        "iptables -A INPUT -p tcp -m tcp --dport 82 -j REJECT --reject-with tcp-reset": 3,
        "ip6tables -A INPUT -p tcp -j REJECT --reject-with tcp-reset": 4,
    }


def test_no_rules_are_no_rules():
    assert parse("") == {}
    assert parse("# no rules are shown\n") == {}


def test_rules_that_rose_come_first_then_those_that_do_not_count():
    before = {"a": 3, "b": None, "c": 5}
    assert list(compare(before, {"b": None, "a": 4, "c": 5})) == [Reject("a", 1), Reject("b", None)]


def test_a_new_rule_counts_from_zero_and_a_reset_counter_says_nothing():
    assert list(compare({}, {"new": 2})) == [Reject("new", 2)]
    assert list(compare({"a": 9}, {"a": 1})) == []


def test_a_rule_is_told_with_its_counter():
    assert str(Reject("table t", 1)) == "table t (counter +1)"
    assert str(Reject("table t", None)) == "table t (it has no counter)"
