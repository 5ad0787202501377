# SPDX-License-Identifier: MIT
# Liquid Audio Nets. `make help` lists what there is.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
# Recordings for `make demo`: a folder with one folder per word. By default the project's data, if it lies beside.
AUDIO ?= $(wildcard ../shared/data/speech_commands)
# Recordings for `make compare`: the same, with other speech and sounds beside it.
DATA ?= $(wildcard ../shared/data)
BOARD ?= qemu_m4f
# Of `make fuzz`, for each fuzzer.
SECONDS ?= 60
DAYS ?= 7
# Of `make differential`, for each core.
MODELS ?= 5000
# Two tests at a time; their fixtures take turns with what they share in build/. The last lines are the host's coverage.
PYTEST = $(PY) -m pytest -n 2 --dist loadfile --cov --cov-report term:skip-covered
C_FILES = $(shell find boards cmodule device tests -name '*.[ch]')
# The core relies on arithmetic right shifts of signed numbers, as every compiler that it supports does them.
CPPCHECK := --quiet --enable=warning,performance,portability --std=c99 --inline-suppr --error-exitcode=1 \
    --suppress=shiftTooManyBitsSigned --suppress=toomanyconfigs -Icmodule/include -Icmodule/core
# What the installed package is made from besides its Python files, which are used in place.
PACKAGE := pyproject.toml $(wildcard cmodule/core/*.[ch] cmodule/include/*.h cmodule/python/*) cmodule/sources.cmake

export PIP_DISABLE_PIP_VERSION_CHECK = 1

.DEFAULT_GOAL := help
.PHONY: help demo check test test-all docs bench compare differential fuzz soak firmware install clean $(addprefix tools-,demo check test fuzz)

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' Makefile | expand -t 16

demo: tools-demo $(VENV)/installed ## speak keywords to a virtual board and show what it hears (AUDIO=dir: with real recordings)
	@$(VENV)/bin/liquid-demo --board $(BOARD) $(if $(AUDIO),--audio $(AUDIO))

check: tools-check $(VENV)/installed-check ## lint, formats, types and spelling
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/clang-format --dry-run -Werror $(C_FILES)
	cppcheck $(CPPCHECK) cmodule
	$(VENV)/bin/codespell

test: tools-test $(VENV)/installed-test ## run the tests that take less than 15 minutes together (ARGS=... for pytest)
	$(PYTEST) -m "not long and not zephyr" $(ARGS)

test-all: tools-test $(VENV)/installed-test ## run every test, in less than an hour (ARGS=... for pytest)
	$(PYTEST) $(ARGS)

docs: $(VENV)/installed-docs ## build the documentation site, build/docs/index.html
	NO_MKDOCS_2_WARNING=1 $(VENV)/bin/mkdocs build --quiet --strict --config-file docs/mkdocs.yml

bench: tools-demo $(VENV)/installed-test ## measure instructions, sizes and training, write build/bench.json
	@AUDIO="$(AUDIO)" $(PY) tests/bench/run.py

compare: tools-test $(VENV)/installed-test ## train the networks we compare with, write build/compare (hours; DATA=dir, ARGS=... for liquid-compare)
	@test -n "$(DATA)" || { echo "make compare needs recordings: DATA=<a folder with one folder of sound files per word>" >&2; exit 2; }
	@$(VENV)/bin/liquid-compare --data $(DATA) --model device/models/keywords.lnn --model device/models/keywords_micro.lnn $(ARGS)

fuzz: tools-fuzz $(VENV)/installed ## feed damaged and generated models to the C core for a while (SECONDS=60)
	@$(PY) tests/fuzz/fuzzing.py $(SECONDS)

soak: tools-test $(VENV)/installed ## run a virtual board for seven simulated days: heap, events, clock (DAYS=7; takes an hour)
	@PYTHONPATH=tests/support:tests/soak $(PY) tests/soak/soak.py --days $(DAYS)

differential: tools-test $(VENV)/installed ## compare extreme models on every core and level with the host (MODELS=5000; an hour)
	@$(PY) tests/bare/differential.py $(MODELS)

firmware: tools-demo $(VENV)/installed ## build the firmware of a virtual board (BOARD=qemu_m4f)
	@$(VENV)/bin/liquid-board build $(BOARD)

install: $(VENV)/installed-test ## make the virtual environment in .venv, with torch and the test tools

clean: ## remove what was built; .venv stays
	-@test ! -x $(VENV)/bin/liquid-board || $(VENV)/bin/liquid-board stop
	rm -rf build

# Programs from apt: installed if we are root, else the line to type is printed.
tools-demo tools-check tools-test tools-fuzz: tools-%:
	@bash .ci/tools $*

$(PY):
	@$(PYTHON) -m venv $(VENV)

$(VENV)/installed: $(PACKAGE) | $(PY)
	@echo "installing the package into $(VENV) ..." >&2
	@$(PY) -m pip install -q -e .
	@touch $@

$(VENV)/installed-test: EXTRAS := train,test,ampy
$(VENV)/installed-check: EXTRAS := train,test,ampy,check
$(VENV)/installed-docs: EXTRAS := train,docs
$(VENV)/installed-test $(VENV)/installed-check $(VENV)/installed-docs: $(PACKAGE) | $(PY)
	@echo "installing the package and its extras $(EXTRAS) into $(VENV) ..." >&2
	@$(PY) -m pip install -q -e '.[$(EXTRAS)]'
	@touch $@ $(VENV)/installed
