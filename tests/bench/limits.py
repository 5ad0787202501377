# SPDX-License-Identifier: MIT
"""What the project promises of the shipped keyword model and of training it: (metric, board) -> at most.

How long training takes has no limit here: it is a time on the wall, of a machine that may have other work."""

LIMITS = {
    ("matvec_s8_instructions_per_mac", "qemu_m4f"): 1.4,
    ("matvec_s8_instructions_per_mac", "qemu_m55"): 0.25,
    ("cell_step_instructions", "qemu_m4f"): 24_000,
    ("traces_and_liquid_readout_instructions", "qemu_m4f"): 3_500,
    ("frontend_instructions", "qemu_m4f"): 20_000,
    ("frontend_s16_instructions", "qemu_m4f"): 20_000,
    ("frontend_s16_instructions", "qemu_m0"): 80_000,
    ("second_of_speech_instructions", "qemu_m4f"): 2_500_000,
    ("second_of_silence_instructions", "qemu_m4f"): 200_000,
    ("second_of_dc_instructions", "qemu_m4f"): 200_000,
    ("second_of_rumble_instructions", "qemu_m4f"): 200_000,
    ("second_of_white_noise_instructions", "qemu_m4f"): 200_000,
    ("second_of_speech_instructions", "qemu_m0"): 12_000_000,
    ("module_text_bytes", "qemu_m4f"): 49_152,
    ("verify_text_bytes", "qemu_m4f"): 12_288,
    ("verified_load_stack_bytes", "qemu_m4f"): 2560,
    ("verify_instructions", "qemu_m4f"): 16_000_000,
    ("int8_accuracy_drop_points", "host"): 0.5,
    ("train_peak_mb", "host"): 6144,
}
ON_ALL_BOARDS = {
    "model_bytes": 40_960,
    "ram_bytes": 8192,
    "heap_growth_bytes_10000_blocks": 0,
    "core_text_bytes": 49_152,
    "load_stack_bytes": 512,
    "process_stack_bytes": 640,
    "float_load_stack_bytes": 512,
    "float_process_stack_bytes": 640,
    "zephyr_part_flash_bytes": 61_440,
    "zephyr_part_ram_bytes": 12_288,
    "zephyr_added_flash_bytes": 61_440,
    "zephyr_added_ram_bytes": 12_288,
}


def limit(metric: str, board: str) -> float | None:
    return LIMITS.get((metric, board), ON_ALL_BOARDS.get(metric))


def judge(rows: list[dict]) -> tuple[list[str], list[str]]:
    """What is above its limit, and which of LIMITS was not measured."""
    missed = [
        f"{r['metric']} on {r['board']} is {r['value']:,}, at most {limit(r['metric'], r['board']):,} allowed"
        for r in rows
        if limit(r["metric"], r["board"]) is not None and r["value"] > limit(r["metric"], r["board"])
    ]
    measured = {(r["metric"], r["board"]) for r in rows}
    return missed, [f"{metric} on {board}" for metric, board in LIMITS if (metric, board) not in measured]
