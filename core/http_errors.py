"""What an error of HTTP says of a call: whether the remote system surely never heard us, or may have. Decided here and nowhere else.

Only a connection that was never made counts as never heard; one that broke, or an answer that never came, may have carried everything.
"""

import aiohttp

from core.outcome import NotReached, Unknown

NEVER_HEARD = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)
HTTP_ERRORS = (aiohttp.ClientError, TimeoutError, OSError)
"""All that a call can raise by itself."""


def outcome_of(error: Exception) -> NotReached | Unknown:
    """The outcome of a call that raised one of `HTTP_ERRORS`."""
    why = type(error).__name__
    return NotReached(why) if isinstance(error, NEVER_HEARD) else Unknown(why)
