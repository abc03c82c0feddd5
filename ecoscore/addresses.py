"""Which addresses a bench may reach: public ones, and nothing of the network that it stands in.

The checker asks it about what a script writes, the relay about what a name resolves to, each time it connects.
`ipaddress` alone does not answer: in Python 3.11 `is_global` is true for multicast, NAT64, 6to4, site-local and
IPv4-compatible addresses, behind any of which a private one may hide (docs/ecoscore.md).
"""

from __future__ import annotations

import ipaddress
import unicodedata
from urllib.parse import unquote

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Unicast that the Internet routes; everything outside is local, reserved, multicast or a translation.
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")

_REFUSED = tuple(
    ipaddress.ip_network(network)
    for network in (
        "192.0.0.0/24",  # protocol assignments, among them the metadata service of a cloud
        "192.88.99.0/24",  # 6to4 relays
        "168.63.129.16/32",  # the host agent of a cloud, though a public address
        "2001::/23",  # Teredo, ORCHID and other protocol assignments: an IPv4 address may hide in them
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: bits 16 to 48 are an IPv4 address
        "3fff::/20",  # documentation
    )
)

# Names that never leave the machine, the link or the company.
_LOCAL_SUFFIXES = ("localhost", "local", "internal", "intranet", "lan", "home", "corp", "localdomain", "home.arpa")


def is_public(address: Address | str) -> bool:
    """May a bench connect to this address?

    False for anything private, loopback, link-local, multicast, reserved or documentary, and for every form in which
    an IPv4 address is wrapped in IPv6 (mapped, compatible, NAT64, 6to4, Teredo), whatever it wraps. Raises ValueError
    for a text that is no address.
    """
    ip = ipaddress.ip_address(address) if isinstance(address, str) else address
    if isinstance(ip, ipaddress.IPv6Address) and (ip.scope_id or ip not in _GLOBAL_UNICAST):
        return False
    if not ip.is_global or ip.is_multicast or ip.is_reserved or ip.is_unspecified:
        return False
    return not any(ip in network for network in _REFUSED if network.version == ip.version)


def literal(host: str) -> Address | None:
    """The address that a browser reads in a host, None when it is a name.

    Browsers also read `2130706433`, `0x7f.1`, `0177.0.0.1`, `%3127.0.0.1` and full-width digits as 127.0.0.1 (URL
    Standard, host and IPv4 parsers). Raises ValueError for a host that ends in a number and is no address, which they
    refuse.
    """
    text = _as_browsers_read(host)
    if text.startswith("[") and text.endswith("]"):
        return ipaddress.IPv6Address(text[1:-1])
    if ":" in text:
        return ipaddress.IPv6Address(text)
    parts = text.split(".")
    if not (parts[-1].isascii() and (parts[-1].isdigit() or _is_hexadecimal(parts[-1]))):
        return None
    if len(parts) > 4:
        raise ValueError(host)
    *head, last = (_number(part) for part in parts)
    if any(number > 255 for number in head) or last >= 256 ** (5 - len(parts)):
        raise ValueError(host)
    return ipaddress.IPv4Address(sum(number << 8 * (3 - place) for place, number in enumerate(head)) + last)


def is_local_name(host: str) -> bool:
    """Is this a name that only the network of the bench would know (`localhost`, `intranet`, `imprimante.local`)?"""
    name = _as_browsers_read(host)
    return "." not in name or any(name == suffix or name.endswith("." + suffix) for suffix in _LOCAL_SUFFIXES)


def _as_browsers_read(host: str) -> str:
    """Percent signs decoded, compatibility characters and the ideographic full stop made plain, lower case."""
    plain = unicodedata.normalize("NFKC", unquote(host.strip()))
    return plain.replace("\u3002", ".").rstrip(".").lower()


def _is_hexadecimal(part: str) -> bool:
    return part.startswith("0x") and all(digit in "0123456789abcdef" for digit in part[2:])


def _number(part: str) -> int:
    """One part of an IPv4 address as browsers read it: 0x… hexadecimal, 0… octal, else decimal."""
    if not part.isascii():
        raise ValueError(part)
    if _is_hexadecimal(part):
        return int(part[2:] or "0", 16)
    if not part.isdigit():
        raise ValueError(part)
    return int(part, 8) if len(part) > 1 and part.startswith("0") else int(part)
