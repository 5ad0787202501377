"""Firmware for real boards, compiled and measured; and what liquid-board says where it cannot."""

import pytest

from liquid_audio_nets import board as boards
from liquid_audio_nets.board import zephyr

ZEPHYR_BOARDS = [board for board in boards.all_boards() if board.is_zephyr]


@pytest.mark.parametrize("name", ["nucleo_f446re", "xiao_ble_sense"])
def test_firmware_fits(workspace, name):
    board = boards.find_board(name)
    used = zephyr.sizes(boards.build(board))
    assert used.flash_bytes < board.about["flash_bytes"] and used.ram_bytes < board.about["ram_bytes"]


@pytest.mark.parametrize("board", ZEPHYR_BOARDS, ids=lambda board: board.name)
def test_snippet_knows_the_board(board, root):
    snippet = (root / "cmodule/zephyr/snippets/liquid-audio/snippet.yml").read_text()
    assert f"boards/{board.name}/zephyr.overlay" in snippet


@pytest.fixture
def a_workspace(tmp_path, monkeypatch):
    """The skeleton of a workspace that passes all checks."""
    top = tmp_path / "workspace"
    files = {"zephyr/VERSION": "VERSION_MAJOR = 4\nVERSION_MINOR = 1\n", "micropython/ports/zephyr/CMakeLists.txt": "",
             "micropython/lib/micropython-lib/README.md": "", ".west/config": "", ".venv/bin/west": "",
             "micropython/py/mpconfig.h": "#define MICROPY_VERSION_MAJOR 1\n#define MICROPY_VERSION_MINOR 29\n",
             "modules/lib/cmsis-dsp/zephyr/module.yml": "", "modules/lib/picolibc/zephyr/module.yml": ""}
    for name, text in files.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(text)
    monkeypatch.setenv("ZEPHYR_BASE", str(top / "zephyr"))
    monkeypatch.delenv("MICROPY_DIR", raising=False)
    return top


def test_a_whole_workspace_is_taken(a_workspace):
    assert zephyr.workspace().micropython == a_workspace / "micropython/ports/zephyr"


@pytest.mark.parametrize("file, text, words", [
    ("zephyr/VERSION", "VERSION_MAJOR = 3\nVERSION_MINOR = 7\n", "is Zephyr 3.7: 4.1 to 4.4 will do"),
    ("micropython/py/mpconfig.h", "#define MICROPY_VERSION_MAJOR 1\n#define MICROPY_VERSION_MINOR 26\n", "from 1.29 on"),
    ("micropython/ports/zephyr/CMakeLists.txt", None, "no MicroPython in"),
    ("micropython/lib/micropython-lib/README.md", None, "git submodule update"),
])
def test_a_wrong_workspace_is_named(a_workspace, file, text, words):
    if text is None:
        (a_workspace / file).unlink()
    else:
        (a_workspace / file).write_text(text)
    with pytest.raises(boards.FirmwareError, match=words):
        zephyr.workspace()


def test_a_missing_module_is_named(a_workspace):
    with pytest.raises(boards.FirmwareError, match="lacks Zephyr's module hal_stm32: west update hal_stm32"):
        zephyr.check_modules(boards.find_board("nucleo_f446re"), zephyr.workspace())


def test_no_toolchain(monkeypatch):
    for name in ("ZEPHYR_TOOLCHAIN_VARIANT", "ZEPHYR_SDK_INSTALL_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(boards.FirmwareError, match="no toolchain: sudo apt-get install gcc-arm-none-eabi"):
        zephyr.environment()


def test_too_large_a_model(tmp_path):
    (tmp_path / "log").write_text("ld: region `FLASH' overflowed by 4096 bytes\n")
    assert zephyr.reason(tmp_path / "log").startswith("4096 bytes too many for FLASH")
