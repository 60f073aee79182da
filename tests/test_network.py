"""Networks: shapes inferred, figures exact, parameters in one vector, descriptions mistrusted."""

from __future__ import annotations

import copy
import json
import math
import pickle
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkgrad.errors import ShapeError
from inkgrad.layers import LAYERS, Conv2D, Dense, Flatten, MaxPool2D, ReLU
from inkgrad.memory import aligned_copy, aligned_zeros
from inkgrad.network import Network, Parameters, seed_network
from tests.networks import random_network

# --- the seed network ---------------------------------------------------------------------------


def test_the_seed_network_has_420_997_parameters_in_the_issues_places():
    network = seed_network()
    learnt = {stage.name: stage.parameters for stage in network.stages if stage.parameters}
    assert learnt == {"conv1": 320, "conv2": 18_496, "dense1": 401_536, "dense2": 645}
    assert network.size == sum(learnt.values()) == 420_997


def test_the_seed_network_takes_4_24_million_multiply_adds():
    network = seed_network()
    assert network.multiply_adds == 4_240_512
    assert network.multiply_adds == sum(stage.multiply_adds for stage in network.stages)


def test_the_seed_networks_shapes():
    shapes = {stage.name: stage.output_shape for stage in seed_network().stages}
    assert shapes == {
        "conv1": (32, 28, 28),
        "relu1": (32, 28, 28),
        "pool1": (32, 14, 14),
        "conv2": (64, 14, 14),
        "relu2": (64, 14, 14),
        "pool2": (64, 7, 7),
        "flatten1": (3136,),
        "dense1": (128,),
        "relu3": (128,),
        "dense2": (5,),
    }


def test_classes_change_the_last_layer_only():
    assert seed_network(345).output_shape == (345,)
    assert seed_network(345).size == 420_997 - 645 + 129 * 345


def test_the_summary_says_it_all():
    assert seed_network().summary() == "\n".join(
        [
            "layer           output  parameters  multiply-adds",
            "-------------------------------------------------",
            "conv1     (32, 28, 28)         320        225,792",
            "relu1     (32, 28, 28)           0              0",
            "pool1     (32, 14, 14)           0              0",
            "conv2     (64, 14, 14)      18,496      3,612,672",
            "relu2     (64, 14, 14)           0              0",
            "pool2       (64, 7, 7)           0              0",
            "flatten1       (3136,)           0              0",
            "dense1          (128,)     401,536        401,408",
            "relu3           (128,)           0              0",
            "dense2            (5,)         645            640",
            "-------------------------------------------------",
            "total                      420,997      4,240,512",
        ]
    )


def test_every_line_of_a_summary_has_the_same_width():
    for seed in range(20):
        text = random_network(np.random.default_rng(seed)).summary()
        assert len({len(line) for line in text.splitlines()}) == 1


# --- parameters: one vector, named views --------------------------------------------------------


def assert_shares_memory(parameters: Parameters) -> None:
    """Every element of every view is the vector's own, in order, each exactly once."""
    parameters.vector[:] = np.arange(parameters.vector.size)
    seen = [parameters[name] for name in parameters]
    assert all(np.shares_memory(view, parameters.vector) for view in seen if view.size)
    np.testing.assert_array_equal(np.concatenate([v.ravel() for v in seen]), parameters.vector)


@given(st.integers(0, 2**32 - 1))
def test_views_cover_the_vector_and_share_its_memory(seed):
    network = random_network(np.random.default_rng(seed))
    assert_shares_memory(network.initialise(0))
    ends = [where for where, _ in network.layout.values()]
    assert [where.start for where in ends] == [0, *(where.stop for where in ends[:-1])]
    assert ends[-1].stop == network.size


def test_assigning_writes_in_place_and_never_rebinds():
    parameters = seed_network().initialise(0)
    vector, view = parameters.vector, parameters["conv1.bias"]
    parameters["conv1.bias"] = np.arange(32)
    assert parameters.vector is vector
    np.testing.assert_array_equal(view, np.arange(32))  # a view taken before follows
    np.testing.assert_array_equal(vector[288:320], np.arange(32))
    parameters.vector *= 2
    np.testing.assert_array_equal(view, 2 * np.arange(32))
    assert_shares_memory(parameters)


def test_writing_into_a_view_writes_into_the_vector():
    parameters = seed_network().initialise(0)
    parameters["dense2.bias"][3] = 42
    assert parameters.vector[-2] == 42


def test_a_view_of_the_wrong_shape_or_name_cannot_be_assigned():
    parameters = seed_network().initialise(0)
    with pytest.raises(ValueError, match="broadcast"):
        parameters["conv1.bias"] = np.zeros(33)
    with pytest.raises(KeyError):
        parameters["conv9.bias"] = np.zeros(32)


def test_a_layer_gets_its_own_parameters_by_short_name():
    network = seed_network()
    parameters = network.initialise(0)
    mine = parameters.of(network.stages[3])
    assert list(mine) == ["weight", "bias"]
    assert all(np.shares_memory(mine[n], parameters[f"conv2.{n}"]) for n in mine)
    assert parameters.of(network.stages[1]) == {}


@pytest.mark.parametrize(
    "duplicate",
    [
        Parameters.copy,
        lambda p: p.astype(np.float32),
        copy.deepcopy,
        lambda p: pickle.loads(pickle.dumps(p)),
    ],
    ids=["copy", "astype", "deepcopy", "pickle"],
)
def test_duplicates_stand_on_their_own(duplicate):
    """Also through pickle, as they travel between processes: views must not part from vector."""
    parameters = seed_network().initialise(0)
    other = duplicate(parameters)
    assert other.network == parameters.network
    np.testing.assert_array_equal(other.vector, parameters.vector)
    assert not np.shares_memory(other.vector, parameters.vector)
    assert_shares_memory(other)
    np.testing.assert_array_equal(parameters.vector, seed_network().initialise(0).vector)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
@pytest.mark.parametrize("shape", [0, 1, 7, 1001, (3, 5), ()])
def test_aligned_memory_begins_at_a_cache_line(shape, dtype):
    for _ in range(5):  # by chance one may be aligned anyway
        zeros = aligned_zeros(shape, dtype)
        assert zeros.ctypes.data % 64 == 0
        assert (zeros.shape, zeros.dtype) == (np.zeros(shape).shape, dtype)
        assert not zeros.any()
        assert zeros.flags.c_contiguous
        assert zeros.flags.writeable
    numbers = np.arange(2 * zeros.size, dtype=dtype)[::2].reshape(zeros.shape)
    copy = aligned_copy(numbers)
    assert copy.ctypes.data % 64 == 0
    assert copy.dtype == dtype
    np.testing.assert_array_equal(copy, numbers)
    assert not np.shares_memory(copy, numbers)
    assert aligned_copy(numbers, np.float32).dtype == np.float32


def test_parameters_stand_in_aligned_memory():
    parameters = seed_network().initialise(0)
    for made in (parameters, parameters.copy(), parameters.astype(np.float64)):
        assert made.vector.ctypes.data % 64 == 0


def test_astype_changes_the_dtype():
    assert seed_network().initialise(0).astype(np.float64).vector.dtype == np.float64


def test_parameters_are_a_mapping():
    parameters = seed_network().initialise(0)
    assert len(parameters) == len(list(parameters)) == 8
    assert list(parameters)[:3] == ["conv1.weight", "conv1.bias", "conv2.weight"]
    assert "dense1.weight" in parameters
    assert parameters["dense1.weight"].shape == (3136, 128)


@pytest.mark.parametrize(
    "vector", [np.zeros(420_996), np.zeros((1, 420_997)), np.zeros(2 * 420_997)[::2]]
)
def test_a_vector_that_does_not_fit_is_refused(vector):
    with pytest.raises(ShapeError) as caught:
        Parameters(seed_network(), vector)
    assert str(caught.value) == (
        f"the parameter vector has shape {vector.shape}; "
        "this network needs one contiguous row of 420997 numbers"
    )


def test_a_network_that_learns_nothing_has_an_empty_vector():
    network = Network([ReLU(), MaxPool2D(2), Flatten()])
    parameters = network.initialise(0)
    assert (network.size, len(parameters), parameters.vector.shape) == (0, 0, (0,))
    assert network.multiply_adds == 0


# --- first values -------------------------------------------------------------------------------


def test_first_values_are_hes():
    """N(0, 2/fan_in) for every weight, 0 for every bias."""
    network = seed_network()
    parameters = network.initialise(seed=7)
    fan_in = {"conv1": 9, "conv2": 288, "dense1": 3136, "dense2": 128}
    for name, values in parameters.items():
        layer, kind = name.split(".")
        if kind == "bias":
            assert (values == 0).all()
        else:
            sigma = math.sqrt(2 / fan_in[layer])
            assert values.std() == pytest.approx(sigma, rel=4 / math.sqrt(2 * values.size))
            assert abs(values.mean()) < 4 * sigma / math.sqrt(values.size)


def test_the_signal_keeps_its_size_through_many_layers():
    """What He's rule is for: after twenty ReLU layers the mean square is still of order 1."""
    network = Network([layer for _ in range(20) for layer in (Dense(400), ReLU())], (400,))
    parameters = network.initialise(0, np.float64)
    x = np.random.default_rng(1).standard_normal((50, 400))
    for stage in network.stages:
        x, _ = stage.layer.forward(x, **parameters.of(stage))
    # ReLU halves the mean square (the input's 1 becomes ½ of the next pre-activation's 2 · ½).
    assert 0.3 < np.mean(x**2) < 3


def test_the_same_seed_gives_the_same_bytes():
    def draw(seed, **dtype):
        return seed_network().initialise(seed, **dtype).vector

    assert draw(42).tobytes() == draw(42).tobytes() != draw(43).tobytes()
    assert draw(0).tobytes() == seed_network().initialise().vector.tobytes()
    assert draw(np.random.default_rng(42)).tobytes() == draw(42).tobytes()
    assert draw(42).dtype == np.float32
    np.testing.assert_array_equal(draw(42, dtype=np.float64).astype(np.float32), draw(42))


def test_layers_do_not_repeat_each_others_numbers():
    parameters = Network([Dense(10), ReLU(), Dense(10)], (10,)).initialise(0)
    assert not np.isclose(parameters["dense1.weight"], parameters["dense2.weight"]).any()


# --- networks that cannot be --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layers", "input_shape", "message"),
    [
        (
            [Conv2D(8, 3), Dense(5)],
            (1, 28, 28),
            "layer 2 (dense1): a dense layer needs one row of numbers (inputs,), but is given "
            "(8, 26, 26); put a Flatten() before it",
        ),
        (
            [Flatten(), Conv2D(8, 3)],
            (1, 28, 28),
            "layer 2 (conv1): a convolution needs pictures (channels, rows, columns), but is "
            "given (784,)",
        ),
        (
            [MaxPool2D(2), MaxPool2D(2), MaxPool2D(2), MaxPool2D(2), MaxPool2D(2)],
            (1, 28, 28),
            "layer 5 (pool5): a 2×2 pool needs at least 2×2 cells, but the picture has 1×1; take "
            "a smaller pool or fewer of them",
        ),
        (
            [ReLU(), Conv2D(8, 3), Conv2D(8, 5)],
            (1, 6, 9),
            "layer 3 (conv2): a 5×5 filter needs at least 5×5 cells, but the picture has 4×7 "
            "with padding 0, 0; take a smaller filter or more padding",
        ),
        (
            [Flatten(), Dense(10**9)],
            (1, 28, 28),
            "layer 2 (dense1): Dense(outputs=1000000000) with inputs of shape (784,) takes more "
            "than 100,000,000,000 multiply-adds a drawing; make it smaller",
        ),
        (
            [Conv2D(1, 1, padding=10**6)],
            (1, 28, 28),
            "layer 1 (conv1): Conv2D(filters=1, size=(1, 1), stride=(1, 1), padding=(1000000, "
            "1000000), dilation=(1, 1), groups=1, bias=True) with inputs of shape "
            "(1, 28, 28) takes more than 100,000,000,000 multiply-adds a drawing; make it smaller",
        ),
        ([], (1, 28, 28), "the network has no layers; give at least one"),
        (
            [ReLU],
            (1, 28, 28),
            "layer 1 is <class 'inkgrad.layers.relu.ReLU'>; give a layer, such as ReLU()",
        ),
        ([ReLU(), 7], (1, 28, 28), "layer 2 is 7; give a layer, such as ReLU()"),
        ([ReLU()], (), "input_shape is (); give whole numbers, such as (1, 28, 28)"),
        ([ReLU()], 784, "input_shape is 784; give whole numbers, such as (1, 28, 28)"),
        ([ReLU()], "abc", "input_shape is 'abc'; give whole numbers, such as (1, 28, 28)"),
        (
            [ReLU()],
            (1, 0, 28),
            "a length of input_shape is 0; give a whole number of at least 1",
        ),
        (
            [ReLU()],
            (1, True),
            "a length of input_shape is True; give a whole number of at least 1",
        ),
    ],
)
def test_impossible_networks_are_refused_with_layer_given_and_needed(layers, input_shape, message):
    with pytest.raises(ShapeError) as caught:
        Network(layers, input_shape)
    assert str(caught.value) == message


def test_the_largest_layer_that_is_taken():
    assert Network([Dense(10**6)], (10**5,)).multiply_adds == 10**11
    with pytest.raises(ShapeError, match="make it smaller"):
        Network([Dense(10**6)], (10**5 + 1,))


def test_numpys_whole_numbers_are_taken():
    network = Network([Conv2D(np.int64(2), 3)], (np.int32(1), 5, 5))
    assert network.input_shape == (1, 5, 5)
    assert [type(length) for length in network.input_shape] == [int, int, int]
    json.dumps(network.to_config())


# --- equality and description -------------------------------------------------------------------


def test_networks_are_equal_if_described_alike():
    assert seed_network() == seed_network()
    assert hash(seed_network()) == hash(seed_network())
    assert seed_network(5) != seed_network(6)
    assert Network([ReLU()], (3,)) != Network([ReLU()], (4,))
    assert seed_network() != "seed_network"


def test_repr_is_the_code_that_makes_it():
    network = seed_network()
    assert eval(repr(network), {"Network": Network, **LAYERS}) == network


@given(st.integers(0, 2**32 - 1))
def test_a_network_is_rebuilt_from_its_description_in_json(seed):
    network = random_network(np.random.default_rng(seed))
    again = Network.from_config(json.loads(json.dumps(network.to_config())))
    assert again == network
    assert again.layout == network.layout
    assert hash(again) == hash(network)


def deep(levels: int = 100_000) -> list:
    nested: list = []
    for _ in range(levels):
        nested = [nested]
    return nested


def one(**layer):
    return {"input_shape": [1, 28, 28], "layers": [layer]}


HOSTILE = {
    "nothing": None,
    "a number": 3,
    "text": "Network",
    "bytes": b"layers",
    "a list": [1, 2],
    "empty": {},
    "no layers": {"input_shape": [1, 28, 28]},
    "no input shape": {"layers": [{"type": "ReLU"}]},
    "empty layers": {"input_shape": [1, 28, 28], "layers": []},
    "layers none": {"input_shape": [1, 28, 28], "layers": None},
    "layers a number": {"input_shape": [1, 28, 28], "layers": 7},
    "layers text": {"input_shape": [1, 28, 28], "layers": "ReLU"},
    "layers an object": {"input_shape": [1, 28, 28], "layers": {"type": "ReLU"}},
    "layers of junk": {"input_shape": [1, 28, 28], "layers": [None, 1, "x", [], {}]},
    "a layer none": {"input_shape": [1, 28, 28], "layers": [None]},
    "a layer text": {"input_shape": [1, 28, 28], "layers": ["ReLU"]},
    "a layer a list": {"input_shape": [1, 28, 28], "layers": [["ReLU"]]},
    "input shape none": {"input_shape": None, "layers": [{"type": "ReLU"}]},
    "input shape empty": {"input_shape": [], "layers": [{"type": "ReLU"}]},
    "input shape a number": {"input_shape": 784, "layers": [{"type": "ReLU"}]},
    "input shape text": {"input_shape": "1,28,28", "layers": [{"type": "ReLU"}]},
    "input shape an object": {"input_shape": {"a": 1}, "layers": [{"type": "ReLU"}]},
    "input shape zero": {"input_shape": [1, 0], "layers": [{"type": "ReLU"}]},
    "input shape negative": {"input_shape": [-1, 28], "layers": [{"type": "ReLU"}]},
    "input shape bool": {"input_shape": [True, 28], "layers": [{"type": "ReLU"}]},
    "input shape fractions": {"input_shape": [1.0, 28.0], "layers": [{"type": "ReLU"}]},
    "input shape nested": {"input_shape": [[1], [28]], "layers": [{"type": "ReLU"}]},
    "input shape NaN": {"input_shape": [math.nan], "layers": [{"type": "ReLU"}]},
    "no type": one(filters=3, size=3),
    "type none": one(type=None),
    "type a list": one(type=["ReLU"]),
    "type an object": one(type={"ReLU": 1}),
    "type a number": one(type=0),
    "type unknown": one(type="Conv3D"),
    "type in small letters": one(type="relu"),
    "type of the base": one(type="Layer"),
    "type of Python": one(type="__class__"),
    "setting unknown": one(type="ReLU", slope=0.1),
    "setting of Python": one(type="ReLU", self=1),
    "setting not text": {"input_shape": [1, 2, 2], "layers": [{"type": "ReLU", 1: 2}]},
    "setting missing": one(type="Conv2D", filters=3),
    "filters bool": one(type="Conv2D", filters=True, size=3),
    "filters none": one(type="Conv2D", filters=None, size=3),
    "filters text": one(type="Conv2D", filters="3", size=3),
    "filters a fraction": one(type="Conv2D", filters=3.5, size=3),
    "filters infinite": one(type="Conv2D", filters=math.inf, size=3),
    "filters a list": one(type="Conv2D", filters=[3], size=3),
    "filters zero": one(type="Conv2D", filters=0, size=3),
    "filters negative": one(type="Conv2D", filters=-5, size=3),
    "size none": one(type="Conv2D", filters=3, size=None),
    "size empty": one(type="Conv2D", filters=3, size=[]),
    "size of three": one(type="Conv2D", filters=3, size=[3, 3, 3]),
    "size nested": one(type="Conv2D", filters=3, size=[[3, 3], [3, 3]]),
    "size an object": one(type="Conv2D", filters=3, size={"rows": 3}),
    "size bool": one(type="Conv2D", filters=3, size=[True, True]),
    "size negative": one(type="Conv2D", filters=3, size=-3),
    "stride zero": one(type="Conv2D", filters=3, size=3, stride=0),
    "stride none": one(type="Conv2D", filters=3, size=3, stride=None),
    "padding negative": one(type="Conv2D", filters=3, size=3, padding=-1),
    "pool zero": one(type="MaxPool2D", size=0),
    "pool stride zero": one(type="MaxPool2D", size=2, stride=[2, 0]),
    "outputs bool": one(type="Dense", outputs=True),
    "dense on pictures": one(type="Dense", outputs=5),
    "filters huge": one(type="Conv2D", filters=10**18, size=3),
    "size huge": one(type="Conv2D", filters=3, size=10**18),
    "padding huge": one(type="Conv2D", filters=3, size=3, padding=10**18),
    "size and padding huge": one(type="Conv2D", filters=1, size=2 * 10**6, padding=10**6),
    "pool huge": one(type="MaxPool2D", size=10**18),
    "outputs huge": {"input_shape": [28], "layers": [{"type": "Dense", "outputs": 10**30}]},
    "input shape huge": {
        "input_shape": [10**9, 10**9],
        "layers": [{"type": "Flatten"}, {"type": "Dense", "outputs": 5}],
    },
    "a number of 10,000 digits": one(type="Conv2D", filters=10**10_000, size=3),
    "minus a number of 10,000 digits": one(type="Conv2D", filters=-(10**10_000), size=3),
    "size nested 100,000 deep": one(type="Conv2D", filters=3, size=deep()),
    "layers nested 100,000 deep": {"input_shape": [1, 28, 28], "layers": deep()},
    "input shape nested 100,000 deep": {"input_shape": deep(), "layers": [{"type": "ReLU"}]},
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_descriptions_give_a_shape_error_and_take_no_memory(name):
    tracemalloc.start()
    try:
        with pytest.raises(ShapeError) as caught:
            Network.from_config(HOSTILE[name])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 10_000_000  # bytes
    assert str(caught.value)
    assert "\n" not in str(caught.value)


junk = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from([*LAYERS, "type", "filters", "size", "stride", "outputs", "layers"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "filters", "size", "stride", "padding", "outputs", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(
    junk
    | st.fixed_dictionaries({"input_shape": junk, "layers": junk})
    | st.fixed_dictionaries(
        {
            "input_shape": st.just([1, 28, 28]),
            "layers": st.lists(
                st.fixed_dictionaries(
                    {"type": st.sampled_from(list(LAYERS))},
                    optional=dict.fromkeys(("filters", "size", "stride", "outputs"), junk),
                ),
                min_size=1,
                max_size=3,
            ),
        }
    )
)
def test_any_junk_gives_a_network_or_a_shape_error(config):
    try:
        network = Network.from_config(config)
    except ShapeError:
        return
    assert Network.from_config(network.to_config()) == network


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            one(type="Conv3D"),
            "layer 1 has the type 'Conv3D'; there are AveragePool2D, BatchNorm, Conv2D, Dense, "
            "Dropout, Flatten, GlobalAveragePool, LeakyReLU, MaxPool2D, Parallel, ReLU",
        ),
        (
            one(type="Conv2D", filtres=3, size=3),
            "layer 1 (Conv2D) takes the settings (filters, size, stride, padding, dilation, "
            "groups, bias), but is given (filtres, size)",
        ),
        (one(type="Dense"), "layer 1 (Dense) takes the settings (outputs), but is given ()"),
        (
            one(type="Conv2D", filters=0, size=3),
            "layer 1 (Conv2D): filters is 0; give a whole number of at least 1",
        ),
        (
            {"layers": []},
            "the network's description needs 'input_shape' (a list of numbers) and 'layers' (a "
            "list of objects with 'type' and settings); KeyError: 'input_shape'",
        ),
    ],
)
def test_what_is_wrong_with_a_description_is_said(config, message):
    with pytest.raises(ShapeError) as caught:
        Network.from_config(config)
    assert str(caught.value) == message


def test_every_stage_knows_its_place():
    assert [stage.place for stage in seed_network().stages] == list(range(10))
