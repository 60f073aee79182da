"""Bundling: what the script does is what the modules do; what is not understood is an error."""

from __future__ import annotations

import json
import subprocess

import pytest

from inkgrad.errors import InkgradError
from inkgrad.export.bundle import bundle
from inkgrad.web import static_folder
from tests.web.javascript import node as start_node


def write(folder, modules):
    """Write modules by name."""
    for name, source in modules.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(source, "utf-8")
    return folder


@pytest.fixture
def run(tmp_path_factory):
    """Return a function that runs a script in node and returns the last expression's value."""
    with start_node(tmp_path_factory.mktemp("none")):  # skips, or fails in CI, without node
        pass

    def run(script, expression):
        text = f"{script}\nconsole.log(JSON.stringify({expression}));"
        path = tmp_path_factory.mktemp("script") / "script.cjs"
        path.write_text(text, "utf-8")
        done = subprocess.run(
            ["node", str(path)], capture_output=True, encoding="utf-8", timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


TREE = {
    "a.js": """/** Both. */
import {
  two,
  increase as more,
} from "./deep/b.js";
import { Count } from "./c.js";

export const three = more(two); // import { no } from "./no.js";
export async function later() {
  return three;
}
export class A extends Count {}
export function* steps() {
  yield `
import { x } from "./x.js";
export default 7; // stays
    indented`;
}
""",
    "deep/b.js": """import { Count } from "../c.js";

/*
export default 7;
import x from "x";
*/
export const two = new Count().value + 1;
export function increase(n) {
  const text = "import('y')";
  return text.length > 3 && /export \\{/.test("export {") ? n + 1 : { export: 0, import: n };
}
""",
    "c.js": """let made = 0;
export class Count {
  value = 1;
  constructor() {
    made++;
  }
}
export function count() {
  return made;
}
""",
}


def test_a_tree_of_modules(tmp_path, run):
    script = bundle(write(tmp_path, TREE), ["a.js"], "open")
    assert run(script, "[open('a.js').three, Object.keys(open('a.js'))]") == [
        3,
        ["three", "later", "A", "steps"],
    ]
    # Each is made once, and what stands in a template is left alone.
    assert run(script, "[open('a.js') === open('a.js'), open('c.js').count()]") == [True, 1]
    assert run(script, "open('a.js').steps().next().value") == (
        '\nimport { x } from "./x.js";\nexport default 7; // stays\n    indented'
    )
    assert "Both" not in script
    assert "no.js" not in script
    assert list(tree_order(script)) == ["c.js", "deep/b.js", "a.js"]
    assert bundle(tmp_path, ["a.js"], "open") == script


def tree_order(script):
    """Yield the modules' names in the order in which they stand."""
    for line in script.splitlines():
        name, colon, rest = line.partition('": ')
        if colon and rest == "(need) => {":
            yield name.removeprefix('"')


def test_a_module_is_run_when_it_is_asked_for(tmp_path, run):
    modules = {"page.js": "globalThis.page = 1;\n", "worker.js": "globalThis.worker = 1;\n"}
    script = bundle(write(tmp_path, modules), ["page.js", "worker.js"], "open")
    assert run(script + "open('worker.js');", "[globalThis.page ?? 0, globalThis.worker]") == [0, 1]


def test_lines_end_as_they_did(tmp_path, run):
    """Where a comment is left out, neither words nor lines grow together."""
    source = """export function f(a) {
  return/* so */a /*
  */
}
export function g(a) {
  const b = a // what
  ++a;
  return [a, b];
}
"""
    script = bundle(write(tmp_path, {"a.js": source}), ["a.js"], "open")
    assert run(script, "[open('a.js').f(3), open('a.js').g(3)]") == [3, [4, 3]]


def test_the_rasteriser_itself(run):
    from inkgrad.drawing import rasterize

    script = bundle(static_folder(), ["drawing/raster.js"], "open")
    line = [[[0, 200, 255], [0, 10, 255]]]
    drawn = run(script, f"[...open('drawing/raster.js').rasterize({json.dumps(line)})]")
    assert drawn == rasterize(line).ravel().tolist()


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ('import x from "./b.js";', "cannot be put in one file; it may say import"),
        ('import * as x from "./b.js";', "cannot be put"),
        ('import "./b.js";', "cannot be put"),
        ('import x, { b } from "./b.js";', "cannot be put"),
        ("import { b } from './b.js';", "cannot be put"),
        ('import { b } from "./b.js"', "cannot be put"),
        ('import { /* x */ b, "c" as d } from "./b.js";', "cannot be put"),
        ('const x = await import("./b.js");', "cannot be put"),
        ("const x = import.meta.url;", "cannot be put"),
        ("const x = `${import.meta.url}`;", "cannot be put"),
        ("export default 7;", "cannot be put"),
        ('export { b } from "./b.js";', "cannot be put"),
        ('export * from "./b.js";', "cannot be put"),
        ("export let x = 1;", "cannot be put"),
        ("export const { x } = y;", "cannot be put"),
        ("export default class A {}", "cannot be put"),
        ("const x = 1; export { x };", "cannot be put"),
        ('  import { b } from "./b.js";', "cannot be put"),
        ('1; import { b } from "./b.js";', "cannot be put"),
        ('import { b } from "left-pad";', r"imports 'left-pad'; only files can be"),
        ('import { b as } from "./b.js";', r"'b as' is no name to import"),
        ('import { c } from "./b.js";', r"imports c, which b\.js does not export"),
        ('import { c } from "./d.js";', r"no module .*/d\.js, which a\.js imports; check its name"),
        ('import { b } from "../b.js";', r"no module .*/\.\./b\.js, which a\.js imports"),
        ('import { a } from "./a.js";', r"a\.js imports a\.js; break the circle"),
        ('import { e } from "./e.js";', r"a\.js imports e\.js imports a\.js; break the circle"),
        ("const x = 'a", r"line 1: a string, template, comment"),
    ],
)
def test_what_is_not_understood_is_told(tmp_path, source, message):
    others = {
        "b.js": "export const b = 1;\n",
        "e.js": 'import { a } from "./a.js";\nexport const e = 1;\n',
    }
    write(tmp_path, {"a.js": source + "\nexport const a = 1;\n", **others})
    with pytest.raises(InkgradError, match=message) as caught:
        bundle(tmp_path, ["a.js"], "open")
    assert "\n" not in str(caught.value)


def test_an_entry_that_is_missing_is_told(tmp_path):
    with pytest.raises(InkgradError, match=r"^there is no module .*/a\.js; check its name$"):
        bundle(tmp_path, ["a.js"], "open")
