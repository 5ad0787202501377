# SPDX-License-Identifier: MIT
"""The pytest plugin: `pytest --liquid-device qemu_m4f` lets tests run models on a board.

It is registered when the package is installed, so it imports nothing else of the package before a test asks for a board."""

from __future__ import annotations

from typing import Any

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """--liquid-device and --liquid-meter."""
    group = parser.getgroup("liquid-audio-nets")
    group.addoption(
        "--liquid-device", metavar="NAME", help="Board for tests with hil_tester: a port, a board's name, or auto."
    )
    group.addoption("--liquid-meter", metavar="NAME", help="Power meter, as liquid-profile --meter takes it.")


@pytest.fixture(scope="session")
def liquid_device(request: pytest.FixtureRequest) -> str:
    """The board that --liquid-device names; tests that need one are skipped without it."""
    name = request.config.getoption("--liquid-device")
    if not name:
        pytest.skip("needs a board: pytest --liquid-device NAME")
    return str(name)


@pytest.fixture(scope="session")
def hil_tester(request: pytest.FixtureRequest, liquid_device: str) -> Any:
    """hil_tester(model) -> HILTester on that board; more arguments as HILTester takes them."""
    from .testing import HILTester

    def make(model: Any, **more: Any) -> HILTester:
        return HILTester(liquid_device, model, **({"meter": request.config.getoption("--liquid-meter")} | more))

    return make
