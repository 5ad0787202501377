# SPDX-License-Identifier: MIT
"""Compression: rounding by least error, the fitted front-end, checkpoints, pruning."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from liquid_audio_nets.compress import CompressError, Request, Sounds, blame, compress, synthetic
from liquid_audio_nets.compress.calibration import Moments, calibrate
from liquid_audio_nets.compress.frontend import blank_frontend, fit_frontend, triangular_frontend
from liquid_audio_nets.compress.pruning import prune
from liquid_audio_nets.compress.run import integer_cells
from liquid_audio_nets.compress.weights import Part, dequantise_cell, dequantise_readout, quantise
from liquid_audio_nets.lnn import CellS8, FrontEnd, LiquidReadoutS8, LnnError, write
from liquid_audio_nets.lnn.costs import estimate, zero_block_share
from liquid_audio_nets.lnn.integer import INTEGER_FRONTENDS, ROW_LIMIT_S16
from liquid_audio_nets.native import LNN
from liquid_audio_nets.reference.frontend import hann, mel_filterbank
from liquid_audio_nets.reference.stages import Means
from small_model import babble, integer_model, small_model, with_grid, with_stages


@pytest.fixture(scope="module")
def sounds():
    clips = [babble(16000, seed) for seed in range(12)]
    return Sounds("babble", clips, clips)


@pytest.fixture(scope="module")
def calibration(sounds):
    return calibrate(small_model(), sounds.calibration)


def test_moments_are_those_of_what_the_network_saw(calibration):
    assert calibration.steps > 100
    seen = np.concatenate(calibration.features)
    assert np.allclose(calibration.cells[0].mean[: seen.shape[1]], seen.mean(0), atol=1e-6)
    spread = np.diag(calibration.cells[0].covariance)[: seen.shape[1]]
    assert np.allclose(spread, seen.var(0), rtol=0.05, atol=1e-2)


def test_rounding_errs_less_than_the_nearest_numbers(calibration):
    """On the output, which is what counts: the covariance of the inputs weighs the errors."""
    moments = calibration.cells[0]
    w = np.random.default_rng(0).normal(size=(16, moments.size)) * 0.2
    q, (scale,), correction = quantise(w, [Part(slice(0, moments.size), 15)], moments)
    nearest = np.abs(w).max(1, keepdims=True) / 127

    def size(error):
        return np.einsum("rc,cd,rd->r", error, moments.covariance, error)

    assert np.all(size(w - q * scale[:, None]) < size(w - np.rint(w / nearest) * nearest))
    assert np.abs(q).max() <= 127
    assert np.allclose(correction, (w - q * scale[:, None]) @ moments.mean)


@given(st.integers(0, 2**32 - 1), st.integers(1, 512), st.floats(-9, 3), st.sampled_from([12, 15]))
@settings(max_examples=40, deadline=None)
def test_rows_of_int16_never_add_up_to_too_much(seed, columns, size, bits):
    """Rows of any size, some with one large weight, some of zeros: within the format's bound, and near to what they were."""
    rng, part = np.random.default_rng(seed), Part(slice(0, columns), bits)
    w = rng.normal(size=(8, columns)) * 10.0 ** rng.uniform(size - 2, size, (8, 1))
    w[0], w[1, 0], w[2] = 0, 100 * np.abs(w[1]).max(), np.abs(w[2]).max()
    try:
        q, (scale,), _ = quantise(w, [part], Moments(columns), "int16")
    except CompressError:  # nothing that has room is refused
        assert (
            np.abs(w).sum(1).max() > part.largest_scale * (ROW_LIMIT_S16 - columns)
            or np.abs(w).max() > part.largest_scale * 32766
        )
        return
    assert np.abs(q.astype(int)).sum(1).max() <= ROW_LIMIT_S16 and part.scale_q(scale).max() <= 2**30 - 1
    assert np.all(np.abs(w - q * scale[:, None]) <= scale[:, None] / 2 + 1e-12)


@pytest.mark.parametrize("layer, large", [("cell 0", 1050.0), ("cell 1", 8300.0), ("readout", 8300.0)])
def test_a_row_that_int16_has_no_room_for_is_refused_by_the_name_of_its_layer(calibration, layer, large):
    """A row whose magnitudes add up to `large` would come out smaller than it is."""
    model = small_model()
    w = {"cell 0": model.cells[0].wf[:, :40], "cell 1": model.cells[1].wa[:, 8:], "readout": model.readout.w}[layer]
    for factor, fits in ((0.97, True), (1.0, False)):
        w[1] = factor * large / w.shape[1]
        if fits:
            rounded = integer_cells(model, calibration, "int16")
            assert dequantise_readout(rounded.readout).w == pytest.approx(model.readout.w, rel=1e-3, abs=0.1)
            assert dequantise_cell(rounded.cells[0], 0).wf == pytest.approx(model.cells[0].wf, rel=1e-3, abs=0.01)
            continue
        with pytest.raises(CompressError, match=f"^{layer}: weights as large as .* do not fit into int16"):
            integer_cells(model, calibration, "int16")


def test_int16_follows_the_float_model_closer_than_int8(sounds):
    wide, narrow = (compress(small_model(), sounds, Request(q, frontend="float")) for q in ("int16", "dynamic-int8"))
    assert {part.weight for part in (*wide.model.cells, wide.model.readout)} == {"int16"}
    assert wide.logit_error < min(0.02, narrow.logit_error)
    assert narrow.after["model_bytes"] < wide.after["model_bytes"] < wide.before["model_bytes"]


@pytest.mark.parametrize(
    "quantization, target, weight, layout",
    [
        ("dynamic-int8", "cortex_m4", "int16", "rows4x4"),
        ("dynamic-int8", "cortex_m55", "int8", "rows4x16"),
        ("int8", "cortex_m0", "int8", "rows4x4"),
        ("int16", "any", "int16", "rows4x4"),
    ],
)
def test_a_grid_is_rounded_as_the_target_likes_it(sounds, quantization, target, weight, layout):
    """Most cores multiply int16 faster, and a grid has few weights; its error is no larger than that of other cells."""
    model = with_grid(with_stages(small_model()), 8, 4, 8)
    done = compress(model, sounds, Request(quantization, target, golden_samples=3200, prune_share=0.2))
    grid = done.model.cells[0]
    assert (grid.weight, grid.layout, grid.positions) == (weight, layout, 9)
    assert (grid.weights != 0).mean() > 0.9 and zero_block_share(done.model.cells[1:]) >= 0.19
    assert done.drop_points <= 20
    with LNN(write(done.model)) as lnn:
        assert lnn.selftest() == 0
    assert {layer for layer, _ in blame(model, sounds, Request(quantization, target))} >= {"cell 0", "cell 2"}


def test_moments_of_a_grid_are_of_all_positions(sounds):
    found = calibrate(with_grid(with_stages(small_model()), 8, 4, 8), sounds.calibration)
    assert found.cells[0].count == 9 * found.steps and found.cells[0].size == 16 + 24
    seen, windows = np.concatenate(found.features), np.arange(9)[:, None] * 4 + np.arange(8)
    assert np.allclose(found.cells[0].mean[:8], seen[:, windows].mean((0, 1)), atol=1e-6)


def test_a_scale_stays_within_the_formats_limit(calibration):
    model = small_model()
    model.cells[0].wf[:] *= 1000
    cell = integer_cells(model, calibration).cells[0]
    assert cell.scale_inputs.max() < 2**30 and cell.scale_state.max() < 2**30


def test_the_integer_model_follows_the_float_one(sounds):
    done = compress(small_model(), sounds, Request(golden_samples=3200))
    assert all(isinstance(cell, CellS8) for cell in done.model.cells)
    assert done.model.frontend.kind == "logmel_s16" and done.frontend_rms < 0.2
    assert done.drop_points <= 20 and done.logit_error < 3
    assert done.after["model_bytes"] < done.before["model_bytes"]
    assert done.model.golden.tolerance == 0
    with LNN(write(done.model)) as lnn:
        assert lnn.selftest() == 0


def test_a_float_front_end_may_be_kept(sounds):
    done = compress(small_model(), sounds, Request(frontend="float"))
    assert done.model.frontend.kind == "logmel_f32" and done.logit_error < 1
    assert done.model.golden.tolerance > 0


def test_the_front_end_is_fitted_channel_by_channel(calibration):
    model, left = small_model(), {}
    for kind in INTEGER_FRONTENDS:
        fitted, left[kind] = fit_frontend(model.frontend, integer_cells(model, calibration), calibration, kind)
        assert fitted.kind == kind and left[kind] < 0.2
        assert np.allclose(fitted.scale / 2**22, np.log(2) * model.frontend.inv_std, rtol=0.2)
    assert left["logmel_s16"] < left["logmel_q15"]


@pytest.mark.parametrize("channels, points", [(40, 512), (3, 256), (1, 512), (80, 512)])
def test_triangles_are_told_by_their_rising_weights(channels, points):
    """Rising weight in q8, and what is left for the filter below, give back the filterbank."""
    mel = mel_filterbank(channels, points, 16000, 60.0, 7600.0)
    fe = FrontEnd.from_dense(hann(points), mel, np.zeros(channels), np.ones(channels))
    found = triangular_frontend(fe)
    between = np.repeat(np.arange(channels + 1), found.mel_count)
    again = np.zeros((channels + 2, points // 2 + 1))
    for k, (segment, rising) in enumerate(zip(between, found.mel_weights / 256, strict=True), found.first_bin):
        again[segment + 1, k], again[segment, k] = rising, 1 - rising
    assert np.abs(again[1:-1] - mel).max() <= 1 / 256 + 1e-6


@pytest.mark.parametrize("change", ["doubled", "gap", "wide"])
def test_other_filters_keep_the_front_end_that_can_do_them(change):
    fe = small_model().frontend
    dense = fe.mel_dense()
    if change == "doubled":
        dense *= 2
    elif change == "gap":
        dense[7] = 0
    else:
        dense[7, 100:140] = 0.1
    fe = FrontEnd.from_dense(fe.window, dense, fe.mean, fe.inv_std)
    assert blank_frontend(fe, "integer").kind == "logmel_q15"
    with pytest.raises(LnnError, match="triangles"):
        blank_frontend(fe, "logmel_s16")


def test_blocks_that_do_nothing_go_and_the_rest_makes_up_for_them(calibration):
    model = small_model()
    few, many = prune(model, 0.01, calibration), prune(model, 0.1, calibration)
    assert 0 == zero_block_share(model.cells) < zero_block_share(few.cells) < zero_block_share(many.cells) < 1
    rounded = integer_cells(many, calibration)
    assert zero_block_share(rounded.cells) >= zero_block_share(many.cells)
    assert prune(model, 0.0, calibration) is model


def test_synthetic_sound_serves_where_there_are_no_recordings():
    done = compress(small_model(), synthetic(small_model()), Request(golden_samples=0))
    assert done.model.golden is None and done.logit_error < 3


@pytest.mark.parametrize(
    "request_, word",
    [
        (Request(quantization="int4"), "int4"),
        (Request(frontend="mfcc"), "mfcc"),
        (Request("int8", frontend="float"), "float"),
        (Request("int16", delta_threshold=0.01), "delta"),
    ],
)
def test_what_is_not_there_is_refused_by_name(sounds, request_, word):
    with pytest.raises(CompressError, match=word):
        compress(small_model(), sounds, request_)


def test_silence_is_no_calibration():
    clips = [np.zeros(16000, np.int16)]
    with pytest.raises(CompressError, match="energy gate"):
        compress(small_model(), Sounds("silence", clips, clips), Request())


def test_the_layer_to_blame_is_named(sounds):
    model = small_model()
    names = [name for name, _ in blame(model, sounds, Request(prune_threshold=1.0))]
    assert set(names) == {"pruning", "cell 0", "cell 1", "readout", "front-end"} and names[0] == "pruning"


def test_an_integer_model_is_not_compressed_again(sounds):
    done = compress(small_model(), sounds, Request(golden_samples=0)).model
    with pytest.raises(CompressError, match="integer model already"):
        compress(done, sounds, Request())


def test_pruned_blocks_are_not_counted_as_work(sounds):
    whole, half = (
        compress(small_model(), sounds, Request("int8", "cortex_m4", prune_share=share)) for share in (0.0, 0.5)
    )
    assert whole.after["macs_per_step"] == whole.before["macs_per_step"] == small_model().macs_per_step
    assert half.after["macs_per_step"] < 0.65 * half.before["macs_per_step"]


def test_a_share_of_the_blocks_is_pruned(calibration):
    model = small_model()
    for share in (0.25, 0.5):
        assert zero_block_share(prune(model, 0.0, calibration, share).cells) == pytest.approx(share, abs=0.02)
    assert zero_block_share(prune(model, 0.1, calibration, 0.01).cells) == zero_block_share(
        prune(model, 0.1, calibration).cells
    )


def test_a_tuner_sees_both_models_and_what_it_makes_is_measured(sounds):
    seen = []

    def tune(exact, rounded, clips):
        seen.append((exact.cells[0].weight, rounded.cells[0].weight, len(clips)))
        for cell in rounded.cells:
            cell.bias[:] = 0
        return rounded

    done = compress(small_model(), sounds, Request(), tune=tune)
    assert seen == [("float32", "int8", len(sounds.calibration))] and done.untuned["accuracy"] >= done.after["accuracy"]
    assert not done.model.cells[0].bias.any()


@pytest.mark.parametrize(
    "target, stages", [("cortex_m4", 3), ("cortex_m0", 3), ("cortex_m55", 3), ("riscv32", 3), ("host", 0)]
)
def test_costs_are_estimated_stage_by_stage(sounds, target, stages):
    exact = small_model()
    dense, sparse = (compress(exact, sounds, Request("int8", target, prune_share=share)).model for share in (0.0, 0.6))
    costs = estimate(dense, target)
    assert len(costs) == stages and list(costs) == ["frontend", "cells", "readout"][:stages]
    if stages:
        less = sum(costs.values()) - sum(estimate(sparse, target).values())
        assert less > 0 or (less == 0 and target == "cortex_m55"), "its vectors skip nothing below 85 % of zeros"
        assert ("cells" in estimate(exact, target)) == (target in ("cortex_m4", "cortex_m55")), (
            "no float rates without an FPU"
        )


def test_zeros_cost_nothing_only_where_the_layout_leaves_them_out(sounds):
    dense, sparse = (
        compress(small_model(), sounds, Request("int8", "cortex_m4", prune_share=share)).model for share in (0.0, 0.6)
    )
    first, second = sparse.cells
    zeros_in_the_file, no_zeros = (
        dataclasses.replace(sparse, cells=[first, cell])
        for cell in (dataclasses.replace(second, layout="rows4x4"), dense.cells[1])
    )
    assert first.layout == second.layout == "rows4x4_sparse"
    assert estimate(zeros_in_the_file, "cortex_m4") == estimate(no_zeros, "cortex_m4")
    assert estimate(sparse, "cortex_m4")["cells"] < estimate(no_zeros, "cortex_m4")["cells"]


@pytest.mark.parametrize("weight", ["int8", "int16"])
def test_traces_and_a_liquid_readout_follow_the_float_model(sounds, weight):
    """Calibration sees what the cells hear of the traces; gates and values are rounded with their own scales."""
    model = with_stages(small_model(3))
    calibration = calibrate(model, sounds.calibration)
    assert calibration.cells[0].size == 80 + 8
    means, seen = Means(model.traces), []
    for k, ends in enumerate(calibration.ends):
        means.m = None
        dt_s = np.diff(ends, prepend=0) / 16000
        seen += [means.step(x, min(dt, 1.0)) for x, dt in zip(calibration.features[k], dt_s, strict=True)]
    assert np.allclose(calibration.cells[0].mean[:80], np.mean(seen, 0), atol=1e-6)
    frontend, most = ("auto", 0.8) if weight == "int8" else ("float", 0.1)  # the front-end's own error is larger
    done = compress(model, sounds, Request(weight, frontend=frontend, golden_samples=3200))
    assert isinstance(done.model.readout, LiquidReadoutS8) and done.model.readout.weight == weight
    assert np.array_equal(done.model.traces.tau, model.traces.tau)
    assert done.after["accuracy"] > 0.8 and done.logit_error < most
    back = dequantise_readout(done.model.readout)
    assert np.allclose(back.wg, model.readout.wg, atol=0.1) and np.allclose(back.tau, model.readout.tau, rtol=1e-3)
    with LNN(write(done.model)) as lnn:
        assert lnn.selftest() <= (0 if weight == "int8" else 2e-3)
    assert {layer for layer, _ in blame(model, sounds, Request("int8"))} == {"cell 0", "cell 1", "readout", "front-end"}


@pytest.mark.parametrize("target", ["cortex_m4", "cortex_m3", "cortex_m0", "cortex_m55"])
def test_the_estimate_counts_traces_and_the_gates_of_a_liquid_readout(target):
    model = integer_model(units=(16, 12))
    plain, staged = estimate(model, target), estimate(with_stages(model), target)
    assert "traces" not in plain and list(staged) == ["frontend", "traces", "cells", "readout"]
    assert 40 * 15 < staged["traces"] < 40 * 60 and staged["readout"] > plain["readout"] + 3 * 40
