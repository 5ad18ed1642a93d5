"""The place of bytes as KAN_BLOBS says, or the end of the command."""

from __future__ import annotations

import typer

from service.settings import Settings
from service.store.blob_folder import BlobsUnavailable
from service.store.blobs import ELSEWHERE, are_elsewhere, with_blobs
from service.store.engine import make_engine, reading_session_factory


def check_blobs_or_exit(settings: Settings) -> None:
    """Makes the folder where it is new; one that cannot be used, or is not named here, ends the command."""
    engine = make_engine(settings.database_url)
    try:
        with reading_session_factory(with_blobs(engine, settings.blobs))() as session:
            if not are_elsewhere(session):
                return
        message = ELSEWHERE
    except BlobsUnavailable as error:
        message = f"cannot use KAN_BLOBS={settings.blobs}: {error}"
    finally:
        engine.dispose()
    typer.echo(message, err=True)
    raise typer.Exit(1)
