"""One port: taken by one process, or shared by those that all say so."""

from __future__ import annotations

import pytest
import typer

from service.cli.listening import listen_or_exit, where_to_look
from service.settings import Settings


def listening(port: int, share: bool) -> Settings:
    return Settings(port=port, share_port=share, workers=2)


def test_port_that_is_taken_ends_the_command_with_the_reason(capsys: pytest.CaptureFixture[str]) -> None:
    with listen_or_exit(listening(0, share=False)) as first:
        port = first.getsockname()[1]
        for share in (False, True):
            with pytest.raises(typer.Exit):
                listen_or_exit(listening(port, share))
            assert f"cannot listen on 127.0.0.1 port {port}: Address already in use" in capsys.readouterr().err


def test_shared_port_is_listened_on_by_each_process() -> None:
    with listen_or_exit(listening(0, share=True)) as first:
        port = first.getsockname()[1]
        with listen_or_exit(listening(port, share=True)) as second:
            assert second.getsockname() == first.getsockname()


def test_greeting_names_the_port_that_was_taken() -> None:
    settings = listening(0, share=False)
    with listen_or_exit(settings) as listener:
        greeting, port = where_to_look(settings, listener), listener.getsockname()[1]
    assert f"http://127.0.0.1:{port}/docs" in greeting
    assert "2 workers" in greeting
