"""The relay: what it lets through, how fast, what it counts. Plain sockets stand for the browser."""

import contextlib
import ipaddress
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from ecoscore.bench.relay import Limits, Relay, Shape, allow_local_too, allow_public

#: What is timed is tried as often: a busy machine makes a trial longer, never shorter, so the best one is looked at.
TRIALS = 3
SUCCEEDED, NOT_ALLOWED, UNREACHABLE, NOT_SUPPORTED = 0, 2, 4, 7


@contextlib.contextmanager
def relaying(**options) -> Iterator[Relay]:
    listener = socket.create_server(("127.0.0.1", 0))
    relay = Relay(listener, **options)
    relay.address = listener.getsockname()
    relay.start()
    try:
        yield relay
    finally:
        relay.close()


@contextlib.contextmanager
def serving(
    talk: Callable[[socket.socket], None], host: str = "127.0.0.1"
) -> Iterator[tuple[int, list[socket.socket]]]:
    """A server on loopback: its port, and every connection that it accepted."""
    seen: list[socket.socket] = []
    with socket.create_server((host, 0)) as server:

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    seen.append(connection)
                    threading.Thread(target=run, args=[connection], daemon=True).start()

        def run(connection: socket.socket) -> None:
            with connection, contextlib.suppress(OSError):
                talk(connection)

        threading.Thread(target=accept, daemon=True).start()
        yield server.getsockname()[1], seen
        server.shutdown(socket.SHUT_RDWR)


def ask(relay: Relay, host: str, port: int, *, command: int = 1, kind: int = 3) -> tuple[int, socket.socket]:
    client = socket.create_connection(relay.address, timeout=10)
    client.sendall(b"\x05\x01\x00")
    assert client.recv(2) == b"\x05\x00"
    match kind:
        case 1:
            where = socket.inet_aton(host)
        case 4:
            where = socket.inet_pton(socket.AF_INET6, host)
        case _:
            where = bytes([len(host)]) + host.encode()
    client.sendall(bytes([5, command, 0, kind]) + where + struct.pack("!H", port))
    return client.recv(10)[1], client


def echo(connection: socket.socket) -> None:
    while data := connection.recv(65536):
        connection.sendall(data)


def read_all(client: socket.socket) -> bytes:
    parts = []
    while part := client.recv(65536):
        parts.append(part)
    return b"".join(parts)


def test_bytes_pass_verbatim_and_are_counted_in_both_directions():
    payload = bytes(range(256)) * 400
    with serving(echo) as (port, _), relaying(policy=allow_local_too) as relay:
        code, client = ask(relay, "127.0.0.1", port)
        with client:
            assert code == SUCCEEDED
            threading.Thread(target=lambda: (client.sendall(payload), client.shutdown(socket.SHUT_WR))).start()
            assert read_all(client) == payload
        assert (relay.bytes_up, relay.bytes_down) == (len(payload), len(payload))
        assert not relay.refusals


@pytest.mark.parametrize(
    ("host", "kind"),
    [
        ("127.0.0.1", 1),
        ("127.0.0.1", 3),
        ("localhost", 3),
        ("127.1", 3),
        ("0x7f.1", 3),
        ("2130706433", 3),
        ("::1", 4),
        ("::ffff:127.0.0.1", 4),
        ("::127.0.0.1", 4),
        ("0.0.0.0", 1),
    ],
)
def test_this_machine_is_refused_however_it_is_written_and_hears_nothing(host, kind):
    lines: list[str] = []
    with serving(echo) as (port, seen), relaying(policy=allow_public, log=lines.append) as relay:
        code, client = ask(relay, host, port, kind=kind)
        client.close()
        assert code == NOT_ALLOWED
        assert sum(relay.refusals.values()) == 1
        assert len(lines) == 1
        assert "n’est pas une adresse publique" in lines[0]
        assert not seen
        assert relay.connections == 0


def test_a_name_is_refused_when_one_of_its_addresses_is_private(monkeypatch):
    """What a hostile DNS answers: a public address beside a private one."""
    with serving(echo) as (port, seen), relaying(policy=allow_public) as relay:

        async def answers(host, port, **_):
            return [(2, 1, 6, "", (address, port)) for address in ("93.184.216.34", "127.0.0.1")]

        monkeypatch.setattr(relay._loop, "getaddrinfo", answers)
        code, client = ask(relay, "both.example", port)
        client.close()
        assert code == NOT_ALLOWED
        assert not seen
        assert relay.refusals == {f"both.example:{port}": 1}


def test_the_address_that_was_judged_is_the_one_connected_to(monkeypatch):
    """DNS rebinding: the name is resolved once; a second, private answer is never asked for."""
    asked = []
    with (
        serving(echo, "127.0.0.7") as (port, seen),
        relaying(policy=lambda address, port: str(address) == "127.0.0.7") as relay,
    ):

        async def answers(host, port, **_):
            asked.append(host)
            address = "127.0.0.7" if host == "127.0.0.7" or len(asked) == 1 else "127.0.0.1"
            return [(2, 1, 6, "", (address, port))]

        monkeypatch.setattr(relay._loop, "getaddrinfo", answers)
        code, client = ask(relay, "rebinding.example", port)
        with client:
            assert code == SUCCEEDED
            client.sendall(b"x")
            assert client.recv(1) == b"x"
        assert asked.count("rebinding.example") == 1
        assert len(seen) == 1


@pytest.mark.parametrize("command", [2, 3])
def test_neither_bind_nor_udp_is_served(command):
    with relaying(policy=allow_local_too) as relay:
        code, client = ask(relay, "127.0.0.1", 9, command=command)
        client.close()
        assert code == NOT_SUPPORTED
        assert sum(relay.refusals.values()) == 1


def test_the_browser_s_own_updates_are_refused_and_not_held_against_the_site():
    with relaying() as relay:
        code, client = ask(relay, "update.googleapis.com", 443)
        client.close()
        assert code == NOT_ALLOWED
        assert not relay.refusals
        assert relay.browser_refusals == {"update.googleapis.com:443": 1}


def test_local_networks_may_be_opened_but_link_local_never():
    for text, opened in [
        ("127.0.0.3", True),
        ("10.0.0.1", True),
        ("169.254.1.1", False),
        ("fe80::1", False),
        ("224.0.0.1", False),
    ]:
        address = ipaddress.ip_address(text)
        assert allow_local_too(address, 80) is opened
        assert not allow_public(address, 80)


def test_a_connection_waits_a_round_trip_and_so_does_a_question():
    shape = Shape(rtt_s=0.2, down_bps=1e9, up_bps=1e9)
    with serving(echo) as (port, _), relaying(policy=allow_local_too, shape=shape) as relay:
        connecting, answering = [], []
        for _ in range(TRIALS):
            began = time.monotonic()
            _, client = ask(relay, "127.0.0.1", port)
            connected = time.monotonic()
            with client:
                client.sendall(b"x")
                assert client.recv(1) == b"x"
            connecting.append(connected - began)
            answering.append(time.monotonic() - connected)
    assert 0.2 <= min(connecting) < 0.3
    assert 0.2 <= min(answering) < 0.3


def test_the_downlink_is_shared_by_all_connections():
    size, shape = 60_000, Shape(rtt_s=0, down_bps=1_000_000, up_bps=1e9)

    def send(connection: socket.socket) -> None:
        connection.sendall(bytes(size))

    with serving(send) as (port, _), relaying(policy=allow_local_too, shape=shape) as relay:

        def fetch(_: int) -> float:
            _, client = ask(relay, "127.0.0.1", port)
            with client:
                assert len(read_all(client)) == size
            return time.monotonic()

        took, apart = [], []
        with ThreadPoolExecutor(2) as pool:
            for _ in range(TRIALS):
                began = time.monotonic()
                first, last = sorted(pool.map(fetch, range(2)))
                took.append(last - began)
                apart.append(last - first)
        assert relay.bytes_down == TRIALS * 2 * size
    # 120 kB at 1 Mb/s: 0.96 s, and both end together since they share
    assert 0.85 <= min(took) < 1.4
    assert min(apart) < 0.3


def test_an_endless_answer_is_cut_at_the_limit_and_nothing_passes_after():
    def flood(connection: socket.socket) -> None:
        while True:
            connection.sendall(bytes(65536))

    with serving(flood) as (port, _), relaying(policy=allow_local_too, limits=Limits(total_bytes=1_000_000)) as relay:
        _, client = ask(relay, "127.0.0.1", port)
        with client:
            received = len(read_all(client))
        assert relay.breach == "bytes"
        assert received <= relay.bytes_down
        assert relay.bytes_down <= 1_000_000 + 2920
        code, client = ask(relay, "127.0.0.1", port)
        client.close()
        assert code == NOT_ALLOWED


def test_time_and_number_of_connections_are_limited():
    with serving(echo) as (port, _), relaying(policy=allow_local_too, limits=Limits(seconds=0.3)) as relay:
        _, client = ask(relay, "127.0.0.1", port)
        with client:
            assert read_all(client) == b""
        assert relay.breach == "time"
    with serving(echo) as (port, _), relaying(policy=allow_local_too, limits=Limits(connections=1)) as relay:
        _, first = ask(relay, "127.0.0.1", port)
        code, second = ask(relay, "127.0.0.1", port)
        first.close()
        second.close()
        assert code == NOT_ALLOWED
        assert relay.breach == "connections"


def test_a_stream_that_nobody_reads_any_more_is_let_go():
    gone = threading.Event()

    def flood(connection: socket.socket) -> None:
        try:
            while True:
                connection.sendall(bytes(4096))
        except OSError:
            gone.set()

    with serving(flood) as (port, _), relaying(policy=allow_local_too) as relay:
        _, client = ask(relay, "127.0.0.1", port)
        client.recv(100)
        client.close()
        assert gone.wait(5)
        assert not relay.breach


def test_an_unknown_name_and_a_closed_port_are_unreachable_not_refused():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with relaying(policy=allow_local_too) as relay:
        code, client = ask(relay, "127.0.0.1", port)
        client.close()
        assert code == UNREACHABLE
        assert not relay.refusals
