"""The files around the code: they name what exists, and nothing of the machine they were written on."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import tontine

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
NOT_SHIPPED = {"tests", "docs", "examples"}


def text_of(name: str) -> str:
    path = ROOT / name
    return path.read_text(encoding="utf-8") if path.exists() else ""


def test_the_wheel_ships_every_room_and_the_command() -> None:
    rooms = {path.parent.name for path in ROOT.glob("[a-z]*/*.py")} - NOT_SHIPPED

    shipped = set(PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"])

    assert shipped == rooms | {"tontine.py"}


def test_every_library_that_is_imported_is_declared() -> None:
    declared = {
        re.split(r"[<>=;\[ ]", requirement)[0]
        for requirements in (
            PYPROJECT["project"]["dependencies"],
            *(
                PYPROJECT["project"]["optional-dependencies"][extra]
                for extra in ("speed", "export", "report", "compile")
            ),
        )
        for requirement in requirements
    }
    shipped = [
        ROOT / name for name in PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"]
    ]
    files = [file for path in shipped for file in ([path] if path.is_file() else path.rglob("*.py"))]

    imported = {_CALLED.get(name, name) for file in files for name in _imported(file)}

    own = {path.stem for path in shipped}
    assert imported - sys.stdlib_module_names - own <= declared


_CALLED = {
    "annotated_types": "pydantic",
    "argon2": "argon2-cffi",
    "mypy_extensions": "mypy-extensions",
    "mypyc": "mypy",
    "prometheus_client": "prometheus-client",
    "pydantic_core": "pydantic",
}
"""Modules that are installed under another name, or with another library which is their only door."""


def _imported(file: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return names


def test_every_library_has_a_lower_bound() -> None:
    extras = PYPROJECT["project"]["optional-dependencies"].values()
    requirements = [*PYPROJECT["project"]["dependencies"], *(one for extra in extras for one in extra)]

    unbounded = [requirement for requirement in requirements if ">=" not in requirement]

    assert unbounded == []


def test_every_rule_that_ruff_ignores_has_a_reason() -> None:
    source = text_of("pyproject.toml")
    ignored = source[source.index("\nignore = [") : source.index("[tool.mypy]")]

    without = [
        line for line in ignored.splitlines() if re.match(r'\s+"[A-Z]+\d+",', line) and "# " not in line
    ]

    assert without == []


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "README.md"])
def test_every_make_target_that_is_named_exists(name: str) -> None:
    targets = set(re.findall(r"^([a-z]+):.*##", text_of("Makefile"), re.MULTILINE))

    named = set(re.findall(r"`make ([a-z]+)", text_of(name)))

    assert named <= targets


@pytest.mark.parametrize(
    "name", ["CHANGELOG.md", "CONTRIBUTING.md", "README.md", "docs/reference/protocol.md"]
)
def test_every_page_that_is_linked_exists(name: str) -> None:
    page = ROOT / name

    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text_of(name))

    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_version_of_the_command_stands_in_the_changelog() -> None:
    changelog = text_of("CHANGELOG.md")

    assert f"\n## {tontine.__version__} " in changelog


def test_container_files_name_files_that_exist() -> None:
    composed = text_of("docker-compose.yml") + text_of("Dockerfile")

    named = set(re.findall(r"/etc/tontine/([\w.-]+)", composed))

    assert {name for name in named if not (ROOT / "examples" / name).exists()} == set()


def test_container_files_use_options_that_exist(capsys: pytest.CaptureFixture[str]) -> None:
    composed = text_of("docker-compose.yml") + text_of("Dockerfile")
    used = set(re.findall(r"(?<=[\s\"])--[a-z][a-z-]+", composed)) - _docker_options(composed)

    for command in ("serve", "fleet"):
        tontine.run([command, "--help"])

    helped = capsys.readouterr().out
    assert {option for option in used if option not in helped} == set()


def _docker_options(text: str) -> set[str]:
    """Options of what stands in the same files: comments, build steps, health checks."""
    lines = [
        line
        for line in text.splitlines()
        if re.match(r"\s*(#|RUN|COPY|HEALTHCHECK|pip|CMD \[\"python)", line)
    ]
    return {option for line in lines for option in re.findall(r"--[a-z][a-z-]+", line)}


def test_no_file_names_a_place_of_one_machine() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("not a checkout")
    files = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    place = re.compile(rb"(?<![\w./])/(home|root|Users|work|opt)/\w")

    found = [
        str(file.relative_to(ROOT)) for file in files if file.is_file() and place.search(file.read_bytes())
    ]

    assert found == []
