"""`kan worker` by itself: with nothing but a database, and with a device that this machine lacks."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from sqlalchemy.orm import Session, sessionmaker

from service.domain.jobs import create_job
from service.domain.specs.job_specs import JobDraft
from service.store.tables import JobRow, WorkerRow

# It loads torch and the kernels first, which may take long on a busy machine.
DEADLINE_SECONDS = 120.0


def test_device_that_the_machine_lacks_ends_the_command_with_a_sentence(tmp_path: Path) -> None:
    environment = {**os.environ, "KAN_DEVICES": "cuda:99", "KAN_DATABASE_URL": f"sqlite:///{tmp_path}/kan.sqlite3"}
    command = [sys.executable, "-c", "from service.cli.main import app; app()", "worker"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "it has no cuda:99" in done.stderr
    assert "Traceback" not in done.stderr


def test_worker_in_another_folder_needs_the_database_url_alone(
    database_url: str, sessions: sessionmaker[Session], tmp_path: Path
) -> None:
    with sessions() as session:
        # Its data set is gone: it ends at once, with the reason, when a worker has claimed it.
        draft = JobDraft("train", {}, {}, None, "toy", 600, 0, {})
        job_id = create_job(session, draft, max_queue=9, max_attempts=3).id
        session.commit()
    command = [str(Path(sys.executable).with_name("kan")), "worker"]
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with (tmp_path / "log").open("wb") as log:
        worker = subprocess.Popen(command, cwd=elsewhere, env={"KAN_DATABASE_URL": database_url}, stderr=log)
    try:
        assert reason_of_the_end(sessions, job_id) == "bad_data", (tmp_path / "log").read_text()
        worker.terminate()
        assert worker.wait(DEADLINE_SECONDS) == 0
    finally:
        worker.kill()
        worker.wait()
    with sessions() as session:
        assert session.query(WorkerRow).all() == []
    assert list(elsewhere.iterdir()) == []


def reason_of_the_end(sessions: sessionmaker[Session], job_id: str) -> str | None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        with sessions() as session:
            row = session.get_one(JobRow, job_id)
            if row.finished_at is not None:
                return row.reason
        time.sleep(0.05)
    return None
