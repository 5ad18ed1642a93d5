"""The API document is whole: every problem has its place, every example fits its schema, every answer has one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from service.api.app import create_app
from service.api.problems import EDGE_PROBLEMS, PROBLEMS
from service.settings import Settings

JSON_TYPES = ("application/json", "application/problem+json")
Place = tuple[str, dict[str, Any]]


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The document needs no database."""
    folder = tmp_path_factory.mktemp("openapi")
    app = create_app(Settings(database_url=f"sqlite:///{folder}/none.sqlite3"))
    found = dict(app.openapi())
    app.state.engine.dispose()
    return found


def operations(document: dict[str, Any]) -> Iterator[Place]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def contents(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Each body that is documented: where, its media type, its schema and examples."""
    for name, operation in operations(document):
        for media, content in operation.get("requestBody", {}).get("content", {}).items():
            yield f"{name} request", media, content
        for status, response in operation["responses"].items():
            response = answer_of(document, response)
            for media, content in response.get("content", {}).items():
                yield f"{name} {status}", media, content


def answer_of(document: dict[str, Any], response: dict[str, Any]) -> dict[str, Any]:
    name = response.get("$ref", "").rpartition("/")[2]
    return dict(document["components"]["responses"][name]) if name else response


def examples_of(document: dict[str, Any], content: dict[str, Any]) -> list[Any]:
    shared = document["components"]["examples"]
    entries = [
        shared[entry["$ref"].rpartition("/")[2]] if "$ref" in entry else entry
        for entry in (content.get("examples", {}).values())
    ]
    found = [entry["value"] for entry in entries]
    return [*found, content["example"]] if "example" in content else found


def resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    return dict(document["components"]["schemas"][name]) if name else schema


def faults(document: dict[str, Any], schema: dict[str, Any], value: Any) -> list[str]:
    whole = {**schema, "components": document["components"]}
    return [error.message for error in Draft202012Validator(whole).iter_errors(value)]


def test_every_problem_has_its_place_its_section_and_its_example(document: dict[str, Any]) -> None:
    kinds = (*PROBLEMS.values(), *EDGE_PROBLEMS.values())
    page = Path("docs/errors.md").read_text()
    shown: dict[str, dict[str, Any]] = {}
    for response in document["components"]["responses"].values():
        for content in response.get("content", {}).values():
            values = zip(content.get("examples", {}), examples_of(document, content), strict=False)
            shown |= dict(values)
    assert [kind.slug for kind in kinds if kind.slug not in shown] == []
    assert [kind.slug for kind in kinds if f"## {kind.slug}\n" not in page] == []
    for kind in kinds:
        told = shown[kind.slug]
        assert (told["type"], told["status"], told["title"]) == (kind.type, kind.status, kind.title)


def test_every_example_fits_its_schema(document: dict[str, Any]) -> None:
    wrong = [
        (place, media, found)
        for place, media, content in contents(document)
        if media in JSON_TYPES and "schema" in content
        for value in examples_of(document, content)
        if (found := faults(document, content["schema"], value))
    ]
    assert wrong == []


def test_the_examples_of_every_schema_fit_it(document: dict[str, Any]) -> None:
    wrong = [
        (name, found)
        for name, schema in document["components"]["schemas"].items()
        for value in [*schema.get("examples", []), *([schema["example"]] if "example" in schema else [])]
        if (found := faults(document, schema, value))
    ]
    assert wrong == []


def test_the_examples_of_every_parameter_fit_it(document: dict[str, Any]) -> None:
    wrong = [
        (name, parameter["name"], found)
        for name, operation in operations(document)
        for parameter in operation.get("parameters", [])
        for value in [*examples_of(document, parameter), *parameter["schema"].get("examples", [])]
        if (found := faults(document, parameter["schema"], value))
    ]
    assert wrong == []


def test_every_request_body_and_every_refusal_has_an_example(document: dict[str, Any]) -> None:
    missing = []
    for place, media, content in contents(document):
        is_binary = content.get("schema", {}).get("format") == "binary" or media == "multipart/form-data"
        is_refusal = place.rpartition(" ")[2].isdigit() and int(place.rpartition(" ")[2]) >= 400
        if (place.endswith("request") and not is_binary) or is_refusal:
            of_schema = resolved(document, content.get("schema", {}))
            of_choices = [resolved(document, each) for each in of_schema.get("anyOf", of_schema.get("oneOf", []))]
            shown = [schema for schema in (of_schema, *of_choices) if "examples" in schema or "example" in schema]
            if not examples_of(document, content) and not shown:
                missing.append((place, media))
    assert missing == []


def test_no_content_has_one_example_and_several(document: dict[str, Any]) -> None:
    both = [place for place, _, content in contents(document) if "example" in content and "examples" in content]
    assert both == []


def test_every_operation_says_what_any_may_answer(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        statuses = set(operation["responses"])
        assert "500" in statuses, name
        if "requestBody" in operation:
            assert {"400", "413", "415"} <= statuses, name
        if " /v1/" in name:
            assert {"401", "422", "503"} <= statuses, name
