"""An order arrives whole, and its table is read by the process that was sent it, whoever has closed it here."""

from __future__ import annotations

import multiprocessing
import os
from multiprocessing.connection import Connection

import pytest

from service.worker.order import TrainingOrder, new_table, receive_order, send_order

ORDER = TrainingOrder(
    run_class="a:B",
    resolved={"steps": 1},
    column_types={"x": "number"},
    checkpoint=b"c" * 100_000,
    checkpoint_seconds=1.5,
    threads=2,
    run_seconds=0.5,
    beginning={"start": b"s"},
)


def answer_what_came(pipe: Connection) -> None:
    order, table = receive_order(pipe)
    pipe.send((order, table.read()))


def test_started_process_gets_the_order_and_reads_the_table_from_its_start() -> None:
    context = multiprocessing.get_context("forkserver")
    mine, theirs = context.Pipe()
    process = context.Process(target=answer_what_came, args=(theirs,))
    process.start()
    theirs.close()
    table = new_table()
    table.write(b"rows" * 1000)
    table.flush()
    send_order(mine, ORDER, table, int(process.pid or 0))
    assert table.closed
    order, rows = mine.recv()
    assert (vars(order), rows) == (vars(ORDER), b"rows" * 1000)
    process.join()
    mine.close()


def test_process_that_has_ended_gets_no_order_and_the_table_is_closed() -> None:
    mine, theirs = multiprocessing.Pipe()
    theirs.close()
    table = new_table()
    with pytest.raises(ConnectionError, match="Broken pipe"):
        send_order(mine, ORDER, table, os.getpid())
    assert table.closed
    mine.close()


def test_no_order_comes_from_a_worker_that_is_gone() -> None:
    mine, theirs = multiprocessing.Pipe()
    theirs.close()
    with pytest.raises(EOFError):
        receive_order(mine)
    mine.close()
