"""The bench reaches public addresses only, however a private one is written."""

import ipaddress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecoscore.addresses import is_local_name, is_public, literal

PUBLIC = ["8.8.8.8", "192.0.1.1", "168.63.129.17", "2606:4700::1111", "2a00:1450:4007:80e::200e", "2001:200::1"]

# What Python 3.11 calls global among them stands in the second line.
REFUSED = [
    *("127.0.0.1", "127.9.9.9", "10.0.0.1", "172.16.3.4", "192.168.1.1", "169.254.1.1", "100.64.0.1", "0.0.0.0"),
    *(
        "224.0.0.1",
        "239.1.2.3",
        "ff02::1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "2002:7f00:1::",
        "fec0::1",
        "::127.0.0.1",
    ),
    *(
        "240.0.0.1",
        "255.255.255.255",
        "192.0.2.1",
        "198.18.0.1",
        "198.51.100.7",
        "203.0.113.9",
        "192.0.0.8",
        "192.88.99.1",
    ),
    *("168.63.129.16", "::1", "::", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::8.8.8.8", "::ffff:0:7f00:1"),
    *(
        "fe80::1",
        "fe80::1%eth0",
        "2606:4700::1111%eth0",
        "fc00::1",
        "fd12::1",
        "2001::1",
        "2001:db8::1",
        "3fff::1",
        "5f00::1",
    ),
]


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_reached(address):
    assert is_public(address)


@pytest.mark.parametrize("address", REFUSED)
def test_every_other_address_is_refused(address):
    assert not is_public(address)
    assert not is_public(ipaddress.ip_address(address))


def test_a_name_is_no_address():
    with pytest.raises(ValueError, match=r"exemple\.fr"):
        is_public("exemple.fr")


@settings(deadline=None)
@given(st.ip_addresses(v=4))
def test_no_wrapping_of_ipv4_in_ipv6_is_reached(address):
    number = int(address)
    wrapped = [0xFFFF << 32 | number, number, 0x64FF9B << 96 | number, 0x2002 << 112 | number << 80]
    wrapped.append(0x20010000 << 96 | (number ^ 0xFFFFFFFF))
    assert not any(is_public(ipaddress.IPv6Address(value)) for value in wrapped)


@settings(deadline=None)
@given(st.ip_addresses())
def test_nothing_is_reached_that_python_calls_private(address):
    if not address.is_global:
        assert not is_public(address)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f.1",
        "0x7F000001",
        "0177.0.0.1",
        "017700000001",
        "127.0.0.1.",
        "%31%32%37.0.0.1",
        "１２７.0.0.1",
        "127。0。0。1",
    ],
)
def test_every_spelling_of_an_address_is_read_as_browsers_do(host):
    assert literal(host) == ipaddress.IPv4Address("127.0.0.1")


def test_bracketed_and_bare_ipv6_are_addresses():
    assert literal("[::1]") == literal("::1") == ipaddress.IPv6Address("::1")


@pytest.mark.parametrize("host", ["exemple.fr", "localhost", "1.fr", "sante.gouv.fr.", "x0x7f"])
def test_names_are_not_addresses(host):
    assert literal(host) is None


@pytest.mark.parametrize(
    "host", ["1.2.3.4.5", "256.1.1.1", "1.2.3.256", "99999999999", "a.b.1", "09.1.1.1", "[zz]", "é.1"]
)
def test_a_host_that_ends_in_a_number_is_an_address_or_nothing(host):
    with pytest.raises(ValueError):  # noqa: PT011 the text differs with the part that is wrong
        literal(host)


@settings(deadline=None)
@given(st.ip_addresses(v=4))
def test_literal_reads_back_every_address(address):
    assert literal(str(address)) == literal(str(int(address))) == literal(hex(int(address))) == address


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST.",
        "ｌocalhost",
        "%6cocalhost",
        "a.localhost",
        "imprimante.local",
        "intranet",
        "metadata.google.internal",
    ],
)
def test_local_names(host):
    assert is_local_name(host)


@pytest.mark.parametrize("host", ["exemple.fr", "local.exemple.fr", "notlocal.fr", "unlocal.org"])
def test_public_names(host):
    assert not is_local_name(host)
