"""What a first call loads for a network of common layers: none of the parts of torch that it has no use for."""

from __future__ import annotations

import subprocess
import sys

import pytest

CALLS = {
    "curvature": "geo.scalar_curvature(x)",
    "layers": 'geo.layers().evaluate(x, "metric")',
}
PROGRAM = """
import sys, torch
from torch import nn
from symgeo.pullback import Pullback
torch.set_num_threads(1)
net = nn.Sequential(nn.Linear(2, 5), nn.Tanh(), nn.Linear(5, 4), nn.Sigmoid())
x, geo = torch.rand(3, 2), Pullback(net)
{call}
print(*sorted(name for name in ("torch.distributed.tensor", "torch._dynamo", "sympy") if name in sys.modules))
"""


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_call_loads_no_compiler_and_no_distributed_tensors(call: str) -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM.format(call=call)], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
