"""How dear a guess is: what the house itself uses, not the quick one of the tests."""

from argon2 import PasswordHasher, Type


def test_a_guess_of_a_password_or_a_pin_costs_what_owasp_asks(
    real_hashers: tuple[PasswordHasher, PasswordHasher],
) -> None:
    for hasher in real_hashers:
        assert hasher.type is Type.ID
        assert hasher.memory_cost >= 19_456
        assert hasher.time_cost >= 2
