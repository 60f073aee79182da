"""Damage a module in one small place: a sign, an index, an axis, a bound, a forgotten step.

Each `Mutant` is the source of a whole module with one such change. A test suite that lets a
mutant live does not look at the place that was changed.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["Mutant", "mutants"]


class Mutant(NamedTuple):
    """One change: where it stands, what it was and became, and the damaged module's source."""

    line: int
    function: str
    change: str
    source: str


OPERATORS = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Pow: ast.Mult,
}
COMPARISONS = {
    ast.Gt: [ast.GtE, ast.Lt],
    ast.GtE: [ast.Gt, ast.Lt],
    ast.Lt: [ast.LtE, ast.Gt],
    ast.LtE: [ast.Lt, ast.Gt],
    ast.Eq: [ast.NotEq],
    ast.NotEq: [ast.Eq],
    ast.Is: [ast.IsNot],
    ast.IsNot: [ast.Is],
}
FUNCTIONS = {
    "maximum": "minimum",
    "max": "min",
    "min": "max",
    "zeros": "ones",
    "zeros_like": "ones_like",
    "sum": "mean",
    "exp": "expm1",
    "log": "log1p",
    "sqrt": "exp",
    "any": "all",
    "all": "any",
}
ROWS_AND_COLUMNS = [("h", "w"), ("fh", "fw"), ("sh", "sw"), ("ph", "pw"), ("rows", "cols")]
OTHER = dict([*ROWS_AND_COLUMNS, *((b, a) for a, b in ROWS_AND_COLUMNS), ("i", "j"), ("j", "i")])


def mutants(source: str) -> Iterator[Mutant]:
    """Yield every mutant of a module, in the order of its lines."""
    tree = ast.parse(source)
    for function, node, parent in _places(tree):
        for changed in _changes(node, parent):
            yield Mutant(
                node.lineno,
                function,
                f"{ast.unparse(node)} → {ast.unparse(changed) or '(nothing)'}",
                ast.unparse(_replaced(tree, node, changed)),
            )


def _places(
    node: ast.AST, function: str = "", parent: ast.AST | None = None
) -> Iterator[tuple[str, ast.AST, ast.AST | None]]:
    """Yield the function, the node and its parent for everything that is computed.

    What is left out computes nothing: docstrings, type hints, decorators, the words of error
    messages, the kinds in `isinstance`, and the module's own level (imports, names).
    """
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        function = f"{function}.{node.name}".strip(".")
        children: list[ast.AST] = [*node.body]
        if isinstance(node, ast.FunctionDef):
            children += [*node.args.defaults, *(d for d in node.args.kw_defaults if d)]
    elif isinstance(node, ast.Module):
        children = [n for n in node.body if isinstance(n, (ast.FunctionDef, ast.ClassDef))]
    elif isinstance(node, ast.Raise) or _is_docstring(node):
        return
    elif isinstance(node, ast.AnnAssign):
        children = [node.value] if node.value else []
    elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "isinstance":
        children = []
        yield function, node, parent
    elif isinstance(node, ast.UnaryOp) and isinstance(node.operand, ast.Constant):
        children = []  # -1 is one number
        yield function, node, parent
    else:
        children = list(ast.iter_child_nodes(node))
        if hasattr(node, "lineno"):
            yield function, node, parent
    for child in children:
        yield from _places(child, function, node)


def _changes(node: ast.AST, parent: ast.AST | None) -> Iterator[ast.AST]:
    """Yield what could stand in `node`'s place by a slip of the pen."""
    for part in _KINDS.get(type(node), []):
        yield from part(node, parent)


def _binary(node: ast.BinOp, _: object) -> Iterator[ast.AST]:
    if isinstance(node.op, ast.MatMult):
        yield ast.BinOp(node.right, node.op, node.left)
    elif type(node.op) in OPERATORS:
        yield ast.BinOp(node.left, OPERATORS[type(node.op)](), node.right)


def _unary(node: ast.UnaryOp, _: object) -> Iterator[ast.AST]:
    yield node.operand


def _augmented(node: ast.AugAssign, _: object) -> Iterator[ast.AST]:
    yield ast.AugAssign(node.target, OPERATORS[type(node.op)](), node.value)
    yield ast.Assign([node.target], node.value, lineno=node.lineno)


def _comparison(node: ast.Compare, _: object) -> Iterator[ast.AST]:
    for at, operator in enumerate(node.ops):
        for other in COMPARISONS.get(type(operator), []):
            yield ast.Compare(
                node.left, [*node.ops[:at], other(), *node.ops[at + 1 :]], node.comparators
            )


def _boolean(node: ast.BoolOp, _: object) -> Iterator[ast.AST]:
    yield ast.BoolOp(ast.And() if isinstance(node.op, ast.Or) else ast.Or(), node.values)


def _either_or(node: ast.IfExp, _: object) -> Iterator[ast.AST]:
    yield ast.IfExp(node.test, node.orelse, node.body)


def _attribute(node: ast.Attribute, _: object) -> Iterator[ast.AST]:
    if node.attr == "T":
        yield node.value


def _name(node: ast.Name, _: object) -> Iterator[ast.AST]:
    if node.id in OTHER and isinstance(node.ctx, ast.Load):
        yield ast.Name(OTHER[node.id], node.ctx)


def _constant(node: ast.Constant, parent: ast.AST | None) -> Iterator[ast.AST]:
    if isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    elif isinstance(node.value, (int, float)):
        yield ast.Constant(node.value + 1)
        if isinstance(parent, (ast.Subscript, ast.Slice, ast.keyword)):
            yield ast.Constant(node.value - 1)


def _slice(node: ast.Slice, _: object) -> Iterator[ast.AST]:
    for field in ("lower", "upper", "step"):
        bound = getattr(node, field)
        if bound is not None and not isinstance(bound, ast.Constant):
            changed = copy.copy(node)
            setattr(changed, field, ast.BinOp(bound, ast.Add(), ast.Constant(1)))
            yield changed


def _tuple(node: ast.Tuple, _: object) -> Iterator[ast.AST]:
    for elements in _swapped(node.elts):
        yield ast.Tuple(elements, node.ctx)


def _call(node: ast.Call, _: object) -> Iterator[ast.AST]:
    called = node.func
    if isinstance(called, ast.Attribute):
        if called.attr in ("transpose", "reshape"):
            for arguments in _swapped(node.args):
                yield ast.Call(called, arguments, node.keywords)
        if called.attr == "copy":
            yield called.value
        if called.attr in FUNCTIONS:
            other = ast.Attribute(called.value, FUNCTIONS[called.attr], called.ctx)
            yield ast.Call(other, node.args, node.keywords)
    elif isinstance(called, ast.Name) and called.id in FUNCTIONS and called.id != "sum":
        yield ast.Call(ast.Name(FUNCTIONS[called.id], called.ctx), node.args, node.keywords)
    if node.args and getattr(node.args[-1], "attr", "") == "dtype":
        yield ast.Call(called, node.args[:-1], node.keywords)


def _forgotten(node: ast.Expr, _: object) -> Iterator[ast.AST]:
    yield ast.Pass()


def _unchecked(node: ast.If, _: object) -> Iterator[ast.AST]:
    yield ast.If(ast.Constant(False), node.body, node.orelse)


_KINDS = {
    ast.AugAssign: [_augmented],
    ast.Attribute: [_attribute],
    ast.BinOp: [_binary],
    ast.BoolOp: [_boolean],
    ast.Call: [_call],
    ast.Compare: [_comparison],
    ast.Constant: [_constant],
    ast.Expr: [_forgotten],
    ast.If: [_unchecked],
    ast.IfExp: [_either_or],
    ast.Name: [_name],
    ast.Slice: [_slice],
    ast.Tuple: [_tuple],
    ast.UnaryOp: [_unary],
}


def _swapped(elements: list[ast.expr]) -> Iterator[list[ast.expr]]:
    """Yield the list with each two neighbours exchanged that are not the same anyway."""
    for at in range(len(elements) - 1):
        first, second = elements[at : at + 2]
        if ast.dump(first) != ast.dump(second):
            yield [*elements[:at], second, first, *elements[at + 2 :]]


def _replaced(tree: ast.Module, node: ast.AST, changed: ast.AST) -> ast.Module:
    """Return the tree with `changed` where `node` stands; the tree itself stays as it is."""

    class Replace(ast.NodeTransformer):
        def visit(self, at: ast.AST) -> ast.AST:
            return changed if at is node else self.generic_visit(at)

    memo: dict[int, object] = {id(node): node}  # copy everything but the node, to recognise it
    return ast.fix_missing_locations(Replace().visit(copy.deepcopy(tree, memo)))


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
