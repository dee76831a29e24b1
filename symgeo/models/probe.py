r"""A linear probe: the linear readout that tells the classes apart best on features that stay as they are.

    minimise over V, c:   (1/m) sum_i H(y_i, softmax(V u_i + c)) + (ridge / 2) |V|^2,    u = (Phi - mean) / deviation

with the cross-entropy H and the features standardised over the points, coordinate by coordinate: multinomial logistic
regression, convex, so that the answer depends on the features alone; by L-BFGS in double precision.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from symgeo.errors import NumericalError

RIDGE = 1e-3
_STEPS = 100
_CHUNK = 500


def fit_probe(
    model: nn.Module, inputs: Float[Tensor, "batch d"], labels: Int64[Tensor, " batch"], *, ridge: float = RIDGE
) -> None:
    """Set `model.readout`, a linear layer, to the probe of `model.features` at these points.

    Args:
        model: in evaluation mode while the features are taken, and left in its mode.
        inputs: points.
        labels: their classes.
        ridge: of the weights.

    Raises:
        NumericalError: the features are not finite.
    """
    readout = model.readout
    assert isinstance(readout, nn.Linear)
    training = model.training
    model.eval()
    with torch.no_grad():
        features = torch.cat([model.features(x) for x in inputs.split(_CHUNK)]).double()
    model.train(training)
    if not features.isfinite().all():
        raise NumericalError("the features are not finite, and no readout can be fitted: lower `learning_rate`")
    mean, deviation = features.mean(0), features.std(0)
    # A feature that is the same at all points says nothing: it is left at the 0 that standardising gives it.
    deviation = torch.where(deviation > 0, deviation, 1)
    weight, bias = logistic_regression((features - mean) / deviation, labels, readout.out_features, ridge)
    weight = weight / deviation
    with torch.no_grad():
        readout.weight.copy_(weight)
        readout.bias.copy_(bias - weight @ mean)


def logistic_regression(
    u: Float[Tensor, "batch n"], labels: Int64[Tensor, " batch"], classes: int, ridge: float
) -> tuple[Float[Tensor, "classes n"], Float[Tensor, " classes"]]:
    """V and c, see the module.

    Returns:
        Where no entry of the gradient is above 1e-5, or after 100 steps.
    """
    weight = u.new_zeros(classes, u.shape[1], requires_grad=True)
    bias = u.new_zeros(classes, requires_grad=True)
    newton = torch.optim.LBFGS(
        [weight, bias], max_iter=_STEPS, tolerance_grad=1e-5, tolerance_change=0, line_search_fn="strong_wolfe"
    )

    def loss() -> Tensor:
        newton.zero_grad()
        value = cross_entropy(u @ weight.T + bias, labels) + ridge / 2 * weight.square().sum()
        value.backward()
        return value

    newton.step(loss)
    return weight.detach(), bias.detach()
