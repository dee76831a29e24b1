"""A checkpoint holds the whole state, and is whole or not there."""

from __future__ import annotations

import copy

import pytest
import torch
from safetensors.torch import save_file

from symgeo.errors import DataError
from symgeo.models import MLP, checkpoint
from symgeo.models.checkpoint import State
from symgeo.models.epochs import epochs

OPTIMISERS = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.1),
    "momentum": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
    "adam": lambda p: torch.optim.Adam(p, lr=0.01, betas=(0.8, 0.95), weight_decay=0.1),
    "amsgrad": lambda p: torch.optim.AdamW(p, lr=0.01, amsgrad=True),
}
X = torch.randn(10, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
Y = (X[:, 0] > 0).long()


def fresh(kind: str, seed: int = 0) -> State:
    generator = torch.Generator().manual_seed(seed)
    model = MLP((2, 4, 2), generator=generator)
    return State(model, OPTIMISERS[kind](model.parameters()), generator)


def trained(state: State, until: int) -> State:
    for metrics in epochs(state, X, Y, batch=4):
        if metrics.epoch == until:
            break
    return state


@pytest.mark.parametrize("kind", OPTIMISERS)
@pytest.mark.parametrize("at", [0, 3])
def test_a_stored_state_goes_on_bit_for_bit(tmp_path, kind, at):
    state = trained(fresh(kind), at) if at else fresh(kind)
    checkpoint.write(checkpoint.capture(state, {}), tmp_path / "state")
    straight = trained(state, 8)
    resumed = fresh(kind, seed=99)
    checkpoint.restore(checkpoint.read(tmp_path / "state"), resumed)
    assert resumed.epoch == at
    trained(resumed, 8)
    for a, b in zip(straight.model.parameters(), resumed.model.parameters(), strict=True):
        assert torch.equal(a, b)
    assert torch.equal(straight.generator.get_state(), resumed.generator.get_state())


def test_a_captured_state_is_a_copy():
    state = trained(fresh("momentum"), 2)
    captured = checkpoint.capture(state, {"torch": "x"})
    before = copy.deepcopy(captured.tensors)
    trained(state, 4)
    assert all(torch.equal(before[name], captured.tensors[name]) for name in before)


@pytest.mark.parametrize("kept", [0, 5, 100, -1])
def test_a_truncated_file_is_named(tmp_path, kept):
    path = tmp_path / "epoch-000003.safetensors"
    checkpoint.write(checkpoint.capture(fresh("adam"), {}), path)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(DataError, match=r"epoch-000003\.safetensors: not a sound safetensors file") as caught:
        checkpoint.read(path)
    assert "\n" not in str(caught.value)


def test_another_safetensors_file_and_a_missing_one_are_named(tmp_path):
    save_file({"a": torch.zeros(2)}, tmp_path / "alien")
    with pytest.raises(DataError, match="alien: a safetensors file, but not 'symgeo checkpoint 1'"):
        checkpoint.read(tmp_path / "alien")
    with pytest.raises(DataError, match="nothing: no such file"):
        checkpoint.read(tmp_path / "nothing")
