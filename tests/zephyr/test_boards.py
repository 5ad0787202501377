# SPDX-License-Identifier: MIT
"""Firmware for real boards, compiled and measured; and what liquid-board says where it cannot."""

import json
import re
import subprocess
import sys

import pytest
from bench_zephyr import added, without_us
from liquid_audio_nets import board as boards
from liquid_audio_nets.board import memory, zephyr

ZEPHYR_BOARDS = [board for board in boards.all_boards() if board.is_zephyr]


@pytest.mark.parametrize("name", ["nucleo_f446re", "xiao_ble_sense"])
def test_firmware_fits(workspace, root, name):
    board = boards.find_board(name)
    firmware = boards.build(board)
    used, ours = memory.sizes(firmware), memory.part(firmware)
    assert 20_000 < ours.flash_bytes <= 60 * 1024 and 4_000 < ours.ram_bytes <= 12 * 1024
    assert used.flash_bytes < board.about["flash_bytes"] and used.ram_bytes < board.about["ram_bytes"]
    done = subprocess.run(
        [sys.executable, "-m", "liquid_audio_nets.cli.board", "sizes", name, "--json"],
        text=True,
        capture_output=True,
        check=True,
    )
    (row,) = json.loads(done.stdout)
    assert (row["flash_bytes"], row["ram_bytes"], row["part_flash_bytes"]) == (
        used.flash_bytes,
        used.ram_bytes,
        ours.flash_bytes,
    )
    assert 0 < row["flash_left_bytes"] < board.about["flash_bytes"] - used.flash_bytes + 1
    assert row["ram_left_bytes"] == board.about["ram_bytes"] - used.ram_bytes
    assert near_readme(root, rf"\| {name} \|.*\| (\d+) KB[^,|]*, (\d+) KB", used.flash_bytes, used.ram_bytes), used


@pytest.mark.parametrize("name", ["nucleo_f446re", "nrf52840dk", "xiao_ble_sense"])
def test_kconfig_has_nothing_to_warn_of(workspace, tmp_path, name):
    """MicroPython sets a network and Bluetooth, which the snippet switches off."""
    board = boards.find_board(name)
    words = zephyr.command(board, workspace, None)
    words[words.index("-d") + 1] = str(tmp_path / name)
    words.insert(2, "--cmake-only")
    log = zephyr.build_in(tmp_path / name, words, workspace, zephyr.environment(board))
    assert log is None, zephyr.reason(log)
    assert not re.findall(r"^warning: .*", (tmp_path / name / "build.log").read_text(), re.M)


def near_readme(root, pattern: str, *found_bytes: int) -> bool:
    """Whether the README's figures, in KB of 1000 bytes, are within 3 KB of what was measured."""
    said = re.search(pattern, (root / "cmodule/zephyr/README.md").read_text())
    assert said, pattern
    return all(abs(1000 * float(kb) - found) < 3000 for kb, found in zip(said.groups(), found_bytes, strict=True))


MAP = """Memory Configuration

Name             Origin             Length             Attributes
{flash}RAM              0x20000000         0x00020000         xw

Linker script and memory map
 .text.step     0x08000100      0x40 modules/liquid_audio/libliquid_audio.a(engine.c.obj)
 .text.main     0x08000140     0x100 app/libapp.a(main.c.obj)
 .rodata.lnn_baked_model
                0x08000240     0x80 modules/liquid_audio/libliquid_audio.a(baked_model.c.obj)
 .bss.mic       0x20000000      0x30 modules/liquid_audio/libliquid_audio.a(microphone.c.obj)
"""


def test_memories_are_read_from_the_linkers_map(tmp_path):
    firmware = tmp_path / "zephyr.elf"
    (tmp_path / "zephyr.map").write_text(
        MAP.format(flash="FLASH            0x08000000         0x00080000         xr\n")
    )
    assert memory.room(firmware) == memory.Sizes(0x80000, 0x20000)
    assert memory.part(firmware) == memory.Sizes(0x40, 0x30) and memory.model_bytes(firmware) == 0x80
    (tmp_path / "zephyr.map").write_text(MAP.format(flash=""))
    assert memory.room(firmware) == memory.Sizes(0, 0x20000)  # runs from RAM


def test_what_we_add_fits(workspace, root):
    """Beside the linker's map, which does not count what we make the kernel and the C library do."""
    board = boards.find_board("nucleo_f446re")
    firmware, _ = boards.build(board), boards.build(without_us(board))
    ours, read = added(board), memory.part(firmware)
    assert read.flash_bytes <= ours.flash_bytes <= 60 * 1024
    assert read.ram_bytes <= ours.ram_bytes <= 12 * 1024
    assert near_readme(root, r"adds ([\d.]+) KB of flash and ([\d.]+) KB", ours.flash_bytes, ours.ram_bytes), ours
    assert near_readme(root, r"alone take ([\d.]+) KB and\s+([\d.]+) KB", read.flash_bytes, read.ram_bytes), read


@pytest.mark.parametrize("board", ZEPHYR_BOARDS, ids=lambda board: board.name)
def test_build_knows_the_board(board, root):
    about, shared = board.about["zephyr"], root / "boards/shared"
    if "application" in about:
        assert (root / "cmodule/zephyr" / about["application"] / "CMakeLists.txt").is_file()
    else:
        for snippet in ("liquid-audio", "liquid-audio-micropython"):
            folder = shared / "snippets" / snippet
            entries = re.findall(r"^  (\S+):\n((?:    .*\n)+)", (folder / "snippet.yml").read_text(), re.M)
            found = [text for name, text in entries if re.fullmatch(name.strip("/"), about["board"])]
            files = [folder / file for text in found for file in re.findall(r"_FILE: (\S+)", text)]
            assert files and all(file.is_file() for file in files)


@pytest.mark.parametrize("board", ZEPHYR_BOARDS, ids=lambda board: board.name)
def test_what_was_checked_of_the_microphones_driver_is_said(board):
    assert re.search(r"^emul_dmic.c|(\.c|no driver)\b.* Zephyr 4\.\d", board.about["zephyr"]["driver"])


@pytest.fixture
def a_workspace(tmp_path, monkeypatch):
    """The skeleton of a workspace that passes all checks."""
    top = tmp_path / "workspace"
    files = {
        "zephyr/VERSION": "VERSION_MAJOR = 4\nVERSION_MINOR = 1\n",
        "micropython/ports/zephyr/CMakeLists.txt": "",
        "micropython/lib/micropython-lib/README.md": "",
        ".west/config": "",
        ".venv/bin/west": "",
        "micropython/py/mpconfig.h": "#define MICROPY_VERSION_MAJOR 1\n#define MICROPY_VERSION_MINOR 29\n",
        "modules/lib/cmsis-dsp/zephyr/module.yml": "",
        "modules/lib/picolibc/zephyr/module.yml": "",
    }
    for name, text in files.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(text)
    monkeypatch.setenv("ZEPHYR_BASE", str(top / "zephyr"))
    monkeypatch.delenv("MICROPY_DIR", raising=False)
    return top


def test_a_whole_workspace_is_taken(a_workspace):
    assert zephyr.workspace().micropython == a_workspace / "micropython/ports/zephyr"


@pytest.mark.parametrize(
    "file, text, words",
    [
        ("zephyr/VERSION", "VERSION_MAJOR = 3\nVERSION_MINOR = 7\n", "is Zephyr 3.7: 4.1 to 4.4 will do"),
        (
            "micropython/py/mpconfig.h",
            "#define MICROPY_VERSION_MAJOR 1\n#define MICROPY_VERSION_MINOR 26\n",
            "from 1.29 on",
        ),
        ("micropython/ports/zephyr/CMakeLists.txt", None, "no MicroPython in"),
        ("micropython/lib/micropython-lib/README.md", None, "git submodule update"),
    ],
)
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


@pytest.mark.parametrize(
    "minor, name, is_deaf",
    [
        (1, "mps2_an386", False),
        (2, "mps2_an386", True),
        (3, "mps3_an547", True),
        (4, "mps2_an386", False),
        (3, "qemu_riscv32", False),
        (3, "nucleo_f446re", False),
    ],
)
def test_a_prompt_that_takes_no_input_is_not_built(a_workspace, minor, name, is_deaf):
    (a_workspace / "zephyr/VERSION").write_text(f"VERSION_MAJOR = 4\nVERSION_MINOR = {minor}\n")
    if not is_deaf:
        return zephyr.check_prompt(boards.find_board(name), zephyr.workspace())
    with pytest.raises(
        boards.FirmwareError, match=f"on {name} Zephyr 4.{minor}'s serial driver .* build it with Zephyr 4.1"
    ):
        zephyr.check_prompt(boards.find_board(name), zephyr.workspace())


def test_no_workspace(a_workspace, monkeypatch):
    monkeypatch.delenv("ZEPHYR_BASE")
    monkeypatch.setattr(zephyr, "workspaces", list)
    with pytest.raises(boards.FirmwareError, match="no west workspace with Zephyr: west init -l"):
        zephyr.workspace()


@pytest.mark.parametrize("missing", ["zephyr/VERSION", ".west"])
def test_a_wrong_zephyr_base_is_named(a_workspace, missing):
    (a_workspace / missing).rename(a_workspace / "elsewhere")
    with pytest.raises(
        boards.FirmwareError, match=f"ZEPHYR_BASE={a_workspace}/zephyr is not the zephyr of a west workspace"
    ):
        zephyr.workspace()


@pytest.mark.parametrize(
    "name, board",
    [
        ("xiao_ble/nrf52840/sense", "xiao_ble_sense"),
        ("mps2/an386", "mps2_an386"),
        ("mps3/an547", "mps3_an547"),
        ("mps3/corstone300/an547", "mps3_an547"),
        ("nrf52840dk/nrf52840", "nrf52840dk"),
        ("nucleo_f446re", "nucleo_f446re"),
    ],
)
def test_boards_go_by_the_names_of_zephyr_too(name, board):
    assert boards.find_board(name).name == board


@pytest.mark.parametrize(
    "name, package", [("nucleo_f446re", "gcc-arm-none-eabi"), ("qemu_riscv32", "gcc-riscv64-unknown-elf")]
)
def test_no_toolchain(monkeypatch, name, package):
    for variable in ("ZEPHYR_TOOLCHAIN_VARIANT", "ZEPHYR_SDK_INSTALL_DIR"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(boards.FirmwareError, match=f"no toolchain: sudo apt-get install {package}"):
        zephyr.environment(boards.find_board(name))


def test_own_toolchain_is_kept(monkeypatch):
    monkeypatch.delenv("ZEPHYR_SDK_INSTALL_DIR", raising=False)
    own = {"ZEPHYR_TOOLCHAIN_VARIANT": "gnuarmemb", "GNUARMEMB_TOOLCHAIN_PATH": "/opt/arm", "PATH": "/nowhere"}
    for variable, value in own.items():
        monkeypatch.setenv(variable, value)
    assert own.items() <= zephyr.environment(boards.find_board("nucleo_f446re")).items()
    with pytest.raises(boards.FirmwareError, match="no toolchain"):
        zephyr.environment(boards.find_board("qemu_riscv32"))


@pytest.mark.parametrize(
    "words, says",
    [
        (["--zephyr", "nucleo_x"], "no board 'nucleo_x'; there are mps2_an385, "),
        (["--zephyr", "qemu_m4f"], "qemu_m4f is not a board on Zephyr; these are: mps2_an385, "),
        (["--zephyr", "nucleo_f446re", "--model", "no.lnn"], "no.lnn: no such file"),
    ],
)
def test_command_says_what_is_wrong(words, says):
    done = subprocess.run(
        [sys.executable, "-m", "liquid_audio_nets.cli.board", "build", *words], text=True, capture_output=True
    )
    assert done.returncode == 2 and " ".join(done.stderr.split()).startswith(f"error: {says}"), done.stderr


def test_a_board_on_the_desk_is_not_started():
    done = subprocess.run(
        [sys.executable, "-m", "liquid_audio_nets.cli.board", "start", "nucleo_f446re"],
        text=True,
        capture_output=True,
        timeout=120,
    )  # and not built either, which would take minutes
    assert done.returncode == 3 and done.stderr.startswith("error: nucleo_f446re is not a virtual board"), done.stderr


def test_bad_model_is_refused_before_the_build(tmp_path):
    (tmp_path / "bad.lnn").write_bytes(bytes(2000))
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "liquid_audio_nets.cli.board",
            "build",
            "nucleo_f446re",
            "--model",
            tmp_path / "bad.lnn",
        ],
        text=True,
        capture_output=True,
    )
    assert done.returncode == 4 and done.stderr.startswith("error: MAGIC: not an .lnn file. "), done.stderr


def test_model_too_large_for_flash(tmp_path):
    (tmp_path / "log").write_text("ld: region `FLASH' overflowed by 4096 bytes\n")
    (tmp_path / "my.lnn").write_bytes(bytes(40_000))
    assert (
        zephyr.reason(tmp_path / "log", tmp_path / "my.lnn")
        == f"{tmp_path}/my.lnn has 40000 bytes, FLASH has room for 35904"
    )
    assert zephyr.reason(tmp_path / "log").startswith("4096 bytes too many for FLASH")
    (tmp_path / "log").write_text("ld: region `RAM' overflowed by 4096 bytes\n")
    assert zephyr.reason(tmp_path / "log", tmp_path / "my.lnn").startswith("4096 bytes too many for RAM")


@pytest.mark.parametrize(
    "settings",
    [
        "CONFIG_HEAP_MEM_POOL_SIZE=0\nCONFIG_MICROPY_HEAP_SIZE=49152\n",
        "CONFIG_MICROPY_HEAP_SIZE=49152\nCONFIG_HEAP_MEM_POOL_SIZE=65536\n",  # Zephyr's own, which no model is loaded into
        "CONFIG_HEAP_MEM_POOL_SIZE=49152\n",  # a C application
    ],
)
def test_model_too_large_for_heap(tmp_path, settings):
    (tmp_path / ".config").write_text(settings)
    boards.check_heap(tmp_path / "zephyr.elf", "my.lnn", 49_152)
    with pytest.raises(boards.FirmwareError, match=r"my\.lnn needs 49153 bytes of RAM, the heap has 49152"):
        boards.check_heap(tmp_path / "zephyr.elf", "my.lnn", 49_153)
