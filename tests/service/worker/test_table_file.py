"""A table file is read by the process that was started with it, whoever has closed it here."""

from __future__ import annotations

import multiprocessing
from multiprocessing.connection import Connection

from service.worker.table_file import TableFile


def send_content(pipe: Connection, table: TableFile) -> None:
    pipe.send(table.file.read())


def test_started_process_reads_from_the_start_what_was_written_here() -> None:
    context = multiprocessing.get_context("forkserver")
    mine, theirs = context.Pipe()
    table = TableFile()
    table.file.write(b"rows" * 1000)
    process = context.Process(target=send_content, args=(theirs, table))
    process.start()
    theirs.close()
    table.close()
    assert mine.recv() == b"rows" * 1000
    process.join()
    mine.close()
