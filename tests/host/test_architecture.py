# SPDX-License-Identifier: MIT
"""The rooms and what each may know, checked: imports, names, lengths, generated files, lists of sources."""

import ast
import pathlib
import re
import subprocess
import sys
import tomllib

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "host/liquid_audio_nets"
PYTHON = sorted(p for room in ("host", "device", "tests", "cmodule") for p in (ROOT / room).rglob("*.py"))
C_FILES = sorted(p for room in ("cmodule", "boards", "tests") for s in ("*.c", "*.h") for p in (ROOT / room).rglob(s))
GENERATED = {"lnn_format.h", "errors.c", "policy_ranges.h", "sine_table.h", "fix_tables.c", "layout.py"}
TOP_LEVEL = {"cmodule", "host", "device", "boards", "docs", "tests", "zephyr"}


def imports(path: pathlib.Path) -> set[str]:
    """Absolute names of all modules that a file imports, relative ones resolved."""
    package = path.relative_to(ROOT / "host").parts[:-1] if PACKAGE in path.parents else ()
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (base, node.module or "") if part)
            found |= {module} | {f"{module}.{alias.name}" for alias in node.names}
    return found


def users(*names: str, where: pathlib.Path = ROOT / "host") -> set[str]:
    """Subpackages of the package (or files below `where`) that import one of the modules."""
    found = set()
    for path in where.rglob("*.py"):
        if any(i == n or i.startswith(n + ".") for i in imports(path) for n in names):
            found.add(path.relative_to(PACKAGE).parts[0] if PACKAGE in path.parents else str(path))
    return found


def test_torch_lives_in_training_only():
    assert users("torch") <= {"training"}


def test_ports_live_in_link_only():
    assert users("mpremote", "serial", "ampy") <= {"link"}


def test_print_lives_in_the_commands_only():
    for path in PACKAGE.rglob("*.py"):
        calls = (n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Call))
        printing = [n.lineno for n in calls if isinstance(n.func, ast.Name) and n.func.id == "print"]
        assert not printing or path.parent.name == "cli", f"{path} prints at {printing}"


def test_host_and_device_do_not_know_each_other():
    assert not users("device")
    assert not users("liquid_audio_nets", where=ROOT / "device")


ROOMS = {
    "audio": {"audio"},
    "board": {"board"},
    "native": {"native", "lnn", "_core"},
    "demo": {"audio", "demo"},
    "compress": {"compress", "audio", "native", "lnn", "reference"},
    "evaluation": {"evaluation", "audio", "html_page", "link", "native", "lnn", "series"},
    "link": {"link"},
    "lnn": {"lnn"},
    "monitor": {"monitor", "audio", "board", "link", "lnn", "native", "power"},
    "power": {"power", "audio", "board", "html_page", "link", "native", "lnn"},
    "reference": {"reference", "lnn"},
    "series": {"series"},
    "adaptive": {"adaptive", "audio", "lnn", "native", "power"},
    "testing": {"testing", "audio", "devices", "evaluation", "link", "lnn", "native", "power"},
    "training": {
        "board",
        "training",
        "audio",
        "compress",
        "native",
        "evaluation",
        "lnn",
        "reference",
        "series",
    },  # as liquid-test does
}


@pytest.mark.parametrize(
    "room", sorted(p.name for p in PACKAGE.iterdir() if (p / "__init__.py").exists() and p.name != "cli")
)
def test_rooms_of_the_package(room):
    for path in (PACKAGE / room).rglob("*.py"):
        used = {i.split(".")[1] for i in imports(path) if i.startswith("liquid_audio_nets.")}
        assert used - {"errors", "user_files"} <= ROOMS[room], f"{path.name} uses {used - ROOMS[room]}"


LAYERS = {"settings": 0, "data": 1, "nets": 1, "loop": 2, "tasks": 3, "compare": 3}  # of training/; arrows point down


def modules_used() -> dict[str, set[str]]:
    """Module of the package -> the modules of the package that it imports, wherever the import stands."""
    every = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(ROOT / "host").with_suffix("").parts
        every[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    used = {}
    for name, path in every.items():
        found = imports(path) & set(every)
        # `from .room import file` gives room and room.file; a package's own name is no file that it needs.
        used[name] = {i for i in found if i != name and not any(other.startswith(i + ".") for other in found)}
    return used


def test_arrows_inside_training_point_down():
    for name, found in modules_used().items():
        room = name.split(".")[2:3]
        for other in found if name.startswith("liquid_audio_nets.training.") else ():
            above = other.split(".")[2:3]
            if other.startswith("liquid_audio_nets.training.") and above != room:
                assert LAYERS[above[0]] < LAYERS[room[0]], f"{name} uses {other}"


def test_settings_do_not_import_torch():
    code = "import sys, liquid_audio_nets.training.settings.config; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_no_files_import_each_other_in_a_circle():
    left = modules_used()
    while free := [name for name, found in left.items() if not found & set(left)]:
        for name in free:
            del left[name]
    assert not left, f"in a circle, or above one: {sorted(left)}"


def test_no_room_but_the_commands_uses_the_commands():
    assert users("liquid_audio_nets.cli") <= {"cli"}


def test_only_the_binding_knows_micropython_and_only_zephyr_knows_zephyr():
    for path in (ROOT / "cmodule").rglob("*.[ch]"):
        included = re.findall(r'#\s*include\s+[<"]([^>"]+)', path.read_text())
        room = path.relative_to(ROOT / "cmodule").parts[0]
        assert room == "micropython" or not any(i.startswith(("py/", "extmod/", "shared/")) for i in included), path
        zephyr = room == "zephyr" or path.name.startswith("zephyr_")
        assert zephyr or not any(i.startswith("zephyr/") for i in included), path


def test_core_includes_nothing_of_a_platform():
    allowed = {"stdbool.h", "stddef.h", "stdint.h", "string.h", "arm_math.h", "arm_acle.h", "arm_mve.h"}
    own = {p.name for p in (ROOT / "cmodule/core").iterdir()} | {"liquid_audio_lnn.h"}
    for path in (ROOT / "cmodule/core").glob("*.[ch]"):
        included = set(re.findall(r'#\s*include\s+[<"]([^>"]+)', path.read_text()))
        assert included <= allowed | own, f"{path.name}: {included - allowed - own}"
        if "arm_math.h" in included:
            assert path.name.endswith("_cmsis.h")


def test_the_verifier_includes_nothing_but_monocypher():
    allowed = {"stddef.h", "stdint.h", "string.h", "sha512.h", "liquid_audio_verify.h", "lnn_trusted_key.h"}
    for path in (ROOT / "cmodule/verify").glob("*.[ch]"):
        included = set(re.findall(r'#\s*include\s+[<"]([^>"]+)', path.read_text()))
        assert included <= allowed | {"monocypher.h", "monocypher.c"}, f"{path.name}: {included}"


def test_core_allocates_nothing_and_keeps_no_globals():
    for path in (p for room in ("core", "verify") for p in (ROOT / "cmodule" / room).glob("*.[ch]")):
        text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S)
        assert not re.search(r"\b(malloc|calloc|realloc|free|printf|fopen)\s*\(", text), path.name
        for line in re.findall(r"^\s*static\s+(?!inline)[^({;]*[;=]", text, re.M):
            assert "const" in line, f"{path.name}: {line.strip()}"


def test_every_source_names_its_licence():
    sources = [p for p in (*PYTHON, *C_FILES) if ROOT / "tests" not in p.parents]
    assert not [p for p in sources if "SPDX-License-Identifier: MIT" not in "".join(p.open().readlines()[:3])]


def test_no_grab_bags():
    bad = {"utils", "util", "helpers", "helper", "common", "misc"}
    assert not [p for p in (*PYTHON, *C_FILES) if bad & set(p.relative_to(ROOT).with_suffix("").parts)]


SOURCES = [p for p in PYTHON if ROOT / "tests" not in p.parents]


@pytest.mark.parametrize("files, limit", [(SOURCES, 300), (C_FILES, 500)], ids=["python", "c"])
def test_files_are_short(files, limit):
    lengths = {str(p.relative_to(ROOT)): len(p.read_text().splitlines()) for p in files if p.name not in GENERATED}
    assert not {name: n for name, n in lengths.items() if n > limit}


def test_device_scripts_are_as_short_as_readme_says():
    least, most = map(int, re.search(r"(\d+) to (\d+) lines", (ROOT / "README.md").read_text()).groups())
    lengths = {path.name: len(path.read_text().splitlines()) for path in (ROOT / "device").glob("*.py")}
    assert not {name: n for name, n in lengths.items() if not least <= n <= most}


def test_no_further_source_folder_at_the_top():
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if tracked.returncode == 0:
        tops = {line.split("/")[0] for line in tracked.stdout.splitlines() if "/" in line}
        assert {t for t in tops if not t.startswith(".")} <= TOP_LEVEL
        zephyr = [line for line in tracked.stdout.splitlines() if line.startswith("zephyr/")]
        assert zephyr == ["zephyr/module.yml"]  # which Zephyr looks for here, and nothing else may lie beside it


def test_generated_files_are_up_to_date():
    done = subprocess.run(
        [sys.executable, str(ROOT / "cmodule/format/generate.py"), "--check"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["sources.cmake", "micropython.mk"])
def test_lists_of_sources_are_the_core(name):
    """sources.cmake (CPython extension, Zephyr, ports built with CMake) and micropython.mk name every C file of the core."""
    core = sorted(p.name for p in (ROOT / "cmodule/core").glob("*.c"))
    _, block = re.search(
        r"LIQUID_CORE_SOURCES( :=|\n)(.*?)(?:\n\n|\n\))", (ROOT / "cmodule" / name).read_text(), re.S
    ).groups()
    assert re.findall(r"core/(\w+\.c)", block) == core


def test_commands_of_pyproject_exist():
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    for command, target in scripts.items():
        module, _, name = target.partition(":")
        path = ROOT / "host" / (module.replace(".", "/") + ".py")
        assert path.exists() and re.search(rf"^(def {name}\b|{name} =)", path.read_text(), re.M), command
