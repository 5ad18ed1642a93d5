"""Imports go the way they are drawn: the contracts of pyproject.toml hold, and a real process loads no torch."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

CONTRACTS = tomllib.loads(Path("pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
TORCH_HALF = {
    "additive", "comparison", "devices", "estimators", "features", "fitting", "formula_edges", "freeze", "jacobian",
    "journal", "kernels.torch", "layer", "losses", "mlp", "move_grid", "network", "optimizers", "penalty",
    "problem", "reml", "sparsity", "stages", "table_training", "train",
}  # fmt: skip


def torch_free_half() -> list[str]:
    """Gives the modules that the contract names as torch-free."""
    (modules,) = [contract["source_modules"] for contract in CONTRACTS if "torch-free half" in contract["name"]]
    assert isinstance(modules, list)
    return modules


def modules_of(package: Path) -> set[str]:
    """Gives the names of a package's modules and packages."""
    return {path.stem for path in package.glob("[!_]*") if path.suffix == ".py" or (path / "__init__.py").exists()}


def modules_loaded_with(*names: str) -> set[str]:
    """Gives what a fresh interpreter has loaded after importing these modules."""
    code = f"import sys, {', '.join(names)}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_all_contracts_hold() -> None:
    command = str(Path(sys.executable).with_name("lint-imports"))
    done = subprocess.run([command, "--no-cache"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_every_module_of_kan_is_in_one_of_the_halves() -> None:
    present = modules_of(Path("kan")) - {"kernels"} | {f"kernels.{name}" for name in modules_of(Path("kan/kernels"))}
    free = {name.removeprefix("kan.") for name in torch_free_half()}
    assert present == free | TORCH_HALF
    assert free & TORCH_HALF == set()


@pytest.mark.parametrize("names", [["kan"], torch_free_half(), ["service.api.app"]], ids=["kan", "half", "api"])
def test_torch_is_not_loaded_by(names: list[str]) -> None:
    loaded = modules_loaded_with(*names)
    assert set(names) <= loaded
    assert "torch" not in loaded
