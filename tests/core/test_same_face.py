"""Class LNN offers the same names on the host as on a board."""

import ast

import pytest

from liquid_audio_nets.core import LNN
from liquid_audio_nets.core.settings import Thresholds


def names_of(tree: ast.Module, name: str) -> dict[str, list[str] | None]:
    """Attribute -> None, method -> its arguments, of a class of the type stubs."""
    body = next(n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == name).body
    attributes = {n.target.id: None for n in body if isinstance(n, ast.AnnAssign)}
    return attributes | {n.name: [a.arg for a in n.args.args if a.arg != "self"] for n in body if isinstance(n, ast.FunctionDef)}


@pytest.fixture(scope="module")
def stubs(root):
    return ast.parse((root / "device/typings/liquid_audio.pyi").read_text())


def test_the_host_has_what_the_board_has(stubs, model_bytes):
    lnn = LNN(model_bytes)
    result = lnn.process(b"")
    for name, thing in (("LNN", lnn), ("Result", result), ("Thresholds", lnn.thresholds)):
        for attribute, arguments in names_of(stubs, name).items():
            assert hasattr(thing, attribute), f"{name}.{attribute}"
            if arguments is not None and not attribute.startswith("__"):
                code = getattr(type(thing), attribute)
                code = getattr(code, "__func__", code).__code__
                ours = [a for a in code.co_varnames[: code.co_argcount] if a not in ("self", "cls")]
                assert ours == arguments, f"{name}.{attribute}"
    assert isinstance(lnn.labels, tuple) and isinstance(lnn.thresholds, Thresholds)
