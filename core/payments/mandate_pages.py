"""A customer gives a mandate (or saves a card) on the provider's own page: written down as pending, then she is sent there.

What she did there is told by the provider's event; until then nothing is collected under it.
"""

from sqlalchemy import update

from core.errors import Refused
from core.house import House
from core.payments import mandates, queries
from core.payments.providers import callback_url, can, named
from core.payments.providers.contract import Begun, Wanted
from core.payments.tables import mandate


async def start(house: House, account_id: int, *, actor: str) -> str:
    """The address of the page; `Refused` when the provider has none, or cannot be reached."""
    provider = house.operator.payments.mandates
    if not can(house, provider, "mandate"):
        raise Refused("payments.mandate.no_page")
    async with house.db.writing() as conn:
        facts = await queries.account_facts(conn, account_id)
        if facts is None:
            raise Refused("payments.account.unknown", status=404)
        reference = await mandates.create(conn, house, account_id, actor=actor, provider=provider)
    said = await named(house, provider).start(
        Wanted(
            method="mandate", key=reference, attempt_id=0, amount_minor=0, currency=facts.currency,
            reference=facts.number, description=house.operator.short_name, language=facts.language,
            callback_url=callback_url(house, provider), return_url=f"{house.settings.public_url.rstrip('/')}/",
        )
    )  # fmt: skip
    if not isinstance(said, Begun) or not said.url:
        raise Refused("payments.link.later", status=503)
    async with house.db.writing() as conn:
        named_now = update(mandate).where(mandate.c.reference == reference, mandate.c.provider_ref.is_(None))
        await conn.execute(named_now.values(provider_ref=said.provider_ref))
    return said.url
