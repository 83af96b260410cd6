"""Hashing: Argon2id with frozen parameters, over a pepper that is not in the database."""

import argon2
from django.contrib.auth.hashers import check_password, make_password


def test_the_parameters_are_frozen():
    encoded = make_password("kutoVe84").removeprefix("argon2_peppered")
    parameters = argon2.extract_parameters(encoded)
    assert parameters.type is argon2.Type.ID
    assert (parameters.memory_cost, parameters.time_cost, parameters.parallelism) == (19 * 1024, 2, 1)


def test_a_hash_is_worthless_without_the_pepper(settings):
    encoded = make_password("kutoVe84")
    assert check_password("kutoVe84", encoded)
    assert not check_password("kutove84", encoded)
    settings.PASSWORD_PEPPER = "another pepper than the one of the installation"
    assert not check_password("kutoVe84", encoded)
