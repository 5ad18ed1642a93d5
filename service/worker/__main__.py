"""`python -m service.worker`: one worker process, as `kan serve` and `kan worker` start it.

A module of its own, so that the training processes do not import the command line with it.
"""

from __future__ import annotations

import argparse
import os
import signal

from service.log import configure_logging
from service.settings import settings_from_environment
from service.telemetry import OtelMissing


def main() -> None:
    """Runs a worker until SIGTERM or Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m service.worker", description="Run training jobs.")
    parser.add_argument("--id", default=None, help="the worker's id; made when absent")
    parser.add_argument("--supervised", type=int, metavar="PID", help="end when this process, the parent, ends")
    parser.add_argument("--device", default="cpu", help="the device that its jobs train on")
    parser.add_argument("--run-class", default=None, help="module:Class of every run, whatever the job's kind")
    options = parser.parse_args()
    settings = settings_from_environment()
    # Read by the numerical libraries when the fork server loads them.
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = str(settings.threads)
    # Without it matrix products on a GPU add up in another order at each run.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    configure_logging(settings.log_level)

    from service.worker.child import die_with_parent  # noqa: PLC0415 - numpy reads the variables above on import
    from service.worker.loop import Worker  # noqa: PLC0415

    if options.supervised is not None:
        die_with_parent(lambda: os.getppid() == options.supervised, signal.SIGTERM)
    try:
        worker = Worker(settings, worker_id=options.id, device=options.device, run_class=options.run_class)
    except OtelMissing as error:
        parser.exit(1, f"{error}\n")
    # A supervisor asks too when the system has asked every process at once; it kills what takes too long.
    stop = worker.stop if options.supervised is not None else worker.stop_or_end
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop())
    worker.run()


if __name__ == "__main__":
    main()
