"""What a training process is to do, and how the order gets there: a message, and the table as an open file."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.reduction import recv_handle, send_handle
from typing import Any, BinaryIO


@dataclass(frozen=True, eq=False)
class TrainingOrder:
    """Everything but the table that a process needs to train one job.

    Attributes:
        run_class: "module:Class" of the run, as `service.worker.loop.RUN_CLASSES` says but in tests.
        checkpoint: to go on from; None at the start.
        checkpoint_seconds: longest time between two checkpoints.
        threads: CPU threads.
        run_seconds: how long earlier attempts ran up to the checkpoint.
        beginning: of a training that goes on from a version, its checkpoint as `start`; of an edit, its parts of the
            rows as `split`; of one that another data set judges, that as Parquet as `test_table`.
    """

    run_class: str
    resolved: dict[str, Any]
    column_types: dict[str, str]
    checkpoint: bytes | None
    checkpoint_seconds: float
    threads: int
    run_seconds: float
    beginning: Mapping[str, bytes] = field(default_factory=dict)


def new_table() -> BinaryIO:
    """Gives a file for a data set as Parquet: without a name, gone when all who have it open have ended."""
    return tempfile.TemporaryFile()


def send_order(pipe: Connection, order: TrainingOrder, table: BinaryIO, pid: int) -> None:
    """Sends an order to a process, and lets go of the table here.

    Args:
        pipe: to it.
        order: what it is to do.
        table: a file with nothing left to flush.
        pid: the process.

    Raises:
        ConnectionError: the process has ended.
    """
    with table:
        pipe.send(order)
        send_handle(pipe, table.fileno(), pid)


def receive_order(pipe: Connection) -> tuple[TrainingOrder, BinaryIO]:
    """Waits for an order and its table.

    Raises:
        EOFError: there will be none, for the other end of the pipe is closed.
    """
    order: TrainingOrder = pipe.recv()
    table = os.fdopen(recv_handle(pipe), "rb")
    # Both ends share one position, which stands where the writing ended.
    table.seek(0)
    return order, table
