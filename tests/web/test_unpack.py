"""unpack.js reads what pack.py writes."""

from __future__ import annotations

import re

import numpy as np

from inkgrad.export.pack import deflate, split_header, split_planes, to_text
from inkgrad.export.rounding import round_file
from inkgrad.model import Model
from inkgrad.network import seed_network

MODULE = "static/page/unpack.js"


def test_bytes_from_text(javascript):
    rng = np.random.default_rng(1)
    given = [rng.integers(0, 256, n, dtype=np.uint8).tobytes() for n in range(70)]
    given += [bytes(100), bytes([255]) * 100, rng.bytes(100_000)]
    texts = [to_text(data) for data in given]
    results = javascript.call_many(MODULE, "fromText", [(text,) for text in texts])
    assert [result.tobytes() for result in results] == given
    assert all(re.fullmatch(r"\d+ [!-%'-;=-\[\]-~]*", text) for text in texts)


def test_text(javascript):
    text = "Strokes, αβγ ✓ 🐬\n" * 1000
    packed = to_text(deflate(text.encode()))
    assert len(packed) < len(text) / 10
    assert javascript.call(MODULE, "unpackText", packed) == text


def test_a_model(javascript):
    network = seed_network(3)
    model = Model(network, network.initialise(seed=2), ("a", "b", "c"))
    for weights, split in [("float16", split_planes), ("int8", split_header)]:
        file = round_file(model.to_bytes(), weights)
        packed = to_text(deflate(*split(file)))
        assert javascript.call(MODULE, "unpackModel", packed, weights).tobytes() == file
