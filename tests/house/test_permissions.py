"""Every route of the console and of the ops API declares its permission, and roles grant what routes ask for and nothing else."""

import pytest
from aiohttp import web

from core.access.model import ROLES
from gateway.admin.described import described, description
from gateway.admin.permissions import BEHIND, check, collect
from gateway.admin.routes import routes


async def silent(_: web.Request) -> web.Response:
    return web.Response()


def planted(permission: str) -> list[web.AbstractRouteDef]:
    """The routes, and one more that asks for `permission`."""

    @described(permission)
    async def handler(_: web.Request) -> web.Response:
        return web.Response()

    return [*routes(), web.get("/console/tomorrow", handler)]


def test_permissions_are_collected_from_the_routes_and_go_with_the_roles() -> None:
    permissions = collect(routes())
    assert "POST /console/collections/{id}/write-off" in permissions["collections.work"]
    assert len(permissions) > 30
    check(permissions)


def test_each_route_behind_the_guard_says_who_may_use_it() -> None:
    behind = [one for one in routes() if isinstance(one, web.RouteDef) and one.path.startswith(BEHIND)]
    assert len(behind) > 120
    assert [one.path for one in behind if description(one.handler) is None] == []


@pytest.mark.parametrize("path", ["/console/tomorrow", "/tmf-api/tomorrow/v4/thing"])
def test_a_planted_route_without_a_permission_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="declares no permission"):
        collect([*routes(), web.get(path, silent)])
    with pytest.raises(ValueError, match="declares no permission"):
        collect([*routes(), web.post(path, silent)])


def test_a_planted_slip_of_the_pen_is_refused_on_either_side() -> None:
    with pytest.raises(ValueError, match=r"no role names: bill\.sea"):
        check(collect(planted("bill.sea")))
    with pytest.raises(ValueError, match=r"no route asks for: bill\.sea"):
        check(collect(routes()), {**ROLES, "clerk": ROLES["clerk"] | {"bill.sea"}})
    with pytest.raises(ValueError, match=r"no thing\.verb"):
        collect(planted("everything"))
