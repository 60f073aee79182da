"""The mutator damages what it should, and only that."""

from __future__ import annotations

import ast

import pytest

from tests.mutation.mutator import mutants


def changes(body: str) -> set[str]:
    """Return the changes to a function with this body."""
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    return {" ".join(m.change.split()) for m in mutants(f"def f(x, g, h, w):\n{lines}\n")}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("return x + g", {"x + g → x - g"}),
        ("return x * g", {"x * g → x / g"}),
        ("return x // g", {"x // g → x * g"}),
        ("return x @ g", {"x @ g → g @ x"}),
        ("return -x", {"-x → x"}),
        ("return x.T", {"x.T → x"}),
        ("return x[1]", {"1 → 2", "1 → 0"}),
        ("return x[g:]", {"g: → g + 1:"}),
        ("return x.sum(axis=1)", {"1 → 2", "1 → 0", "x.sum(axis=1) → x.mean(axis=1)"}),
        ("return x > g", {"x > g → x >= g", "x > g → x < g"}),
        ("return x == g", {"x == g → x != g"}),
        ("return x and g", {"x and g → x or g"}),
        ("return not x", {"not x → x"}),
        ("return h", {"h → w"}),
        ("return x, g", {"(x, g) → (g, x)"}),
        ("return x.reshape(g, -1)", {"x.reshape(g, -1) → x.reshape(-1, g)", "-1 → 1"}),
        ("return x.copy()", {"x.copy() → x"}),
        ("return np.zeros(x, g.dtype)", {
            "np.zeros(x, g.dtype) → np.ones(x, g.dtype)",
            "np.zeros(x, g.dtype) → np.zeros(x)",
        }),
        ("x += g", {"x += g → x -= g", "x += g → x = g"}),
        ("check(x)", {"check(x) → pass"}),
        ("return x if g else 1", {"x if g else 1 → 1 if g else x", "1 → 2"}),
        ("return f(x, keepdims=True)", {"True → False"}),
    ],
)  # fmt: skip
def test_each_slip_of_the_pen(body, expected):
    assert changes(body) == expected


def test_a_check_is_left_out():
    (change,) = changes("if x:\n    raise ValueError('1 + 1')")
    assert change == "if x: raise ValueError('1 + 1') → if False: raise ValueError('1 + 1')"


@pytest.mark.parametrize(
    "body",
    ["'''Docstring 1 + 1.'''", "raise ValueError(x + 1)", "return isinstance(x, (int, str))"],
)
def test_words_and_kinds_are_left_alone(body):
    assert changes(body) == set()


def test_the_modules_level_and_type_hints_are_left_alone():
    source = "import a\nb = 1 + 1\n@c(2)\nclass D:\n    e: tuple[int, str] = 3\n"
    assert {m.change for m in mutants(source)} == {"3 → 4"}


def test_each_mutant_is_the_whole_module_with_one_change():
    source = (
        '"""Doc."""\n\ndef f(x):\n    y = x + 1\n    return y * 2\n\ndef g(x):\n    return x - 1'
    )
    whole = ast.unparse(ast.parse(source)).splitlines()
    found = list(mutants(source))
    assert len(found) == 6
    for mutant in found:
        damaged = mutant.source.splitlines()
        assert len(damaged) == len(whole)
        assert sum(a != b for a, b in zip(damaged, whole, strict=True)) == 1
    assert [(m.line, m.function) for m in found] == [(4, "f")] * 2 + [(5, "f")] * 2 + [(8, "g")] * 2
