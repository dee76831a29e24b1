import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from symgeo.calabi_yau import Architecture, PhiNetwork, dwork, fermat, hermitian, jets, sample
from symgeo.calabi_yau.fused import Activated
from symgeo.calabi_yau.network import ACTIVATIONS

TINY = 1e-12


def random_hermitian(m, n, seed):
    x = torch.randn(m, n, n, dtype=torch.complex128, generator=torch.Generator().manual_seed(seed))
    return x + x.mH


@settings(deadline=None, derandomize=True, max_examples=30)
@given(st.integers(1, 4), st.integers(0, 10**6))
def test_packed_hermitian_matrices(n, seed):
    h = random_hermitian(6, n, seed)
    entries = hermitian.packed(h)
    torch.testing.assert_close(hermitian.unpacked(entries), h, rtol=0, atol=0)
    torch.testing.assert_close(hermitian.determinant(entries), torch.linalg.det(h).real, rtol=1e-10, atol=1e-12)
    shifted = h + n * torch.eye(n)
    expected = torch.linalg.eigvalsh(shifted)[:, 0] > 0
    assert torch.equal(hermitian.positive(hermitian.packed(shifted)), expected)


def test_no_metric_where_an_entry_is_not_a_number():
    for n in (1, 2, 3, 4):
        entries = hermitian.identity(torch.zeros(2, n * n, dtype=torch.float64)).repeat(2, 1)
        entries[1, n * n - 1] = torch.nan
        assert hermitian.positive(entries).tolist() == [True, False]


def mixed_by_autograd(f, z):
    """d_i dbar_j of a real function of complex variables, by torch's nested reverse mode."""
    real = torch.view_as_real(z)
    h = torch.autograd.functional.hessian(lambda x: f(torch.view_as_complex(x)), real)
    xx, xy, yx, yy = h[:, 0, :, 0], h[:, 0, :, 1], h[:, 1, :, 0], h[:, 1, :, 1]
    return torch.complex(xx + yy, xy - yx) / 4


def ambient_potential(network, z):
    """phi of one point, written out in complex arithmetic without jets; plain features."""
    N = len(z)
    u = z / z.abs().pow(2).sum().sqrt()
    M = u[:, None] * u.conj()[None]
    above = [(i, j) for i in range(N) for j in range(i + 1, N)]
    features = [M[i, i].real for i in range(N)]
    features += [M[i, j].real for i, j in above] + [M[i, j].imag for i, j in above]
    y = (torch.stack(features) - network.mean) / network.scale
    s = {"gelu": torch.nn.functional.gelu, "tanh": torch.tanh, "square": torch.square}
    for layer in network.hidden:
        y = s[network.architecture.activation](layer.weight @ y + layer.bias)
    y = (network.readout.weight @ y)[0]
    k = network.architecture.bidegree
    return torch.log(1 + y) / (torch.pi * k) if network.architecture.head == "logarithm" else y


@pytest.mark.parametrize("head", ["linear", "logarithm"])
@pytest.mark.parametrize("activation", list(ACTIVATIONS))
@pytest.mark.parametrize("surface", [fermat(1), fermat(2), dwork(3, 0.5)], ids=lambda h: h.name)
def test_d_dbar_agrees_with_nested_autograd(surface, activation, head):
    points = sample(surface, 6, 0)
    network = PhiNetwork(Architecture("plain", 0, (7, 5), activation, head), points, seed=1)
    torch.nn.init.normal_(network.readout.weight, std=0.02, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        h = jets.mixed(network(network.features(points)))
    for k in range(6):
        z, T = points.points[k], points.frame[k]
        ambient = mixed_by_autograd(lambda z: ambient_potential(network, z), z)
        expected = (T.mT @ ambient @ T.conj()).detach()
        assert float((h[k] - expected).abs().max() / expected.abs().max()) < TINY


@pytest.mark.parametrize("activation", list(ACTIVATIONS))
@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_the_fused_layer_is_autograds(n, activation):
    generator = torch.Generator().manual_seed(n)
    x = torch.randn(4, (1 + n) ** 2, 5, dtype=torch.float64, generator=generator).requires_grad_()
    bias = torch.randn(5, dtype=torch.float64, generator=generator).requires_grad_()
    cotangent = torch.randn(4, (1 + n) ** 2, 5, dtype=torch.float64, generator=generator)
    shifted = torch.cat([x[:, :1] + bias, x[:, 1:]], 1)
    expected = jets.compose(shifted, *ACTIVATIONS[activation](shifted[:, 0])[:3])
    actual = Activated.apply(x.transpose(0, 1).contiguous(), bias, ACTIVATIONS[activation]).transpose(0, 1)
    torch.testing.assert_close(actual, expected, rtol=1e-13, atol=1e-13)
    for one, two in zip(*(torch.autograd.grad(y, (x, bias), cotangent) for y in (actual, expected)), strict=True):
        torch.testing.assert_close(one, two, rtol=1e-12, atol=1e-12)


def test_single_precision_agrees_with_double():
    points = sample(fermat(3), 50, 0)
    network = PhiNetwork(Architecture("plain", 0, (16,)), points, seed=0)
    torch.nn.init.normal_(network.readout.weight, generator=torch.Generator().manual_seed(0))
    double = network.metric(points).detach()
    single = network.float().metric(points.to(torch.complex64)).detach()
    assert single.dtype == torch.complex64
    assert float((single - double).abs().max() / double.abs().max()) < 1e-5


@settings(deadline=None, derandomize=True, max_examples=20)
@given(st.integers(1, 3), st.integers(0, 10**6))
def test_products_and_compositions_obey_leibniz_and_the_chain_rule(n, seed):
    generator = torch.Generator().manual_seed(seed)
    f, g, h = (torch.randn(3, (1 + n) ** 2, 4, dtype=torch.float64, generator=generator) for _ in range(3))

    def close(x, y):
        torch.testing.assert_close(x, y, rtol=1e-11, atol=1e-11)

    close(jets.product(f, g), jets.product(g, f))
    close(jets.product(f, jets.product(g, h)), jets.product(jets.product(f, g), h))
    close(jets.product(f, jets.constant(f)), f)
    x = f[:, 0]
    close(jets.compose(f, x**2, 2 * x, torch.full_like(x, 2.0)), jets.product(f, f))
    square = jets.product(f, f) + jets.constant(f)
    close(jets.product(jets.power(square, -1.5), jets.power(square, 2.5)), square)
    both = jets.logarithm(square) + jets.logarithm(jets.product(square, square))
    close(both, jets.logarithm(jets.power(square, 3)))


def test_hermitian_products_of_holomorphic_functions():
    generator = torch.Generator().manual_seed(0)
    f, g = (torch.randn(5, 3, dtype=torch.complex128, generator=generator) for _ in range(2))
    df, dg = (torch.randn(5, 2, 3, dtype=torch.complex128, generator=generator) for _ in range(2))
    real, imaginary = jets.hermitian_products(f, df, g, dg)
    a, b = jets.holomorphic(f, df)
    c, d = jets.holomorphic(g, dg)
    torch.testing.assert_close(real, jets.product(a, c) + jets.product(b, d))
    torch.testing.assert_close(imaginary, jets.product(b, c) - jets.product(a, d))
    assert float(jets.mixed_entries(a).abs().max()) == 0
