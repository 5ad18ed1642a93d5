"""constraints.txt is a whole lock: every direct dependency is pinned, inside the range that pyproject.toml allows."""

import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = tomllib.loads(Path("pyproject.toml").read_text())["project"]


def pins() -> dict[str, str]:
    """Gives the pinned version of each package, by its canonical name."""
    lines = [line for line in Path("constraints.txt").read_text().splitlines() if line and not line.startswith("#")]
    return {canonicalize_name(name): version for name, _, version in (line.partition("==") for line in lines)}


def direct_requirements() -> list[Requirement]:
    """Gives what pyproject.toml asks for, extras included, itself left out."""
    texts = [*PROJECT["dependencies"], *(text for extra in PROJECT["optional-dependencies"].values() for text in extra)]
    return [need for need in map(Requirement, texts) if need.name != PROJECT["name"]]


def test_every_direct_dependency_is_pinned_inside_its_range() -> None:
    locked = pins()
    for need in direct_requirements():
        assert need.specifier.contains(locked[canonicalize_name(need.name)]), str(need)


def test_pins_name_releases_and_no_local_builds() -> None:
    assert [name for name, version in pins().items() if not version or "+" in version] == []
