"""`python -m service` is the command `kan`."""

from service.cli.main import app

app(prog_name="kan")
