"""`kan worker` with a device that this machine lacks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def test_device_that_the_machine_lacks_ends_the_command_with_a_sentence(tmp_path: Path) -> None:
    environment = {**os.environ, "KAN_DEVICES": "cuda:99", "KAN_DATABASE_URL": f"sqlite:///{tmp_path}/kan.sqlite3"}
    command = [sys.executable, "-c", "from service.cli.main import app; app()", "worker"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "it has no cuda:99" in done.stderr
    assert "Traceback" not in done.stderr
