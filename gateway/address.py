"""Who asks, as far as an address tells: the peer of the connection, or what our own proxies say of it (HODI_TRUSTED_PROXIES).

A stranger can write any `X-Forwarded-For`; only what a trusted proxy added counts. So the list is read from its end, past every proxy of
ours, to the first address that is none. Limits count by `limited_by`: an IPv6 customer holds a whole /64, and is one.
"""

import ipaddress
from collections.abc import Sequence

from aiohttp import hdrs, web

from gateway.app_keys import APP

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
NOWHERE = ipaddress.ip_address("::")
"""Of a peer without an address: a socket in the file system, that is a proxy on this machine."""
PASSED_ON = (hdrs.X_FORWARDED_FOR, hdrs.FORWARDED, "X-Real-IP")
HOPS_AT_MOST = 20


def address(request: web.Request) -> Address:
    """The address of whoever asks."""
    trusted = request.app[APP].settings.proxies
    at = _read(request.remote or "") or NOWHERE
    if not trusted or not (at == NOWHERE or _inside(at, trusted)):
        return at
    told = ",".join(request.headers.getall(hdrs.X_FORWARDED_FOR, ())).split(",")[-HOPS_AT_MOST:]
    for word in reversed(told):
        said = _read(word.strip())
        if said is None:
            break  # whatever stands before what nobody can read is not believed
        at = said
        if not _inside(at, trusted):
            break
    return at


def limited_by(request: web.Request) -> str:
    """The name by which limits count whoever asks: the address, of IPv6 the /64."""
    at = address(request)
    if isinstance(at, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((at, 64), strict=False))
    return str(at)


def from_this_machine(request: web.Request) -> bool:
    """Whether it was asked here, and passed on by nobody: not even by a proxy that we were never told of."""
    at = _read(request.remote or "")
    return at is not None and at.is_loopback and not any(name in request.headers for name in PASSED_ON)


def _inside(at: Address, networks: Sequence[Network]) -> bool:
    return any(at in network for network in networks if network.version == at.version)


def _read(word: str) -> Address | None:
    """`203.0.113.7`, `[2001:db8::1]:443`, `203.0.113.7:51000`, `::ffff:203.0.113.7`; None: no address."""
    word = word.strip('" ')
    if word.startswith("["):
        word = word[1:].partition("]")[0]
    elif word.count(":") == 1:
        word = word.partition(":")[0]
    try:
        found = ipaddress.ip_address(word.partition("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found
