"""`/openapi.json`: made from the route table itself, so that a route cannot be left out.

What a handler says of itself (`described`) is its entry; a handler that says nothing is described by its docstring and its path.
"""

import re
from typing import Any

from aiohttp import web
from pydantic import BaseModel

from gateway.admin.auth import API, CONSOLE
from gateway.admin.described import OPEN, Described, described, description
from gateway.admin.json import respond
from gateway.app_keys import APP

_PLACE = re.compile(r"\{(\w+)(?::[^{}]*)?\}")
_REFS = "#/components/schemas/"


class Problem(BaseModel):
    """Every refusal."""

    code: str
    reason: str


@described(summary="This description of all routes")
async def openapi(request: web.Request) -> web.Response:
    """GET /openapi.json."""
    return respond(document(request.app))


def document(app: web.Application) -> dict[str, Any]:
    """The OpenAPI 3.1 document of every route of `app`."""
    schemas: dict[str, Any] = {}
    _schema(Problem, schemas)
    paths: dict[str, dict[str, Any]] = {}
    for path, method, handler in all_routes(app):
        paths.setdefault(path, {})[method] = _operation(path, method, handler, schemas)
    hodi = app[APP]
    return {
        "openapi": "3.1.0",
        "info": {"title": f"Hodi: {hodi.operator.name}", "version": "4.0"},
        "servers": [{"url": hodi.settings.public_url}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer"},
                "console": {"type": "apiKey", "in": "cookie", "name": "hodi_console"},
            },
        },
    }


def all_routes(app: web.Application) -> list[tuple[str, str, object]]:
    """(path as OpenAPI writes it, method in small letters, handler) of each route; HEAD goes with its GET."""
    rows: list[tuple[str, str, object]] = []
    for route in app.router.routes():
        path = route.resource.canonical if route.resource else ""
        if isinstance(route.resource, web.StaticResource):
            path += "/{filename}"
        if path and route.method not in ("HEAD", "*"):
            rows.append((_PLACE.sub(r"{\1}", path), route.method.lower(), route.handler))
    return rows


def _operation(path: str, method: str, handler: object, schemas: dict[str, Any]) -> dict[str, Any]:
    text = description(handler) or Described(OPEN, (handler.__doc__ or path).strip().split("\n")[0])
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in _PLACE.findall(path)
    ]
    parameters += [
        {"name": name, "in": "query", "description": words, "schema": {"type": "string"}} for name, words in text.query
    ]
    operation: dict[str, Any] = {
        "summary": text.summary,
        "operationId": _operation_id(method, path),
        "tags": [path.split("/")[1] or "root"],
        "parameters": parameters,
        "responses": _responses(text, schemas),
    }
    if text.permission != OPEN:
        operation["x-permission"] = text.permission
    if path.startswith(API):
        operation["security"] = [{"key": []}]
    elif path.startswith(CONSOLE) and text.permission != OPEN:
        operation["security"] = [{"console": []}]
    if text.body:
        operation["requestBody"] = {"required": True, "content": _json(_schema(text.body, schemas))}
    return operation


def _operation_id(method: str, path: str) -> str:
    return method + re.sub(r"[^A-Za-z0-9]+(\w?)", lambda found: found[1].upper(), "/" + path)


def _responses(told: Described, schemas: dict[str, Any]) -> dict[str, Any]:
    done: dict[str, Any] = {"description": "Done"}
    if told.answer:
        shape = _schema(told.answer, schemas)
        done["content"] = _json({"type": "array", "items": shape} if told.many else shape)
    refused = {"description": "Refused: code and reason", "content": _json({"$ref": f"{_REFS}Problem"})}
    return {str(told.status): done, "default": refused}


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _schema(model: type[BaseModel], schemas: dict[str, Any]) -> dict[str, Any]:
    shape = model.model_json_schema(ref_template=_REFS + "{model}", mode="serialization")
    schemas.update(shape.pop("$defs", {}))
    schemas[model.__name__] = shape
    return {"$ref": _REFS + model.__name__}


def routes() -> list[web.RouteDef]:
    """The route."""
    return [web.get("/openapi.json", openapi)]
