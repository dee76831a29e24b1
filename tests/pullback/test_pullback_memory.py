"""What a first call loads for a network of common layers: none of the parts of torch that it has no use for."""

from __future__ import annotations

import subprocess
import sys

import pytest

CALLS = {
    "curvature": "geo.scalar_curvature(x)",
    "layers": 'geo.layers().evaluate(x, "metric")',
    "other calls": """
Pullback(nn.Sequential(nn.Linear(2, 5), nn.GELU(), nn.LayerNorm(5), nn.Softmax(-1))).metric(x)
Pullback(nn.Sequential(nn.Linear(9, 5), nn.Tanh(), nn.Linear(5, 2))).log_volume(torch.rand(3, 9))
Pullback(nn.Sequential(nn.Conv2d(1, 9, 2), nn.AvgPool2d(2), nn.Flatten())).metric(torch.rand(1, 3, 3))
Pullback(lambda x: torch.stack([x[:, 0].sin(), x[:, 1]], 1)).metric(x)
""",
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


FIRST = """
import torch
from symgeo.pullback import Pullback
features = lambda x: torch.logsumexp(torch.stack([x, x.sin()], 2), 2).repeat(1, 2) + torch.cat([x, x**2], 1)
x = torch.rand(3, 2, dtype=torch.float64)
with torch.inference_mode():
    first = Pullback(features).metric(x)
print((Pullback(features).metric(x) - first).abs().max().item())
"""


def test_a_first_call_under_inference_mode_leaves_nothing_behind() -> None:
    done = subprocess.run([sys.executable, "-c", FIRST], capture_output=True, text=True, check=True)
    assert float(done.stdout) == 0.0
