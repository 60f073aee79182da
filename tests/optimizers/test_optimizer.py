"""The optimisers against recursions written out for one number, and against PyTorch's."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkgrad.errors import InkgradError
from inkgrad.network import seed_network
from inkgrad.training import SGD, Adam, AdamW, decay_mask

RATES = [0.1, 0.1, 0.05, 0.2, 0.0, 0.1]
shares = st.floats(0, 0.99)
decays = st.sampled_from([0.0, 0.01, 0.5])
settings_of = {
    SGD: st.builds(SGD, st.floats(0.01, 0.99), st.booleans(), decays),
    Adam: st.builds(Adam, shares, shares, st.sampled_from([1e-8, 1e-3]), decays),
    AdamW: st.builds(AdamW, shares, shares, st.sampled_from([1e-8, 1e-3]), decays),
}


def by_hand(optimizer, theta: float, gradients, decays: bool) -> list[float]:
    """Follow one parameter with Python's own numbers, formula by formula from the papers."""
    path, velocity, m, v = [], 0.0, 0.0, 0.0
    decay = optimizer.weight_decay if decays else 0.0
    for t, (g, rate) in enumerate(zip(gradients, RATES, strict=True), start=1):
        if isinstance(optimizer, SGD):
            g = g + decay * theta
            velocity = optimizer.momentum * velocity + g
            theta -= rate * (g + optimizer.momentum * velocity if optimizer.nesterov else velocity)
        else:
            if isinstance(optimizer, AdamW):
                theta = (1 - rate * decay) * theta
            else:
                g = g + decay * theta
            m = optimizer.beta1 * m + (1 - optimizer.beta1) * g
            v = optimizer.beta2 * v + (1 - optimizer.beta2) * g * g
            m_hat = m / (1 - optimizer.beta1**t)
            v_hat = v / (1 - optimizer.beta2**t)
            theta -= rate * m_hat / (math.sqrt(v_hat) + optimizer.epsilon)
        path.append(theta)
    return path


@pytest.mark.parametrize("kind", [SGD, Adam, AdamW])
@given(data=st.data())
def test_every_parameter_follows_the_scalar_recursion(kind, data):
    optimizer = data.draw(settings_of[kind])
    seed = data.draw(st.integers(0, 2**32))
    rng = np.random.default_rng(seed)
    theta, gradients = rng.normal(size=5), rng.normal(size=(len(RATES), 5))
    mask = rng.random(5) < 0.5
    expected = [
        by_hand(optimizer, float(theta[i]), gradients[:, i].tolist(), bool(mask[i]))
        for i in range(5)
    ]
    state = optimizer.start(theta)
    for step, (gradient, rate) in enumerate(zip(gradients, RATES, strict=True)):
        optimizer.update(theta, gradient, state, rate, mask)
        np.testing.assert_allclose(theta, [path[step] for path in expected], rtol=1e-9, atol=1e-12)
    assert state.steps == len(RATES)


def test_two_steps_of_sgd_worked_on_paper():
    theta, sgd = np.array([2.0]), SGD(momentum=0.5, nesterov=True, weight_decay=0.25)
    state = sgd.start(theta)
    sgd.update(theta, np.array([1.0]), state, learning_rate=0.5)
    # g = 1 + 0.25·2 = 1.5;  v = 1.5;  θ = 2 − 0.5·(1.5 + 0.5·1.5) = 0.875
    assert theta[0] == 0.875
    sgd.update(theta, np.array([1.0]), state, learning_rate=0.5)
    # g = 1 + 0.25·0.875 = 1.21875;  v = 0.75 + 1.21875 = 1.96875
    # θ = 0.875 − 0.5·(1.21875 + 0.984375) = −0.2265625
    assert theta[0] == -0.2265625


def test_the_defaults_are_the_papers():
    assert SGD() == SGD(momentum=0.9, nesterov=False, weight_decay=0.0)
    assert Adam() == Adam(beta1=0.9, beta2=0.999, epsilon=1e-8, weight_decay=0.0)
    assert AdamW() == AdamW(beta1=0.9, beta2=0.999, epsilon=1e-8, weight_decay=0.01)


def test_the_rates_of_a_step_worked_on_paper():
    """α/(1 − β₁ᵗ) and 1/(1 − β₂ᵗ) for t = 1, 2, where β₁ = 1/2 and β₂ = 3/4."""
    adam = Adam(beta1=0.5, beta2=0.75)
    assert adam.rates(1, 0.1) == pytest.approx((0.1 / (1 / 2), 1 / (1 / 4)))
    assert adam.rates(2, 0.1) == pytest.approx((0.1 / (3 / 4), 1 / (7 / 16)))


def test_adams_averages_stand_under_the_papers_names():
    """Checkpoints store them by name: m the mean of the gradients, v that of their squares."""
    theta, adam = np.zeros(2), Adam(beta1=0.5, beta2=0.75)
    state = adam.start(theta)
    adam.update(theta, np.array([4.0, -8.0]), state, learning_rate=0.1)
    np.testing.assert_array_equal(state.arrays["m"], [2.0, -4.0])
    np.testing.assert_array_equal(state.arrays["v"], [4.0, 16.0])


def test_what_is_remembered_stands_in_aligned_memory():
    """See `inkgrad.memory.aligned_zeros`."""
    for dtype in (np.float32, np.float64):
        for array in Adam().start(np.zeros(1001, dtype)).arrays.values():
            assert array.ctypes.data % 64 == 0
            assert (array.shape, array.dtype) == ((1001,), dtype)


def test_decay_without_a_mask_reaches_every_parameter():
    theta = np.ones(3)
    SGD(weight_decay=0.5).update(theta, np.zeros(3), SGD().start(theta), learning_rate=1.0)
    np.testing.assert_array_equal(theta, [0.5, 0.5, 0.5])


@pytest.mark.parametrize(
    "optimizer", [SGD(weight_decay=0.1), Adam(weight_decay=0.1), AdamW(weight_decay=0.1)]
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_updates_are_in_place_keep_the_dtype_and_leave_the_gradient(optimizer, dtype):
    theta = np.arange(6, dtype=dtype)
    view, gradient = theta[2:4], np.ones(6, dtype)
    state = optimizer.start(theta)
    arrays = dict(state.arrays)
    optimizer.update(theta, gradient, state, 0.1, np.ones(6, np.bool_))
    assert view[0] == theta[2] != 2
    assert theta.dtype == dtype
    assert set(arrays) == set(optimizer.state_names)
    for name, array in state.arrays.items():
        assert array is arrays[name]
        assert array.dtype == dtype
        assert array.any()
    np.testing.assert_array_equal(gradient, 1)


def test_decay_spares_the_biases_and_nothing_else():
    network = seed_network()
    parameters = network.initialise(seed=0)
    parameters.vector[:] = 1
    gradient = np.zeros_like(parameters.vector)
    optimizer = AdamW(weight_decay=0.5)
    optimizer.update(
        parameters.vector, gradient, optimizer.start(gradient), 0.1, decay_mask(network)
    )
    for name, values in parameters.items():
        expected = np.float32(1 if name.endswith("bias") else 0.95)
        np.testing.assert_array_equal(values, expected, err_msg=name)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SGD(momentum=1.0), "momentum is 1.0; give a number from 0 to below 1"),
        (lambda: SGD(momentum=0, nesterov=True), "nesterov looks ahead along the momentum"),
        (lambda: SGD(weight_decay=-1), "weight_decay is -1; give a number of at least 0"),
        (lambda: Adam(beta1=-0.1), "beta1 is -0.1"),
        (lambda: Adam(beta2=1), "beta2 is 1"),
        (lambda: AdamW(epsilon=0), "epsilon is 0; give a small number above 0"),
        (lambda: AdamW(epsilon=math.inf), "epsilon is inf"),
        (lambda: AdamW(weight_decay=math.nan), "weight_decay is nan"),
        (lambda: SGD(weight_decay=math.inf), "weight_decay is inf"),
    ],
)
def test_settings_out_of_bounds_are_refused(make, message):
    with pytest.raises(InkgradError, match=message):
        make()


@pytest.mark.oracle
@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
@pytest.mark.parametrize("kind", ["sgd", "nesterov", "adam", "adamw"])
def test_agrees_with_pytorch(kind, weight_decay):
    torch = pytest.importorskip("torch")
    ours, theirs = {
        "sgd": (SGD(0.9, False, weight_decay), lambda p: torch.optim.SGD(p, momentum=0.9)),
        "nesterov": (
            SGD(0.9, True, weight_decay),
            lambda p: torch.optim.SGD(p, lr=1, momentum=0.9, nesterov=True),
        ),
        "adam": (Adam(weight_decay=weight_decay), lambda p: torch.optim.Adam(p)),
        "adamw": (AdamW(weight_decay=weight_decay), lambda p: torch.optim.AdamW(p)),
    }[kind]
    rng = np.random.default_rng(0)
    theta = rng.normal(size=1000).astype(np.float32)
    twin = torch.nn.Parameter(torch.tensor(theta))
    other = theirs([twin])
    state = ours.start(theta)
    for step in range(50):
        rate = 0.01 / (1 + step)
        gradient = rng.normal(size=1000).astype(np.float32)
        ours.update(theta, gradient, state, rate)
        other.param_groups[0].update(lr=rate, weight_decay=weight_decay)
        twin.grad = torch.tensor(gradient)
        other.step()
        np.testing.assert_allclose(theta, twin.detach().numpy(), rtol=1e-5, atol=1e-6)
