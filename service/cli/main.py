"""The command `kan` and its subcommands."""

from __future__ import annotations

import typer

from service.cli import keys
from service.cli.doctor import doctor
from service.cli.migrate import migrate
from service.cli.openapi import openapi
from service.cli.serve import serve
from service.cli.worker import worker

app = typer.Typer(
    help="Train, read and serve Kolmogorov-Arnold Networks. Settings are KAN_* environment variables.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(serve)
app.command()(worker)
app.command()(migrate)
app.command()(doctor)
app.command()(openapi)
app.add_typer(keys.app, name="keys")
