"""The ops side in one place: its routes, and what it needs at start-up.

`setup(app)` puts the meters, the edge and the guard around every route, in this order: a refusal of the guard is counted
and told like any other.
"""

from aiohttp import web

from gateway.admin import health, metrics, openapi, permissions
from gateway.admin.auth import guard
from gateway.admin.console import login, navigation
from gateway.admin.console.form_middleware import stay
from gateway.admin.console.language import spoken
from gateway.admin.console.sections import SECTIONS
from gateway.admin.edge import edge, headers
from gateway.admin.tmf import (
    account,
    communication,
    customer_bill,
    held_reading,
    payment,
    prepay_balance,
    service_problem,
    trouble_ticket,
    usage,
)
from gateway.admin.tmf import customer as tmf_customer
from gateway.pages import page
from gateway.request_timeouts import patient

ROOMS = (
    health,
    metrics,
    openapi,
    account,
    tmf_customer,
    communication,
    customer_bill,
    payment,
    trouble_ticket,
    prepay_balance,
    usage,
    held_reading,
    service_problem,
    page,
)


def routes() -> list[web.AbstractRouteDef]:
    """Every route of the ops side, and the static files."""
    console = [route for section in SECTIONS for route in section.routes()]
    return [*(route for room in ROOMS for route in room.routes()), *console]


def setup(app: web.Application) -> None:
    """Middlewares, meters, throttles and headers. Call it once, before the app starts and before other middlewares.

    `ValueError` where the routes and the roles do not name the same permissions.
    """
    permissions.check(permissions.collect(routes()))
    app[metrics.METERS] = metrics.Meters()
    app[navigation.SECTIONS] = SECTIONS
    login.setup(app)
    app.middlewares.extend([patient, metrics.measured, edge, spoken, guard, stay])
    app.on_response_prepare.append(headers)
