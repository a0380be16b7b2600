"""The package as a whole: what imports what, the command line, hints, pins, and what the pages name."""

import ast
import re
import subprocess
import sys
import tomllib

import pytest
from conftest import ONNX_FOLDER, REPOSITORY

from sam2lung_train.cli import evaluation as evaluation_commands
from sam2lung_train.cli.main import COMMANDS, main, parser

PACKAGE = ONNX_FOLDER / "sam2lung_train"
# Each sub-package may import those before it and none after it.
ORDER = ("data", "networks", "export", "evaluation", "training", "figures", "bench", "cli")
NAMES = [command.name for command in COMMANDS]


def module_name(path):
    parts = path.relative_to(ONNX_FOLDER).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def imported_by(name):
    """The package's own modules that a module imports, inside functions too."""
    path, found = MODULES[name], set()
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*base, *(node.module.split(".") if node.module else [])])
            found |= {f"{base}.{alias.name}" if f"{base}.{alias.name}" in MODULES else base for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found & set(MODULES) - {name}


def cycle_in(graph):
    """A cycle of a graph as a list of its nodes; None without one."""
    done, path = set(), []

    def visit(node):
        if node in path:
            return [*path[path.index(node) :], node]
        if node in done:
            return None
        path.append(node)
        found = next((cycle for other in sorted(graph[node]) if (cycle := visit(other))), None)
        path.pop()
        done.add(node)
        return found

    return next((cycle for node in sorted(graph) if (cycle := visit(node))), None)


def test_cycle_in_finds_a_cycle_and_nothing_else():
    assert cycle_in({"a": {"b", "c"}, "b": {"c"}, "c": set()}) is None
    assert cycle_in({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]


def test_modules_import_each_other_without_circles():
    assert len(MODULES) > 50
    assert cycle_in({name: imported_by(name) for name in MODULES}) is None


def test_sub_packages_import_only_what_stands_before_them():
    def place(name):
        return ORDER.index(name.split(".")[1])

    inside = [name for name in MODULES if name.split(".")[1:2] and name.split(".")[1] in ORDER]
    wrong = [
        f"{name} imports {other}"
        for name in inside
        for other in imported_by(name)
        if other in inside and place(other) > place(name)
    ]
    assert not wrong
    assert {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()} == set(ORDER)


def test_commands_are_imported_by_nothing_but_the_entry_points():
    users = {name for name in MODULES if any(other.startswith("sam2lung_train.cli") for other in imported_by(name))}
    assert {name for name in users if not name.startswith("sam2lung_train.cli")} == {"sam2lung_train.__main__"}


def test_no_init_makes_the_folder_onnx_a_package():
    """It would stand before the package onnx of PyPI."""
    assert not (ONNX_FOLDER / "__init__.py").exists()


# --- hints ------------------------------------------------------------------------------------------------------------


def functions_of(path):
    """(name, function) of the public functions and methods of a module."""
    for node in ast.parse(path.read_text()).body:
        inside = node.body if isinstance(node, ast.ClassDef) else [node]
        prefix = f"{node.name}." if isinstance(node, ast.ClassDef) else ""
        for function in inside:
            if isinstance(function, ast.FunctionDef) and (
                not function.name.startswith("_") or function.name == "__init__"
            ):
                yield prefix + function.name, function


def test_public_functions_have_type_hints():
    lacking = []
    for name, path in MODULES.items():
        for function_name, function in functions_of(path):
            given = function.args
            arguments = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
            unhinted = [a.arg for a in arguments if a is not None and a.arg != "self" and a.annotation is None]
            if unhinted or function.returns is None:
                lacking.append(f"{name}.{function_name}: {', '.join(unhinted) or 'what it returns'}")
    assert not lacking


# --- the command line -------------------------------------------------------------------------------------------------


def test_commands_have_names_of_their_own():
    assert len(NAMES) == len(set(NAMES))


@pytest.mark.parametrize("name", NAMES)
def test_command_answers_help(name, capsys):
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    told = capsys.readouterr().out
    assert ended.value.code == 0 and f"usage: sam2lung-train {name}" in told


def test_help_of_every_command_needs_only_the_standard_library():
    """In a Python of its own, without the folder of installed packages."""
    lines = [
        "import sys",
        "from sam2lung_train.cli.main import parser",
        "text = parser().format_help()",
        "assert not {'numpy', 'torch', 'onnx', 'scipy', 'matplotlib'} & set(sys.modules), sorted(sys.modules)",
        "print(text)",
    ]
    environment = {"PYTHONPATH": str(ONNX_FOLDER), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-S", "-c", "\n".join(lines)], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr
    assert all(name in done.stdout for name in NAMES)


def test_module_runs_as_the_command_does():
    environment = {"PYTHONPATH": str(ONNX_FOLDER), "PYTHONDONTWRITEBYTECODE": "1"}
    words = [sys.executable, "-m", "sam2lung_train", "--help"]
    done = subprocess.run(words, capture_output=True, text=True, env=environment, check=True)
    assert done.stdout.startswith("usage: sam2lung-train ")


def test_command_without_its_package_says_how_to_install_it(monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(sys.modules, "torch", None)  # an import of it raises ModuleNotFoundError
    for name in [
        name for name in sys.modules if name.startswith(("sam2lung_train.training", "sam2lung_train.networks"))
    ]:
        monkeypatch.delitem(sys.modules, name)
    assert main(["train", "--out", str(tmp_path)]) == 1
    assert "sam2lung-train train needs torch: pip install" in capsys.readouterr().err


def test_refusal_is_one_line_without_a_traceback(tmp_path, capsys):
    words = ["evaluate", "--sam2lung", "x", "--out", str(tmp_path), "--sets", "lidc_of"]
    assert main(words) == 1
    assert capsys.readouterr().err == (
        "sam2lung-train evaluate: --sets: got lidc_of; "
        "expected some of lidc_off, lidc_auto, lidc_click, lidc_hu_off, lidc_every\n"
    )


def test_file_that_is_not_there_is_named_without_a_traceback(tmp_path, capsys):
    words = ["figures", "--evaluation", str(tmp_path), "--out", str(tmp_path / "out")]
    pytest.importorskip(
        "matplotlib", reason="SKIPPED: matplotlib is not installed (pip install -r onnx/requirements.txt)"
    )
    assert main(words) == 1
    assert f"{tmp_path / 'evaluate.json'} is not there" in capsys.readouterr().err


def test_lists_of_the_command_line_are_those_of_the_modules():
    from sam2lung_train.data.originals.as_items import TARGETS
    from sam2lung_train.evaluation import crops, slice_thickness

    assert evaluation_commands.SETS == tuple(crops.SETS)
    assert evaluation_commands.PARTS == slice_thickness.PARTS
    assert all(main_words(["pack-data", "--target", target]).target == target for target in TARGETS)


def main_words(words):
    return parser().parse_args(words)


def options_classes():
    """(words that have to be given, options of the function) of each command that has a class of options."""
    from sam2lung_train.bench import asked
    from sam2lung_train.data.originals.plan import Originals
    from sam2lung_train.evaluation import (
        contours,
        crops,
        phantoms,
        slice_thickness,
        speed,
        textures,
        variants,
        whole_cts,
    )

    yield ["pack-data"], Originals
    program = ["--sam2lung", "x", "--out", "y"]
    yield ["evaluate", *program], crops.Options
    yield ["evaluate-whole-ct", *program], whole_cts.Options
    yield ["evaluate-thickness", *program, "--before", "b"], slice_thickness.Options
    yield ["evaluate-phantoms", *program], phantoms.Options
    yield ["ablate-bundle", *program], variants.Options
    yield ["measure-contours", *program[2:]], contours.Options
    yield ["compare-textures", *program[2:]], textures.Options
    yield ["compare-speed", *program, "--ct", "z"], speed.Options
    yield ["bench", *program, "--bundle", "z"], asked.Options
    try:
        from sam2lung_train import make_bundle, make_chain
        from sam2lung_train.training import fit_uncertainty, train_segmenter
    except ModuleNotFoundError:
        return
    yield ["train", "--out", "y"], train_segmenter.Options
    yield ["fit-uncertainty", "--run", "y", "--sam2lung", "x", "--model", "z"], fit_uncertainty.Options
    yield ["make-bundle", "--run", "y", "--sam2lung", "x"], make_bundle.Options
    yield ["make-chain", "--runs", "y", "--sam2lung", "x", "--version", "1.0.0"], make_chain.Options


def test_defaults_of_the_command_line_are_those_of_the_functions():
    from dataclasses import MISSING, fields

    for words, kind in options_classes():
        given = main_words(words)
        for field in fields(kind):
            value = getattr(given, field.name)
            default = field.default_factory() if field.default_factory is not MISSING else field.default
            if default is not MISSING and (words[0], field.name) != ("evaluate", "sets"):  # read when it runs
                assert value == default, (words[0], field.name)


# --- pins and pages ---------------------------------------------------------------------------------------------------


def project():
    return tomllib.loads((ONNX_FOLDER / "pyproject.toml").read_text())["project"]


def pins_of(lines):
    """{package: version} of lines as name==version."""
    pins = [line.strip().split("==") for line in lines if "==" in line and not line.startswith("#")]
    return {name.lower(): version for name, version in pins}


def test_pins_of_the_package_are_those_of_the_requirement_files():
    listed = {}
    for name in ("requirements.txt", "requirements-test.txt", "requirements-peers.txt"):
        listed |= pins_of((ONNX_FOLDER / name).read_text().splitlines())
    extras = project()["optional-dependencies"]
    assert pins_of([*project()["dependencies"], *(line for lines in extras.values() for line in lines)]) == listed


def test_version_is_the_librarys():
    cargo = tomllib.loads((REPOSITORY / "Cargo.toml").read_text())
    assert project()["version"] == cargo["workspace"]["package"]["version"]


PAGES = sorted([*ONNX_FOLDER.glob("*.md"), REPOSITORY / "README.md", *(REPOSITORY / "docs").rglob("*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_page_names_commands_that_there_are(page):
    text = page.read_text()
    named = re.findall(r"(?:sam2lung-train|-m sam2lung_train) ([a-z][a-z0-9-]*)", text)
    assert set(named) <= set(NAMES)
    assert not re.findall(r"-m sam2lung_train\.\w+", text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_page_links_to_files_that_there_are(page):
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text())
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert not missing
