"""What `kan doctor` looks at, each as a value: versions, packages, kernels, devices, bytes, database, workers."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path
from subprocess import SubprocessError
from typing import Literal

from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

import kan
import service
from kan.kernels.native.object_file import kept
from service.cli.migrate import shown_url
from service.domain.leasing.workers import list_workers
from service.settings import Settings
from service.store.blob_folder import path_of
from service.store.blobs import IN_DATABASE
from service.store.engine import make_engine, reading_session_factory
from service.store.schema import is_migrated
from service.version import code_version
from service.worker.devices import DeviceMissing, machine_devices, worker_devices

OURS = "kan-service"
PACKAGES = ("torch", "numpy", "numba")


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: what.
        state: "ok", "note" (nothing is wrong, but worth knowing) or "wrong".
        found: what is there.
        advice: what to do; empty where there is nothing.
    """

    name: str
    state: Literal["ok", "note", "wrong"]
    found: str
    advice: str = ""


def checks(settings: Settings) -> list[Check]:
    """Gives everything, in the order in which a fault explains the later ones."""
    return [
        *versions(),
        kan_package(packages_distributions(), Path(str(kan.__file__)), Path(str(service.__file__))),
        kernels(),
        devices(settings.devices),
        blobs(settings.blobs),
        *database(settings),
    ]


def versions(installed: Callable[[str], str] = version) -> Iterator[Check]:
    """Yields what is installed."""
    yield Check("python", "ok", platform.python_version())
    yield Check(OURS, "ok", code_version())
    for package in PACKAGES:
        try:
            yield Check(package, "ok", installed(package))
        except PackageNotFoundError:
            yield Check(package, "wrong", "not installed", f"pip install {package}")


def kan_package(distributions: Mapping[str, Sequence[str]], used: Path, beside: Path) -> Check:
    """Looks for another distribution that has a package `kan` too: they overwrite or hide each other.

    Args:
        distributions: package -> names of those that have it.
        used: file of the package that is imported here.
        beside: file of the package `service`, which ours lies beside.
    """
    foreign = sorted(set(distributions.get("kan", ())) - {OURS})
    if foreign:
        names = ", ".join(foreign)
        return Check(
            "package kan", "wrong", f"also in {names}", f"pip uninstall {' '.join(foreign)}, then install again"
        )
    if used.parent.parent != beside.parent.parent:
        return Check("package kan", "wrong", f"a foreign one, {used.parent}", "take that folder out of PYTHONPATH")
    return Check("package kan", "ok", "ours alone")


def kernels(find: Callable[[], bytes | None] = kept) -> Check:
    """Looks whether compiled kernels are kept for this type of CPU."""
    if find() is not None:
        return Check("kernels", "ok", "compiled and kept for this CPU")
    advice = (
        "nothing: the first prediction or training compiles them (about a minute); predictions are slower until then"
    )
    return Check("kernels", "note", "not compiled for this CPU yet", advice)


def devices(setting: tuple[str, ...], list_devices: Callable[[], tuple[str, ...]] = machine_devices) -> Check:
    """Looks whether the machine has what KAN_DEVICES names."""
    try:
        found = list_devices()
        used = worker_devices(setting, lambda: found)
    except DeviceMissing as error:
        return Check("devices", "wrong", str(error), "set KAN_DEVICES to auto, or to devices of this machine")
    except (OSError, SubprocessError) as error:
        return Check("devices", "wrong", f"torch does not start ({type(error).__name__})", "reinstall torch")
    return Check("devices", "ok", f"this machine has {', '.join(found)}; workers train on {', '.join(used)}")


def blobs(place: str) -> Check:
    """Looks whether bytes can be kept where KAN_BLOBS says."""
    if place == IN_DATABASE:
        return Check("blobs", "ok", "kept in the database")
    folder = path_of(place)
    if not folder.is_dir():
        return Check("blobs", "wrong", f"{folder} is not there", "mount the share; kan serve makes a folder of its own")
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return Check("blobs", "wrong", f"{folder} may not be written", "give this user the folder")
    return Check("blobs", "ok", f"kept in {folder}")


def database(settings: Settings) -> Iterator[Check]:
    """Yields whether the database answers, is migrated, and has workers."""
    url = make_url(settings.database_url)
    shown = shown_url(settings)
    # Opening it would make an empty file.
    is_file = url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:")
    if is_file and not Path(str(url.database)).exists():
        yield Check("database", "wrong", f"{shown} does not exist yet", "kan migrate, or kan serve, makes it")
        return
    engine = make_engine(settings.database_url)
    try:
        with reading_session_factory(engine)() as session:
            if not is_migrated(session.connection()):
                yield Check("database", "wrong", f"{shown} has not the shape that this version expects", "kan migrate")
                return
            yield Check("database", "ok", f"{shown} is reachable and migrated")
            yield workers(len(list_workers(session, settings.lease_seconds)))
    except SQLAlchemyError as error:
        reason = type(getattr(error, "orig", None) or error).__name__
        yield Check(
            "database", "wrong", f"{shown} cannot be opened ({reason})", "start it, or correct KAN_DATABASE_URL"
        )
    finally:
        engine.dispose()


def workers(alive: int) -> Check:
    """Says whether somebody takes jobs."""
    if alive:
        return Check("workers", "ok", f"{alive} alive")
    return Check("workers", "wrong", "none alive: jobs wait in the queue", "kan serve, or kan worker beside it")
