"""An access token by OAuth 2.0 client credentials, kept until a minute before it ends.

Without a token nothing has been asked of the provider yet, so whatever goes wrong here is `NotReached`.
"""

from datetime import datetime, timedelta

import aiohttp

from core.outcome import NotReached
from core.payments.providers.http import TIMEOUT, loads

EARLY_SECONDS = 60
_kept: dict[tuple[str, str], tuple[str, datetime]] = {}


async def token(url: str, client_id: str, client_secret: str, now: datetime) -> str | NotReached:
    """A token that is good at `now`."""
    found = _kept.get((url, client_id))
    if found and now < found[1]:
        return found[0]
    form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": client_secret}
    try:
        async with (
            aiohttp.ClientSession(timeout=TIMEOUT) as session,
            session.post(url, data=form, allow_redirects=False) as response,
        ):
            status, said = response.status, loads(await response.read())
    except (aiohttp.ClientError, TimeoutError, OSError) as why:
        return NotReached(type(why).__name__)
    given, lasts = (said.get("access_token"), said.get("expires_in")) if isinstance(said, dict) else (None, None)
    if status != 200 or not given or not isinstance(lasts, int):
        return NotReached(f"no token (HTTP {status})")
    _kept[url, client_id] = (str(given), now + timedelta(seconds=max(lasts - EARLY_SECONDS, 0)))
    return str(given)


def forget(url: str, client_id: str) -> None:
    """The token was refused: the next call asks for another."""
    _kept.pop((url, client_id), None)
