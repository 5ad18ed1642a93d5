"""A worker process for each library: requests and answers are JSON lines, so that no library's names meet another's.

pykan's import name is `kan` as ours is; so the parent imports neither, and both sides run in the same kind of process.
"""

from __future__ import annotations

import json
import os
import resource
import select
import subprocess
import sys
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import IO, Any

BENCHMARKS = Path(__file__).resolve().parents[1]
OURS, THEIRS = BENCHMARKS.parent / ".venv", BENCHMARKS.parent / ".venv-peers"
MAX_BYTES = 8 * 2**30
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    "JAX_PLATFORMS": "cpu",
}


class PeerFailed(Exception):
    """The worker could not do what it was asked; the text says why."""


@dataclass
class Worker:
    """A library in its process; started when first asked, and again after it was stopped for taking too long.

    Attributes:
        name: what tables call it.
        module: module of this package that knows the library.
        variant: which of the module's variants.
        environment: virtual environment to run in.
        path: checkout to load the library from, None for the installed one.
    """

    name: str
    module: str
    variant: str = ""
    environment: Path = THEIRS
    path: str | None = None
    _process: subprocess.Popen[str] | None = field(default=None, repr=False)

    def ask(self, do: str, *, timeout_seconds: float = 300, **arguments: Any) -> Any:
        """Gives the worker's answer.

        Raises:
            PeerFailed: it refused, broke down or took too long.
        """
        process = self._process = self._process or self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
        process.stdin.flush()
        ready, _, _ = select.select([process.stdout], [], [], timeout_seconds)
        line = process.stdout.readline() if ready else ""
        if not line:
            self.close()
            raise PeerFailed("broke down" if ready else f"over {timeout_seconds:g} s")
        answer = json.loads(line)
        if "error" in answer:
            raise PeerFailed(answer["error"])
        return answer["result"]

    def close(self) -> None:
        """Ends the process."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _start(self) -> subprocess.Popen[str]:
        python = self.environment / "bin" / "python"
        if not python.exists():
            raise PeerFailed("no environment: `make peers`")
        # The working folder leads the import path: benchmarks/ holds no `kan`.
        command = [str(python), "-m", "peers.protocol", self.module, self.variant, self.path or ""]
        streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        return subprocess.Popen(command, cwd=BENCHMARKS, env={**os.environ, **ONE_THREAD}, text=True, **streams)  # type: ignore[call-overload, no-any-return]


def serve(module: str, variant: str, path: str, answers: IO[str]) -> None:
    """Answers requests until there are no more; `do` names a method of the module's `Bench`."""
    resource.setrlimit(resource.RLIMIT_DATA, (MAX_BYTES, MAX_BYTES))
    bench = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if bench is None:
                bench = import_module(f"peers.{module}").bench(variant, path or None)
            answer = {"result": getattr(bench, request.pop("do"))(**request)}
        except Exception as error:  # noqa: BLE001  whatever a library raises becomes a cell of the table
            answer = {"error": _reason(error)}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def _reason(error: Exception) -> str:
    text = f"{type(error).__name__}: {error}".splitlines()[0]
    short_of_memory = isinstance(error, MemoryError) or "alloc" in text or "memory" in text
    return f"over {MAX_BYTES >> 30} GiB" if short_of_memory else text[:120]


if __name__ == "__main__":
    # Libraries print where they like; only answers may reach the parent's pipe.
    pipe = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    serve(*sys.argv[1:4], pipe)
