# SPDX-License-Identifier: MIT
"""liquid-info --header: a model that a C program can compile in, with neither files nor malloc."""

import json
import pathlib
import re
import subprocess

import pytest
from liquid_audio_nets.lnn import Label, write
from liquid_audio_nets.native import LNN
from liquid_audio_nets.native.c_header import c_header, c_name
from small_model import small_model
from test_commands import command

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCES = sorted(map(str, (ROOT / "cmodule/core").glob("*.c")))
PROGRAM = r"""
#include <stdio.h>
#include <string.h>
#include "liquid_audio_lnn.h"
#include "small.h"

static uint64_t memory[(SMALL_RAM_BYTES + 7) / 8];

int main(void) {
    lnn_model_t *model;
    lnn_status_t status = lnn_load(small_model, SMALL_MODEL_BYTES, memory, sizeof memory, &model);
    if (status != LNN_OK) {
        printf("%s\n", lnn_error_name(status));
        return 1;
    }
    printf("%d %s %u\n", SMALL_LABELS, lnn_label_name(model, SMALL_LABEL_SILENCE), (unsigned)SMALL_SAMPLE_RATE_HZ);
    return memcmp(small_model, "LNN", 3);
}
"""


@pytest.fixture
def header(model_path, tmp_path) -> pathlib.Path:
    path = tmp_path / "small.h"
    said = command("info", model_path, "--header", path).stdout
    assert f"{path}: {model_path.stat().st_size:,} bytes of model" in said
    return path


def compiled(tmp_path, name: str, text: str, *flags: str) -> str:
    (tmp_path / name).write_text(text)
    strict = ("-Wall", "-Wextra", "-Wconversion", "-Werror", "-pedantic")
    include = (f"-I{ROOT / 'cmodule/include'}", f"-I{ROOT / 'cmodule/core'}", f"-I{tmp_path}")
    subprocess.run([*flags, *strict, *include, name, "-o", "program"], cwd=tmp_path, check=True)
    return str(tmp_path / "program")


def test_a_program_runs_the_model_from_the_header(header, tmp_path):
    program = compiled(tmp_path, "main.c", PROGRAM, "gcc", "-std=c99", *SOURCES)
    assert subprocess.run([program], capture_output=True, text=True, check=True).stdout == "3 _silence_ 16000\n"


def test_cpp_takes_it_and_who_uses_labels_alone_pays_nothing(header, tmp_path):
    compiled(tmp_path, "labels.cpp", '#include "small.h"\nint main() { return SMALL_LABEL_YES; }', "g++", "-O1")
    assert (tmp_path / "program").stat().st_size < 20_000 < header.stat().st_size


def test_names_of_any_kind():
    assert [c_name(text) for text in ("keywords-micro", "3 words", "_silence_", "ä")] == [
        "keywords_micro",
        "m_3_words",
        "silence",
        "model",
    ]
    model = small_model()
    model.labels = [Label("go!"), Label("go?"), Label("*/ int x; /*")]
    data = write(model)
    with LNN(data) as lnn:
        text = c_header(data, lnn, "m", "a */ b")
    assert "M_LABEL_GO = 0," in text and "M_LABEL_GO_1 = 1," in text
    assert all("*/" not in comment for comment in re.findall(r"/\*(.*?)\*/\n", text, re.S))


def test_json_names_the_header(model_path, tmp_path):
    path = tmp_path / "näs [x].h"
    assert json.loads(command("info", model_path, "--header", path, "--json").stdout)["header"] == str(path)
    assert "no such file" in command("info", model_path, "--header", tmp_path / "none/x.h", expect=2).stderr
