"""What the ops side lists of balances and usage: buckets, reservations, events. Read only."""

from sqlalchemy import Select, func, select
from sqlalchemy.sql.expression import FromClause

from core.balances.tables import bucket, bucket_user, hold
from core.metering.tables import usage_event
from core.overview.listing import Listing
from core.parties.tables import account, branch, party, service


def _with_customer(start: FromClause, account_id: object) -> FromClause:
    whose = start.join(account, account.c.id == account_id).join(party, party.c.id == account.c.party_id)
    return whose.join(branch, branch.c.id == account.c.branch_id)


_CUSTOMER = (
    account.c.number.label("account_number"), party.c.id.label("party_id"), party.c.name.label("party_name"),
    branch.c.code.label("branch"),
)  # fmt: skip
_USERS = select(func.count()).select_from(bucket_user).where(bucket_user.c.bucket_id == bucket.c.id).scalar_subquery()


def _buckets() -> Select[tuple[object, ...]]:
    columns = (*bucket.c, _USERS.label("users"), *_CUSTOMER)
    return select(*columns).select_from(_with_customer(bucket, bucket.c.account_id))


BUCKETS = Listing(
    _buckets(),
    bucket.c.id,
    branch.c.code,
    {
        "id": bucket.c.id,
        "account_id": bucket.c.account_id,
        "account_number": account.c.number,
        "state": bucket.c.state,
        "unit": bucket.c.unit,
        "code": bucket.c.code,
        "service_id": bucket.c.service_id,
        "party_id": party.c.id,
        "expires_at": bucket.c.expires_at,
    },
    (bucket.c.account_id, bucket.c.priority, bucket.c.id),
)
"""Buckets, in the order in which an account's are drawn."""


def _holds() -> Select[tuple[object, ...]]:
    return select(*hold.c, *_CUSTOMER).select_from(_with_customer(hold, hold.c.account_id))


HOLDS = Listing(
    _holds(),
    hold.c.id,
    branch.c.code,
    {"id": hold.c.id, "account_id": hold.c.account_id, "state": hold.c.state, "account_number": account.c.number},
    (hold.c.created_at.desc(), hold.c.id.desc()),
)
"""Reservations, the newest first."""


def _events() -> Select[tuple[object, ...]]:
    start = _with_customer(usage_event.join(service, service.c.id == usage_event.c.service_id), service.c.account_id)
    return select(*usage_event.c, service.c.account_id, *_CUSTOMER).select_from(start)


EVENTS = Listing(
    _events(),
    usage_event.c.service_id,
    branch.c.code,
    {
        "service_id": usage_event.c.service_id,
        "at": usage_event.c.at,
        "key": usage_event.c.key,
        "use": usage_event.c.use,
        "account_id": service.c.account_id,
        "account_number": account.c.number,
        "destination": usage_event.c.destination,
    },
    (usage_event.c.at.desc(), usage_event.c.key),
)
"""Calls, messages and sessions, the newest first. One is known by its service, its second and its key."""
