from __future__ import annotations

from whyrst.lab.wire import RST, Case, Host, payloads

case = Case(__file__)
laptop = Host("192.0.2.10", os="macos")
talk = case.conversation(laptop, Host("198.51.100.7", hops=5), 57019, 443)
talk.handshake()
talk.exchange(payloads.client_hello("www.example.net"), payloads.server_hello())
talk.exchange(payloads.tls_data(120), payloads.tls_data(900), think=0.006)
talk.wait(13.03)
case.expect(
    talk.client.abort(flags=RST, ack=0, window=0, options=b""),
    "application-abort",
    "active",
    accept=["linger-zero", "socket-disconnect", "admin-kill", "close-with-unread-data"],
    sure="possible",
)
case.write()
