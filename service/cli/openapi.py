"""`kan openapi`: prints the API document, for client generators and for the copy in docs/openapi.json."""

from __future__ import annotations

import json
from tempfile import TemporaryDirectory

import typer

from service.api.app import create_app
from service.settings import Settings


def openapi() -> None:
    """Print the OpenAPI document of this version; no server and no database is needed."""
    typer.echo(document_text(), nl=False)


def document_text() -> str:
    """Gives the document as text that changes line by line."""
    with TemporaryDirectory() as folder:
        app = create_app(Settings(database_url=f"sqlite:///{folder}/none.sqlite3"))
        document = app.openapi()
        app.state.engine.dispose()
    # The version of the package says nothing of the contract.
    document["info"]["version"] = "1"
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
