"""The references of the wide networks, computed once: wrong closed forms are held against them many times."""

import pytest

from symgeo.crosscheck import wide


@pytest.fixture(scope="package")
def computed():
    return {name: list(wide.references(name)) for name in wide.ACTIVATIONS}


@pytest.fixture
def references(computed, monkeypatch):
    monkeypatch.setattr(wide, "references", computed.__getitem__)
    return computed
