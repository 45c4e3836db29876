from __future__ import annotations

import csv
import io
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unit.reports.fakes import Fake, verdict
from whyrst import model
from whyrst.reports import flat
from whyrst.reports.page import View
from whyrst.reports.printable import printable


def table(*batches):
    out = BytesIO()
    flat.write(Fake(*batches), out, View())
    return out.getvalue().decode()


def rows(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_a_row_for_each_reset():
    many = [verdict(frame) for frame in range(1, flat.ROWS + 20)]
    found = rows(table(many[:3], [], many[3:]))
    assert [int(row["frame"]) for row in found] == [one.frame for one in many]
    assert tuple(found[0]) == tuple(flat.COLUMNS)


def test_names_of_columns_stay():
    """Programs depend on them: add at the end, rename none."""
    assert " ".join(flat.COLUMNS) == (
        "capture frame time vantage cause title confidence probability harm bytes_lost sender mechanism client_ip "
        "client_port server_ip server_port name connection community_id tcp_stream client_known stage state start "
        "duration bytes_client bytes_server tunnel flags seq ack window ttl ip_id answers_frame effective ordinal "
        "copies incident declared evidence against alternatives harm_says fix to_be_sure rfc kernel_source counter"
    )


def test_values_are_plain():
    (row,) = rows(table([verdict(evidence=(*verdict().evidence, model.Evidence("refutes", "yes", "it did not")))]))
    assert (row["client_ip"], row["client_port"], row["server_port"]) == ("10.0.0.9", "51234", "8080")
    assert (row["effective"], row["name"], row["bytes_lost"]) == ("true", "", "1448")
    assert row["evidence"] == (
        "the server had acknowledged data of the client | the window jumps from 512 to 64240 at the reset"
    )
    assert row["against"] == "it did not"
    assert row["alternatives"] == "linger-zero 10%"


def test_no_resets_leave_the_names():
    assert table([]) == ",".join(flat.COLUMNS) + "\r\n"


@given(st.text())
def test_any_text_stays_in_its_field(text):
    (row,) = rows(table([verdict(declared=text)]))
    assert row["declared"].removeprefix("'") == printable(text).removeprefix("'")
    assert row["counter"] == "TcpAbortOnClose".replace("Tcp", "TCP")


@pytest.mark.parametrize("start", flat.FORMULA)
def test_no_text_is_a_formula(start):
    assert flat.field(f"{start}cmd|' /C calc'!A0") == f"'{start}cmd|' /C calc'!A0"
    assert flat.field(start) == start


def test_numbers_stay_numbers():
    assert (flat.field(-1), flat.field(0.5), flat.field(None), flat.field(False)) == (-1, 0.5, None, "false")
