"""Whose line a network address belongs to, for limits that count by it."""

from ipaddress import IPv6Address, ip_address

# A line of IPv6 has a /64 at least, so whoever has one address has 2**64 of them.
LINE_BITS = 64


def line_of(address: str) -> str:
    """What stands for one line: an IPv4 address, or the first half of an IPv6 address."""
    try:
        known = ip_address(address)
    except ValueError:
        return address
    if not isinstance(known, IPv6Address):
        return str(known)
    if known.ipv4_mapped is not None:
        return str(known.ipv4_mapped)
    return f"{IPv6Address(int(known) >> LINE_BITS << LINE_BITS)}/{LINE_BITS}"
