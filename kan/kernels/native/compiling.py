"""The kernels of this process: loaded when first wanted, or compiled meanwhile where none are kept for this CPU."""

import logging
import os
import subprocess
import sys
from pathlib import Path
from threading import Lock, Thread

from kan.kernels.native.functions import Functions
from kan.kernels.native.object_file import compiling_alone, keep, kept
from kan.kernels.native.parent import VARIABLE

_COMMAND = (sys.executable, "-m", "kan.kernels.cpu.machine_code")
_logger = logging.getLogger(__name__)


class Kernels:
    """Kernels that may still be on their way; safe to share between threads.

    Args:
        places: folders to keep them in, None for the usual ones.
        command: writes the object file to its output. A process of its own: compiling takes half a minute and 300 MB.
    """

    def __init__(self, places: list[Path] | None = None, command: tuple[str, ...] = _COMMAND) -> None:
        self._places, self._command = places, command
        self._functions: Functions | None = None
        self._compiling: Thread | None = None
        self._lock = Lock()

    def functions(self) -> Functions | None:
        """Gives the kernels, None while they are compiled, which the first call starts."""
        return self._functions or self._started()

    def wait(self) -> Functions:
        """Gives the kernels, however long compiling takes.

        Raises:
            RuntimeError: they cannot be compiled here.
        """
        found = self.functions()
        if found is None and self._compiling is not None:
            self._compiling.join()
            found = self._functions
        if found is None:
            raise RuntimeError("the kernels could not be compiled")
        return found

    def _started(self) -> Functions | None:
        with self._lock:
            if self._functions is None and self._compiling is None:
                code = kept(self._places)
                if code is not None:
                    self._functions = Functions(code)
                else:
                    self._compiling = Thread(target=self._compile, name="kan-compile", daemon=True)
                    self._compiling.start()
            return self._functions

    def _compile(self) -> None:
        with compiling_alone(self._places):
            # Several servers that start at once on a new machine: the first one compiles for all.
            code = kept(self._places) or self._compiled()
        if code is not None:
            self._functions = Functions(code)

    def _compiled(self) -> bytes | None:
        environment = {**os.environ, VARIABLE: str(os.getpid())}
        done = subprocess.run(self._command, capture_output=True, check=False, env=environment)
        if done.returncode != 0:
            # Answers stay right, only slow; nobody would know why.
            _logger.error("kernels not compiled: %s", done.stderr.decode(errors="replace")[-2000:])
            return None
        keep(done.stdout, self._places)
        return done.stdout


KERNELS = Kernels()
