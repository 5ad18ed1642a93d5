"""What the code imports is what pyproject.toml asks for, and every one of these is pinned in constraints.txt."""

import ast
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = tomllib.loads(Path("pyproject.toml").read_text())["project"]
OURS = {"kan", "service", "migrations"}
# Imported by name from a package that always brings it along.
BROUGHT_ALONG = {"starlette": "fastapi", "annotated-types": "pydantic", "pydantic-core": "pydantic", "click": "typer"}
# Extras: the modules that may import them, and say so when they are missing.
OPTIONAL = {
    "scikit-learn": {"kan/estimators.py"},
    "resvg-py": {"service/domain/pictures.py"},
    "onnx": {"kan/export/onnx_graph.py"},
    "onnxruntime": {"kan/export/onnx_model.py"},
    "opentelemetry-api": {"service/telemetry.py"},
    "opentelemetry-sdk": {"service/telemetry.py"},
    "opentelemetry-exporter-otlp-proto-http": {"service/telemetry.py"},
}


def requirements(texts: list[str]) -> list[Requirement]:
    """Gives the requirements but for the project's own extras."""
    return [need for need in map(Requirement, texts) if need.name != PROJECT["name"]]


def pins() -> dict[str, str]:
    """Gives the pinned version of each package, by its canonical name."""
    lines = [line for line in Path("constraints.txt").read_text().splitlines() if line and not line.startswith("#")]
    return {canonicalize_name(name): version for name, _, version in (line.partition("==") for line in lines)}


def imported_modules(path: Path) -> set[str]:
    """Gives the top-level names that a file imports, wherever in the file."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return names - sys.stdlib_module_names - OURS


def test_service_imports_only_what_it_asks_for() -> None:
    asked = {canonicalize_name(need.name) for need in requirements(PROJECT["dependencies"])}
    packages = packages_distributions()
    missing = []
    for path in sorted(path for room in OURS for path in Path(room).rglob("*.py")):
        for module in imported_modules(path):
            names = {canonicalize_name(name) for name in packages.get(module, [module])}
            optional = any(str(path) in OPTIONAL.get(name, set()) for name in names)
            if not optional and not any(name in asked or BROUGHT_ALONG.get(name) in asked for name in names):
                missing.append(f"{path} imports {module}")
    assert missing == [], "the service runs without the extras: these belong to [project] dependencies"


def test_every_direct_dependency_is_pinned_inside_its_range() -> None:
    locked = pins()
    extras = [text for extra in PROJECT["optional-dependencies"].values() for text in extra]
    for need in requirements([*PROJECT["dependencies"], *extras]):
        assert need.specifier.contains(locked[canonicalize_name(need.name)]), str(need)


def test_pins_name_releases_and_no_local_builds() -> None:
    assert [name for name, version in pins().items() if not version or "+" in version] == []
