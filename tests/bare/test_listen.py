# SPDX-License-Identifier: MIT
"""cmodule/samples/listen: the host and a bare Cortex-M4F hear what liquid_audio_nets hears, without malloc."""

import subprocess

import machines
import numpy as np
import pytest
from liquid_audio_nets.audio import say
from liquid_audio_nets.native import LNN
from liquid_audio_nets.native.c_header import c_header

SAMPLE = machines.ROOT / "cmodule/samples/listen"
MODEL = machines.ROOT / "device/models/keywords.lnn"
STRICT = ("-std=c99", "-Wall", "-Wextra", "-Wconversion", "-Wpedantic", "-Werror")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """keywords.h; speech.raw, with the words that switch a lamp; and the lines that the sample has to print."""
    folder, data = tmp_path_factory.mktemp("listen"), MODEL.read_bytes()
    pause = np.zeros(12000, np.int16)
    speech = np.concatenate(
        [part for word in ("on", "off", "stop", "go", "on") for part in (pause, say(word))] + [pause]
    )
    (folder / "speech.raw").write_bytes(speech.astype("<i2").tobytes())
    expected = []
    with LNN(data) as net:
        (folder / "keywords.h").write_text(c_header(data, net, "keywords", MODEL.name))
        for at in range(0, len(speech), 320):
            net.process(speech[at : at + 320])
            for event in net.events():
                expected.append(event.label)
                expected += [f"the lamp is {event.label}"] * (event.label in ("on", "off"))
    assert any("lamp" in line for line in expected)
    return folder, expected


def test_on_the_host_without_malloc(place):
    folder, expected = place
    include = [f"-I{folder}", f"-I{machines.ROOT / 'cmodule/include'}"]
    words = ["gcc", *STRICT, "-O1", *include, SAMPLE / "main.c", *machines.CORE]
    for source in (SAMPLE / "main.c", *machines.CORE):
        subprocess.run(
            ["gcc", *STRICT, "-O1", *include, "-c", source, "-o", f"{source.stem}.o"], cwd=folder, check=True
        )
    wanted = subprocess.run(["nm", "-u", *folder.glob("*.o")], capture_output=True, text=True, check=True).stdout
    foreign = {line.split()[1] for line in wanted.splitlines() if line.startswith(" ")}
    own = {"memcpy", "memset", "memmove", "memcmp", "__stack_chk_fail", "_GLOBAL_OFFSET_TABLE_"}
    assert {name for name in foreign if not name.startswith(("lnn_", "platform_"))} <= own
    subprocess.run([*words, SAMPLE / "platform_host.c", "-o", "listen"], cwd=folder, check=True)
    with (folder / "speech.raw").open("rb") as sound:
        done = subprocess.run([folder / "listen"], stdin=sound, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == expected


@pytest.mark.skipif(not machines.available(), reason="needs gcc-arm-none-eabi and qemu-system-arm")
def test_on_a_bare_cortex_m4f(place):
    folder, expected = place
    machine = machines.MACHINES["qemu_m4f"]
    files = [SAMPLE / "main.c", *(machines.HERE / name for name in ("platform_bare.c", "model.S")), *machines.CORE]
    options = [f"-I{folder}", f'-DMODEL="{MODEL}"', *machines.recording(folder / "speech.raw")]
    image = machines.link(machine, folder / "listen.elf", ["-O2"], [*options, *map(str, files)])
    assert machines.run(machine, image)["said"] == ["listening", *expected]
    symbols = subprocess.run(["arm-none-eabi-nm", image], capture_output=True, text=True, check=True).stdout
    assert not any(name in symbols.split() for name in ("malloc", "_malloc_r", "_sbrk"))


def test_a_model_too_large_for_the_memory_does_not_compile(place):
    folder, _ = place
    larger = ["-DKEYWORDS_MODEL_H", "-DKEYWORDS_RAM_BYTES=99999u"]  # in place of what the header says
    include = [f"-I{folder}", f"-I{machines.ROOT / 'cmodule/include'}"]
    done = subprocess.run(
        ["gcc", "-fsyntax-only", *larger, *include, SAMPLE / "main.c"], cwd=folder, capture_output=True, text=True
    )
    assert done.returncode and "the model is larger than MEMORY_BYTES allows for" in done.stderr
