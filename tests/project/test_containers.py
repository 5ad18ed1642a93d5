"""Dockerfile and compose file agree with the schema, with each other and with the settings; no engine is needed."""

import json
import re
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft7Validator

from service.settings import Settings

SCHEMA = Path("tests/data/compose-spec/compose-spec.json")
STEP = re.compile(r"^([A-Z]+)\s+(.*)$", re.MULTILINE)


def compose() -> dict[str, Any]:
    """Gives docker-compose.yml with its anchors merged."""
    document: dict[str, Any] = yaml.safe_load(Path("docker-compose.yml").read_text())
    return document


def steps(kind: str) -> list[str]:
    """Gives the arguments of every step of that kind in the Dockerfile, in order."""
    text = Path("Dockerfile").read_text().replace("\\\n", " ")
    return [rest for word, rest in STEP.findall(text) if word == kind]


def kan_variables(text: str) -> set[str]:
    """Gives every environment variable of the service that a text sets."""
    return set(re.findall(r"\b(KAN_[A-Z_]+)\s*[:=]", text))


def test_compose_file_is_valid_by_the_compose_specification() -> None:
    errors = [error.message for error in Draft7Validator(json.loads(SCHEMA.read_text())).iter_errors(compose())]
    assert errors == []


def test_containers_set_only_settings_that_exist() -> None:
    known = {f"KAN_{name.upper()}" for name in Settings.model_fields}
    written = kan_variables(Path("Dockerfile").read_text()) | kan_variables(Path("docker-compose.yml").read_text())
    assert written - known == set()


def test_settings_of_every_compose_service_are_valid() -> None:
    for name, service in compose()["services"].items():
        pairs = {key.removeprefix("KAN_").lower(): value for key, value in service.get("environment", {}).items()}
        plain = {key: value for key, value in pairs.items() if key in Settings.model_fields and "$" not in value}
        assert Settings.model_validate(plain), name


def test_settings_of_the_image_are_valid() -> None:
    pairs = dict(re.findall(r"KAN_([A-Z_]+)=(\S+)", " ".join(steps("ENV"))))
    settings = Settings.model_validate({name.lower(): value for name, value in pairs.items()})
    assert settings.needs_key
    assert str(settings.port) in steps("EXPOSE")


def test_image_runs_as_a_user_of_its_own() -> None:
    assert steps("USER") == ["kan"]
    assert any(step.startswith("useradd") and step.endswith(" kan") for step in steps("RUN"))


def test_image_has_two_stages_and_the_second_takes_only_the_environment() -> None:
    assert len(steps("FROM")) == 2
    assert [step for step in steps("COPY") if step.startswith("--from=build")] == ["--from=build /opt/kan /opt/kan"]


def test_image_asks_whether_it_is_ready() -> None:
    (check,) = steps("HEALTHCHECK")
    assert "/readyz" in check


def test_everything_that_is_copied_exists_and_reaches_the_builder() -> None:
    lines = Path(".dockerignore").read_text().splitlines()
    allowed = [line.removeprefix("!") for line in lines if line.startswith("!")]
    sources = [word for step in steps("COPY") if "--from" not in step for word in step.split()[:-1]]
    assert sources
    for source in sources:
        assert Path(source).exists(), source
        assert any(fnmatch(source, pattern) for pattern in allowed), f"{source} is left out by .dockerignore"


def test_image_and_compose_take_the_same_torch_unless_told() -> None:
    (default,) = [step.partition("=")[2] for step in steps("ARG") if step.startswith("TORCH_INDEX")]
    assert compose()["services"]["api"]["build"]["args"]["TORCH_INDEX"] == f"${{TORCH_INDEX-{default}}}"


def test_compose_gives_the_service_time_to_hand_its_jobs_over() -> None:
    settings = Settings()
    least = settings.drain_seconds + 5 + settings.shutdown_seconds + 5
    for name in ("api", "worker", "worker-gpu"):
        assert float(compose()["services"][name]["stop_grace_period"].removesuffix("s")) > least


def test_compose_publishes_on_this_machine_only() -> None:
    published = [port for service in compose()["services"].values() for port in service.get("ports", [])]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_compose_waits_until_what_it_needs_is_healthy() -> None:
    for name, service in compose()["services"].items():
        for needed, condition in service.get("depends_on", {}).items():
            assert condition == {"condition": "service_healthy"}, f"{name} -> {needed}"


def test_gpu_profile_reserves_a_device() -> None:
    services = [service for service in compose()["services"].values() if service.get("profiles") == ["gpu"]]
    assert len(services) == 1
    (device,) = services[0]["deploy"]["resources"]["reservations"]["devices"]
    assert device == {"driver": "nvidia", "count": 1, "capabilities": ["gpu"]}
