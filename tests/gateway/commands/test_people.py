"""`hodi user` and `hodi key`: lists, disable, reset, role, revoke, rotate; the last admin stays."""

import json
from pathlib import Path

import pytest

from tests.gateway.commands.test_cli import hodi, operator_folder, quiet

__all__ = ["operator_folder", "quiet"]
TWICE = "three plain words\nthree plain words\n"


def _people() -> dict[str, tuple[str, str]]:
    _, text = hodi("user", "list", "--json")
    return {one["name"]: (one["role"], one["state"]) for one in json.loads(text)}


def test_people_are_listed_disabled_enabled_and_given_another_role(operator_folder: Path) -> None:
    del operator_folder
    assert hodi("user", "list")[1].startswith("Nobody yet")
    for name, role in (("asha", "admin"), ("bea", "clerk")):
        assert hodi("user", "create", name, "--role", role, stdin=TWICE)[0] == 0
    assert hodi("user", "disable", "asha")[0] == 1, "the last admin stays"
    assert hodi("user", "role", "asha", "viewer")[0] == 1
    assert hodi("user", "disable", "bea", "--why", "left")[0] == 0
    assert _people() == {"asha": ("admin", "active"), "bea": ("clerk", "disabled")}
    assert hodi("user", "enable", "bea")[0] == 0
    assert hodi("user", "role", "bea", "--role", "admin", "--why", "promoted")[0] == 0
    assert hodi("user", "disable", "asha")[0] == 0
    assert _people() == {"asha": ("admin", "disabled"), "bea": ("admin", "active")}
    assert hodi("user", "reset", "bea", stdin=TWICE)[0] == 0
    for words in (("role", "bea", "king"), ("role", "bea", "clerk", "--branch", "atlantis"), ("disable", "nobody")):
        assert hodi("user", *words)[0] == 1, words
    assert hodi("user", "role", "bea")[0] == 2


def test_keys_are_listed_without_their_secret_revoked_and_rotated(operator_folder: Path) -> None:
    del operator_folder
    made = hodi("key", "create", "--role", "viewer")[1].strip()
    prefix = made.split("_")[1]
    status, text = hodi("key", "list", "--json")
    assert (status, [one["state"] for one in json.loads(text)]) == (0, ["valid"])
    assert prefix in text and made not in text
    after = hodi("key", "rotate", prefix, "--keep-hours", "1")[1].strip()
    assert after.startswith("hodi_") and after != made
    states = {one["key"]: one["state"][:5] for one in json.loads(hodi("key", "list", "--json")[1])}
    assert states == {prefix: "until", after.split("_")[1]: "valid"}
    assert hodi("key", "revoke", after, "--why", "found in a mail")[0] == 0, "the whole key does as well as its prefix"
    assert hodi("key", "revoke", after)[0] == 1
    assert hodi("key", "rotate", "nothing")[0] == 1


def test_hooks_prints_the_address_of_each_provider_with_its_own_secret(
    operator_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del operator_folder
    monkeypatch.setenv("HODI_HOOK_SECRET", "a-secret-of-this-house")
    status, text = hodi("hooks", "--json")
    found = {one["provider"]: one["url"] for one in json.loads(text)}
    assert (status, "africastalking" in found, "a-secret-of-this-house" in text) == (0, True, False)
    assert len({url.split("/")[-2] for url in found.values()}) == len(found)
