"""The integer core without MicroPython: kernels against CMSIS-DSP's, and whole seconds on small cores."""

import pathlib
import sys
import tempfile

from bench_keywords import ROOT, continuous_speech, row, silence

from liquid_audio_nets.board import FirmwareError, sources
from liquid_audio_nets.lnn import load, save

sys.path.insert(0, str(ROOT / "tests/bare"))
import machines  # noqa: E402

BOARDS = ("qemu_m0", "qemu_m3", "qemu_m4f", "qemu_m7", "qemu_m33", "qemu_m55")
MODEL = ROOT / "device/models/keywords.lnn"
MACS = 128 * 104
DS_CNN_INSTRUCTIONS = 7_840_000  # MLPerf Tiny keyword spotting in int8, CMSIS-NN, one decision; cited, measured the same way
CMSIS_CORE = ("lib/cmsis/inc", "lib/CMSIS_6/CMSIS/Core/Include", "lib/CMSIS_5/CMSIS/Core/Include")


def measure() -> list[dict]:
    with tempfile.TemporaryDirectory() as folder:
        rows = [line for name in BOARDS for line in measure_machine(name, pathlib.Path(folder))]
        cited = row("cited_ds_cnn_decision_instructions", "qemu_m4f", DS_CNN_INSTRUCTIONS, "instructions")
        return rows + cmsis(pathlib.Path(folder)) + [cited]


def measure_machine(name: str, folder: pathlib.Path) -> list[dict]:
    machine, rows, model = machines.MACHINES[name], [], folder / "model.lnn"
    save(machines.suited(load(MODEL), name), model)
    for sound, samples in (("speech", continuous_speech()), ("silence", silence())):
        recording = folder / f"{sound}.raw"
        recording.write_bytes(samples[:32000].astype("<i2").tobytes())
        image = machines.build(machine, model, folder / "image.elf", extra=machines.recording(recording))
        said = machines.run(machine, image)
        rows.append(row(f"bare_second_of_{sound}_instructions", name, said["second_instructions"], "instructions"))
    for metric in ("frontend_instructions", "cell_step_instructions"):
        rows.append(row(f"bare_{metric}", name, said[metric], "instructions"))
    return rows + [row("matvec_s8_instructions_per_mac", name, round(said["matvec_s8_instructions"] / MACS, 3), "instructions")]


def cmsis(folder: pathlib.Path) -> list[dict]:
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
    said = machines.run(machine, machines.build_cmsis(machine, dsp, core, folder / "cmsis.elf"))
    return [row("cmsis_dsp_q7_instructions_per_mac", "qemu_m4f", round(said["matvec_q7_instructions"] / MACS, 3),
                "instructions")]
