# SPDX-License-Identifier: MIT
"""device/typings/liquid_audio.pyi says what the module has, no more and no less."""

import ast

from virtual_board import ROOT

STUB = ast.parse((ROOT / "device/typings/liquid_audio.pyi").read_text())


def declared(nodes) -> set[str]:
    names = {node.target.id for node in nodes if isinstance(node, ast.AnnAssign)}
    return names | {node.name for node in nodes if isinstance(node, (ast.FunctionDef, ast.ClassDef))}


def classes() -> dict[str, set[str]]:
    return {node.name: declared(node.body) for node in STUB.body if isinstance(node, ast.ClassDef)}


def test_module(m4f):
    has = set(eval(m4f.exec("import liquid_audio\nprint(dir(liquid_audio))"))) - {"__name__", "__class__", "__dict__"}
    assert has == declared(STUB.body) - {"Result", "PerLabel"}  # these have no constructor


def test_classes(m4f, speech):
    made = {
        "LNN": "net",
        "Result": "net.process(b'')",
        "PerLabel": "net.thresholds",
        "Mic": f"liquid_audio.Mic({str(speech[0])!r})",
    }
    m4f.exec("import liquid_audio\nnet = liquid_audio.LNN.load('/models/keywords.lnn')")
    assert set(made) == set(classes())
    for name, names in classes().items():
        listed = set(eval(m4f.exec(f"print(dir({made[name]}))"))) - {"__class__", "__del__"}
        assert listed <= names, f"{name}: not in the stub: {listed - names}"
        plain = [n for n in names if not n.startswith("__")]
        missing = eval(m4f.exec(f"print([n for n in {plain} if not hasattr({made[name]}, n)])"))
        assert not missing, f"{name}: only in the stub: {missing}"
