"""Daraja's access token: asked for with the consumer key, good for an hour, kept until a minute before it ends.

Without a token nothing has been asked of Daraja yet, so whatever goes wrong here is `NotReached`.
"""

from base64 import b64encode
from datetime import datetime, timedelta

from core.outcome import NotReached
from core.payments.providers.http import Reply, call

_PATH = "/oauth/v1/generate?grant_type=client_credentials"
_kept: dict[tuple[str, str], tuple[str, datetime]] = {}


async def token(base_url: str, key: str, secret: str, now: datetime) -> str | NotReached:
    """A token that is good at `now`."""
    found = _kept.get((base_url, key))
    if found and now < found[1]:
        return found[0]
    basic = b64encode(f"{key}:{secret}".encode()).decode()
    reply = await call("GET", base_url + _PATH, headers={"Authorization": f"Basic {basic}"})
    if not isinstance(reply, Reply):
        return NotReached(reply.why)
    given, lasts = reply.body.get("access_token"), str(reply.body.get("expires_in", ""))
    if reply.status != 200 or not given or not lasts.isdigit():
        return NotReached(f"no token (HTTP {reply.status})")
    _kept[base_url, key] = (str(given), now + timedelta(seconds=max(int(lasts) - 60, 0)))
    return str(given)


def forget(base_url: str, key: str) -> None:
    """Daraja refused the token: the next call asks for another."""
    _kept.pop((base_url, key), None)
