"""The counting proxy that tests measure CRM calls with."""

import socket
import socketserver
import threading
from contextlib import contextmanager

import pytest

from tests.support.counting_proxy import CountingProxy

FIRST = b"GET /first?x=1 HTTP/1.1\r\nHost: crm\r\nX-Odd:   kept as it is\r\n\r\n"
SECOND = b"POST /second HTTP/1.1\r\nHost: crm\r\nContent-Length: 4\r\n\r\nbody"


class _Echo(socketserver.BaseRequestHandler):
    def handle(self):
        while data := self.request.recv(1024):
            self.request.sendall(data)


@contextmanager
def an_echo_server():
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Echo) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def _exchange(proxy, *parts):
    """What came back for the bytes of `parts`, sent one after another."""
    expected, received = len(b"".join(parts)), b""
    port = int(proxy.base_url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        for part in parts:
            connection.sendall(part)
        while len(received) < expected and (data := connection.recv(1024)):
            received += data
    return received


@pytest.mark.parametrize(
    "parts",
    [(FIRST, SECOND), (FIRST + SECOND,), (FIRST[:20], FIRST[20:] + SECOND[:5], SECOND[5:])],
    ids=["one by one", "together", "in pieces"],
)
def test_requests_of_one_connection_are_counted_and_no_byte_is_changed(parts):
    with an_echo_server() as port, CountingProxy("127.0.0.1", port) as proxy:
        received = _exchange(proxy, *parts)

        assert received == FIRST + SECOND
        assert proxy.requests == ["GET /first?x=1", "POST /second"]


def test_a_reset_begins_to_count_anew():
    with an_echo_server() as port, CountingProxy("127.0.0.1", port) as proxy:
        _exchange(proxy, FIRST)
        proxy.reset()
        _exchange(proxy, SECOND)

        assert proxy.requests == ["POST /second"]


def test_what_is_not_http_passes_uncounted():
    with an_echo_server() as port, CountingProxy("127.0.0.1", port) as proxy:
        assert _exchange(proxy, b"\x16\x03\x01 no request") == b"\x16\x03\x01 no request"
        assert proxy.requests == []


def test_a_server_that_is_gone_ends_the_connection():
    with socket.socket() as reserved:  # bound and never listening, so nobody else can take it
        reserved.bind(("127.0.0.1", 0))
        with CountingProxy("127.0.0.1", reserved.getsockname()[1]) as proxy:
            try:
                received = _exchange(proxy, FIRST)
            except ConnectionError:  # closed with bytes unread, the kernel says so more harshly
                received = b""

    assert received == b""
    assert proxy.requests == []
