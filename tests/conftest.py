# SPDX-License-Identifier: MIT
"""Fixtures for all tests: small models, and the C core's sources."""

import os
import pathlib
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
os.environ.setdefault("COLUMNS", "200")  # tables of the commands, whatever the terminal
sys.path.insert(0, str(ROOT / "tests/support"))

from keys import key_pair  # noqa: E402
from liquid_audio_nets.lnn import save, signature, write  # noqa: E402
from small_model import small_model  # noqa: E402


@pytest.fixture(scope="session")
def root() -> pathlib.Path:
    return ROOT


@pytest.fixture
def model():
    """Two cells, three labels, the default front-end."""
    return small_model()


@pytest.fixture
def model_bytes(model) -> bytes:
    return write(model)


@pytest.fixture(scope="session")
def keys() -> tuple[bytes, bytes]:
    """(private, public) in PEM."""
    return key_pair()


@pytest.fixture(scope="session")
def signed(keys) -> bytes:
    """A small model of version 3, signed with the key."""
    return signature.sign(write(small_model()), keys[0], 3)


@pytest.fixture
def model_path(model, tmp_path) -> pathlib.Path:
    path = tmp_path / "small.lnn"
    save(model, path)
    return path


MAY_BE_SKIPPED = ("workspace",)  # reasons; all else must run on CI


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session):
    """On CI a test that is skipped fails the run; the summary names it."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:  # a worker of pytest-xdist: its controller sees all tests
        return
    skipped = [r for r in reporter.stats.get("skipped", ()) if not any(m in str(r.longrepr) for m in MAY_BE_SKIPPED)]
    if os.environ.get("CI") and skipped:
        reporter.write_line("")
        for report in skipped:
            reporter.write_line(f"skipped, but should run: {report.nodeid}: {report.longrepr}", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
