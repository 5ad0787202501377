# SPDX-License-Identifier: MIT
"""The integer core without MicroPython: kernels against CMSIS-DSP's, and whole seconds on small cores."""

import pathlib
import sys
import tempfile
from dataclasses import replace

import numpy as np
from bench_keywords import BOARDS as WITH_FIRMWARE
from bench_keywords import ROOT, continuous_speech, row, silence
from liquid_audio_nets.board import FirmwareError, sources
from liquid_audio_nets.compress.frontend import triangular_frontend
from liquid_audio_nets.compress.layouts import grid_weight
from liquid_audio_nets.lnn import Model, load, save
from liquid_audio_nets.native import add_golden

sys.path.insert(0, str(ROOT / "tests/bare"))
sys.path.insert(0, str(ROOT / "tests/support"))
import machines
from integer_model import integer_model
from small_model import noise, with_grid

BOARDS = ("qemu_m0", "qemu_m3", "qemu_m4f", "qemu_m7", "qemu_m33", "qemu_m55")
MODEL, FLOAT_MODEL = ROOT / "device/models/keywords.lnn", ROOT / "device/models/keywords_f32.lnn"
MACS = 128 * 104
DS_CNN_INSTRUCTIONS = (
    7_840_000  # MLPerf Tiny keyword spotting in int8, CMSIS-NN, one decision; cited, measured the same way
)
CMSIS_CORE = ("lib/cmsis/inc", "lib/CMSIS_6/CMSIS/Core/Include", "lib/CMSIS_5/CMSIS/Core/Include")


def measure() -> list[dict]:
    with tempfile.TemporaryDirectory() as folder:
        rows = [line for name in BOARDS for line in measure_machine(name, pathlib.Path(folder))]
        rows += [line for name in BOARDS for line in measure_stages(name, pathlib.Path(folder))]
        rows += [line for name in BOARDS for line in measure_grid(name, pathlib.Path(folder))]
        cited = row("cited_ds_cnn_decision_instructions", "qemu_m4f", DS_CNN_INSTRUCTIONS, "instructions")
        return rows + cmsis_dsp(pathlib.Path(folder)) + cmsis_nn(pathlib.Path(folder)) + [cited]


def measure_machine(name: str, folder: pathlib.Path) -> list[dict]:
    """Rows of one core; `bare_` before what the firmware is measured by, too, on the same board."""
    machine, rows, model = machines.MACHINES[name], [], folder / "model.lnn"
    prefix = "bare_" if name in WITH_FIRMWARE else ""
    save(machines.suited(load(MODEL), name), model)
    for sound, samples in (("speech", continuous_speech()), ("silence", silence())):
        recording = folder / f"{sound}.raw"
        recording.write_bytes(samples[:32000].astype("<i2").tobytes())
        image = machines.build(machine, model, folder / "image.elf", extra=machines.recording(recording))
        said = machines.run(machine, image)
        rows.append(row(f"{prefix}second_of_{sound}_instructions", name, said["second_instructions"], "instructions"))
    rows.append(row(f"{prefix}frontend_instructions", name, said["frontend_instructions"], "instructions"))
    rows.append(row("frontend_s16_instructions", name, frontend_s16(name, folder), "instructions"))
    rows.append(row("cell_step_instructions", name, said["cell_step_instructions"], "instructions"))
    if prefix == "":
        rows += [
            row("model_bytes", name, len(model.read_bytes()), "bytes"),
            row("ram_bytes", name, said["ram_bytes"], "bytes"),
        ]
    return rows + [
        row(
            f"matvec_{kind}_instructions_per_mac",
            name,
            round(said[f"matvec_{kind}_instructions"] / MACS, 3),
            "instructions",
        )
        for kind in ("s8", "s16")
    ]


def measure_stages(name: str, folder: pathlib.Path) -> list[dict]:
    """Traces of 40 channels and a liquid readout of 12 labels behind 64 units, without posterior and detection, which the
    smoothed readout has, too; readout_and_posterior includes them.  A step of all stages has two cells of 64 units; the
    second one waits at every second step in another row."""
    machine, model = machines.MACHINES[name], folder / "stages.lnn"
    save(machines.suited(stages_model(), name), model)
    said = machines.run(machine, machines.build(machine, model, folder / "image.elf"))
    traces, readout = said["traces_step_instructions"], said["liquid_step_instructions"]
    found = {
        "traces_step_instructions": traces,
        "liquid_readout_step_instructions": readout,
        "traces_and_liquid_readout_instructions": traces + readout,
        "liquid_readout_and_posterior_instructions": said["readout_instructions"],
        "step_of_all_stages_instructions": sum(
            said[f"{stage}_instructions"] for stage in ("frontend", "traces", "cells", "readout")
        ),
    }
    save(machines.suited(stages_model(every=(1, 2)), name), model)
    said = machines.run(machine, machines.build(machine, model, folder / "image.elf"))
    found["cells_of_which_one_waits_instructions"] = said["cells_instructions"]
    return [row(metric, name, value, "instructions") for metric, value in found.items()]


def measure_grid(name: str, folder: pathlib.Path) -> list[dict]:
    """A grid of 8 filters (width 8, stride 4, traces), a cell of 64 units and a liquid readout of 12 labels up to its evidence:
    one step, and of it the grid, whose weights are of the type that liquid-compress chooses for the core."""
    machine, model = machines.MACHINES[name], folder / "grid.lnn"
    weight = grid_weight("int8", {"qemu_m0": "cortex_m0", "qemu_m55": "cortex_m55"}.get(name, "any"))
    behind = integer_model(1, (64,), (*"abcdefghijk", "_silence_"), 40, stages=True, frontend="logmel_s16")
    made = add_golden(with_grid(behind, 8, 4, 8, weight=weight), noise(8000), tolerance=0.0)
    save(machines.suited(made, name), model)
    said = machines.run(machine, machines.build(machine, model, folder / "image.elf"))
    stages = ("traces_step", "cells_step", "liquid_step")
    return [
        row("grid_step_instructions", name, said["cell_step_instructions"], "instructions"),
        row("grid_network_step_instructions", name, sum(said[f"{s}_instructions"] for s in stages), "instructions"),
        row("grid_network_ram_bytes", name, said["ram_bytes"], "bytes"),
    ]


def stages_model(every: tuple[int, ...] | None = None) -> Model:
    """Two cells of 64 units, 40 features, 12 labels, random weights."""
    labels = (*"abcdefghijk", "_silence_")
    model = integer_model(1, (64, 64), labels, 40, stages=True, min_timestep_us=30_000, max_timestep_us=30_000)
    return add_golden(replace(model, every=every), noise(8000), tolerance=0.0)


def frontend_s16(name: str, folder: pathlib.Path) -> int:
    """Instructions of the front-end that liquid-compress gives to new models, in place of the shipped model's."""
    fe = triangular_frontend(load(FLOAT_MODEL).frontend)
    model = load(MODEL)
    fe.mean, fe.scale = np.full(fe.n_mels, 24 << 16), model.frontend.scale
    model = add_golden(replace(model, frontend=fe), model.golden.audio, 0.0)
    save(machines.suited(model, name), folder / "s16.lnn")
    machine = machines.MACHINES[name]
    return machines.run(machine, machines.build(machine, folder / "s16.lnn", folder / "s16.elf"))[
        "frontend_instructions"
    ]


def cmsis_dsp(folder: pathlib.Path) -> list[dict]:
    """arm_mat_vec_mult_q7 on the M4F, where the sources are at hand."""
    machine = machines.MACHINES["qemu_m4f"]
    try:
        dsp, micropython = sources.cmsis_dsp().folder, sources.micropython().folder
    except FirmwareError:
        return []
    folders = [dsp.parent / path / "CMSIS/Core/Include" for path in ("cmsis_6", "../hal/cmsis_6", "../hal/cmsis")]
    folders += [micropython / path for path in CMSIS_CORE]
    core = next((folder for folder in folders if (folder / "core_cm4.h").is_file()), None)
    if core is None:
        return []
    said = machines.run(machine, machines.build_cmsis_dsp(machine, dsp, core, folder / "cmsis.elf"))
    return [
        row(
            "cmsis_dsp_q7_instructions_per_mac",
            "qemu_m4f",
            round(said["matvec_instructions"] / MACS, 3),
            "instructions",
        )
    ]


def cmsis_nn(folder: pathlib.Path) -> list[dict]:
    """arm_fully_connected_s8 on the M4F, if ZEPHYR_BASE names a west workspace that has it (module cmsis-nn)."""
    found = [top / "modules/lib/cmsis-nn" for top in sources.named_workspace()]
    nn = next((module for module in found if (module / "Include/arm_nnfunctions.h").is_file()), None)
    if nn is None:
        return []
    machine = machines.MACHINES["qemu_m4f"]
    said = machines.run(machine, machines.build_cmsis_nn(machine, nn, folder / "cmsis.elf"))
    return [
        row(
            "cmsis_nn_s8_instructions_per_mac", "qemu_m4f", round(said["matvec_instructions"] / MACS, 3), "instructions"
        )
    ]
