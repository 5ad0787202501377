# SPDX-License-Identifier: MIT
"""Every core gives the same bits: golden vectors, and hashes of random work against the host's."""

import dataclasses

import machines
import pytest
from integer_model import fill_to_the_limit, integer_model
from liquid_audio_nets.lnn import Policy, load, save
from liquid_audio_nets.native import add_golden
from small_model import noise, with_grid, with_rhythm

needs_machines = pytest.mark.skipif(not machines.available(), reason="needs gcc-arm-none-eabi and qemu-system-arm")
STEPS = 10_000
# Every kernel in one model; the readout is int16 in rows4x4.
UNITS, LAYOUTS = (20, 36, 12, 10), ("rows4x4", "rows4x4_sparse", "rows4x16", "rows4x4_sparse")
WEIGHTS = ("int8", "int8", "int8", "int16")


def with_golden(model, path):
    save(add_golden(model, noise(3200), tolerance=0.0), path)
    return path


@pytest.fixture(scope="module", params=["keywords", "anomaly", "stages", "rhythm", "grid int8", "grid int16"])
def model(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("bare") / "small.lnn"
    if request.param == "anomaly":
        bands = integer_model(units=(20,), labels=tuple(f"{i} kHz" for i in range(10)))
        policy = Policy(min_timestep_us=7300, floor_ratio=1.5)  # the gate's last block of a tick is a short one
        return with_golden(dataclasses.replace(bands, task="anomaly", policy=policy), path)
    if request.param.startswith("grid"):
        weight, m55 = request.param.split()[1], "rows4x16" if request.param == "grid int8" else "rows4x4"
        behind = integer_model(units=(20, 12), channels=40, layout=(m55, "rows4x4"), stages=True, frontend="logmel_s16")
        return with_golden(with_grid(behind, 8, 4, 8, weight=weight), path)
    stages = request.param in ("stages", "rhythm")
    every_kernel = {"units": UNITS, "layout": LAYOUTS, "weight": WEIGHTS, "delta_q15": 600, "frontend": "logmel_s16"}
    model = integer_model(stages=stages, **every_kernel)
    return with_golden(with_rhythm(model, (1, 2, 4, 3)) if request.param == "rhythm" else model, path)


@pytest.fixture(scope="module")
def on_host(model, tmp_path_factory):
    """The words of the sanitized host program."""
    return machines.run_on_host(machines.build_for_host(model, tmp_path_factory.mktemp("host") / "host", STEPS))


@needs_machines
@pytest.mark.parametrize("name", machines.MACHINES)
def test_every_core_gives_the_hosts_bits(name, model, on_host, tmp_path):
    machine = machines.MACHINES[name]
    said = machines.run(machine, machines.build(machine, model, tmp_path / "image.elf", STEPS))
    same = ("status", "difference_e9", "ram_bytes", "steps_hash", "frontend_hash", "engine_hash")
    assert {key: said[key] for key in same} == {key: on_host[key] for key in same}
    assert said["status"] == "OK" and said["difference_e9"] == 0


@needs_machines
def test_the_shipped_model_fits_a_microbit(root, tmp_path):
    """Cortex-M0, 16 KB of RAM, 256 KB of flash: the linker refuses what does not fit."""
    machine, model = machines.MACHINES["microbit"], root / "device/models/keywords.lnn"
    said = machines.run(machine, machines.build(machine, model, tmp_path / "image.elf"))
    assert said["status"] == "OK" and said["ram_bytes"] <= machines.MEMORY_BYTES
    assert dataclasses.asdict(machine)["ram"][1] == 16384


@needs_machines
@pytest.mark.parametrize(
    "name, kind, at_most",
    [("qemu_m4f", "logmel_s16", 20_000), ("qemu_m0", "logmel_s16", 80_000), ("microbit", "logmel_s16", 80_000)],
)
def test_the_cheaper_front_end_costs(tmp_path, name, kind, at_most):
    """A window of 512 samples into 40 channels, in instructions."""
    path = with_golden(integer_model(channels=40, frontend=kind), tmp_path / "model.lnn")
    said = machines.run(machines.MACHINES[name], machines.build(machines.MACHINES[name], path, tmp_path / "image.elf"))
    assert said["status"] == "OK" and said["frontend_instructions"] <= at_most


@needs_machines
@pytest.mark.parametrize("name, per_mac", [("qemu_m4f", 1.4), ("qemu_m55", 0.25)])
def test_costs(root, tmp_path, name, per_mac):
    """The dense product of 128 x 104, the front-end, one cell of 64 units on 40 inputs, in instructions."""
    machine, model = machines.MACHINES[name], tmp_path / "model.lnn"
    save(machines.suited(load(root / "device/models/keywords.lnn"), name), model)
    said = machines.run(machine, machines.build(machine, model, tmp_path / "image.elf"))
    assert said["matvec_s8_instructions"] <= per_mac * 128 * 104
    assert said["frontend_instructions"] <= 20_000
    assert said["cell_units"] != 64 or said["cell_step_instructions"] <= 24_000


@needs_machines
def test_costs_of_traces_and_a_liquid_readout(tmp_path):
    """Of 40 channels and 12 labels behind 64 units, up to the evidence, in instructions on the M4F."""
    machine, path, labels = machines.MACHINES["qemu_m4f"], tmp_path / "model.lnn", tuple("abcdefghijkl")
    with_golden(integer_model(units=(64, 64), labels=labels, channels=40, stages=True), path)
    said = machines.run(machine, machines.build(machine, path, tmp_path / "image.elf"))
    assert said["traces_step_instructions"] + said["liquid_step_instructions"] <= 3500
    assert said["traces_instructions"] > 0 and said["ram_bytes"] <= machines.MEMORY_BYTES


def test_the_corners_do_not_overflow(tmp_path):
    """512 columns of weights, scales and biases at their limits, any sound, any timestep: nothing for UBSan."""
    widest = [integer_model(1, units=(512, 4), channels=128, weight=weight) for weight in ("int8", "int16")]
    for cell in (cell for model in widest for cell in model.cells):
        fill_to_the_limit(cell)
        cell.scale_inputs[:] = cell.scale_state[:] = 2**30 - 1
        cell.bias[:] = 2**29 - 1
        cell.inv_tau[:] = 4000 << 16
    others = [integer_model(2, gain=1e3, layout="rows4x16"), integer_model(3, channels=3, window_samples=256)]
    others += [integer_model(4, channels=n, window_samples=w, frontend="logmel_s16") for n, w in ((40, 512), (3, 256))]
    stages = integer_model(4, units=(512,), channels=128, labels=tuple(map(str, range(64))), gain=1e3, stages=True)
    stages.readout.weights[:], stages.readout.scale[:], stages.readout.bias[:] = 127, 2**30 - 1, 2**29 - 1
    grids = [with_grid(integer_model(5, channels=128, stages=True), 128, 1, 64, weight=w) for w in ("int8", "int16")]
    for grid in (model.cells[0] for model in grids):
        fill_to_the_limit(grid)
        grid.scale[:], grid.bias[:], grid.inv_tau[:] = 2**30 - 1, 2**29 - 1, 4000 << 16
    for k, model in enumerate((*widest, *others, stages, *grids)):
        path = with_golden(model, tmp_path / "corner.lnn")
        said = machines.run_on_host(machines.build_for_host(path, tmp_path / f"host{k}", 500, 65536))
        assert said["status"] == "OK"
