"""Trajectories as files."""

from __future__ import annotations

import numpy as np
import pytest

from symgeo.errors import DataError, InputError
from symgeo.flows import End, Trajectory, load


def made() -> Trajectory:
    return Trajectory(
        "Ricci flow",
        np.array([0.0, 1.0]),
        {"u": np.arange(6.0).reshape(2, 3)},
        {"area": np.array([2.0, 1.0])},
        {"first": np.arange(3.0)},
        End.singular,
        "the sphere vanishes",
        1.5,
    )


def test_a_trajectory_comes_back(tmp_path) -> None:
    path = made().save(tmp_path / "flow.npz")
    back = load(path)
    assert (back.flow, back.end, back.message, back.singular_time) == (
        "Ricci flow",
        End.singular,
        "the sphere vanishes",
        1.5,
    )
    np.testing.assert_array_equal(back.last["u"], [3, 4, 5])
    np.testing.assert_array_equal(back.measures["area"], [2, 1])
    np.testing.assert_array_equal(back.constants["first"], [0, 1, 2])
    assert [p.name for p in tmp_path.iterdir()] == ["flow.npz"]


def test_files_that_are_none(tmp_path) -> None:
    with pytest.raises(InputError, match=r"must end in \.npz"):
        made().save(tmp_path / "flow.txt")
    with pytest.raises(DataError, match="no such file"):
        load(tmp_path / "flow.npz")
    path = made().save(tmp_path / "flow.npz")
    path.write_bytes(path.read_bytes()[:400])
    with pytest.raises(DataError, match="not a sound trajectory"):
        load(path)
    np.savez(path, times=np.ones(2))
    with pytest.raises(DataError, match="not a sound trajectory"):
        load(path)
