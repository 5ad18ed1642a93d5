"""Reading and evaluating a network needs no torch: a process of its own does it and looks what it has loaded."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np

from kan.checkpoint import save
from kan.compiled_predictor import Predictor
from kan.kernels.native.compiling import KERNELS
from tests.kan.training import a_table, a_task, trained

CONTRACTS = tomllib.loads(Path("pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
(MODULES,) = [contract["source_modules"] for contract in CONTRACTS if "torch-free half" in contract["name"]]
PREDICT = """
import json, sys
from kan.checkpoint import read
from kan.compiled_predictor import Predictor
from kan.kernels.native.compiling import KERNELS
import numpy as np
KERNELS.wait()
outputs = Predictor(read(sys.argv[1])).evaluate(np.array(json.loads(sys.argv[2])))
assert not {"torch", "numba"} & set(sys.modules), "more was loaded"
print(json.dumps(outputs.tolist()))
"""


def run(code: str, *arguments: str) -> str:
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_torch_free_module_is_imported_without_torch() -> None:
    assert run(f"import sys, {', '.join(MODULES)}; print('torch' in sys.modules)").split() == ["False"]


def test_lazy_names_of_the_package_load_torch_only_when_used() -> None:
    code = "import sys, kan; kan.NetworkState; print('torch' in sys.modules); kan.Kan; print('torch' in sys.modules)"
    assert run(code).split() == ["False", "True"]


def test_trained_network_predicts_the_same_bits_in_a_process_without_torch(tmp_path: Path) -> None:
    KERNELS.wait()
    state = trained(a_table(30), a_task(inputs=("a", "b"))).state
    save(state, tmp_path / "model.kan")
    rows = np.array([[0.1, -0.2], [3.0, 0.5]])
    found = json.loads(run(PREDICT, str(tmp_path / "model.kan"), json.dumps(rows.tolist())))
    assert found == Predictor(state).evaluate(rows).tolist()
