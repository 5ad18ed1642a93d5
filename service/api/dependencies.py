"""What a route asks for by its type: the session of this request, the settings, the model cache."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.orm import Session

from service.domain.inference.statistics import InferenceStatistics
from service.domain.model_cache import ModelCache
from service.domain.served_models import ServedModels
from service.settings import Settings


def request_session(request: Request) -> Iterator[Session]:
    """Gives one session for this request; what its domain call did not commit is rolled back."""
    with request.app.state.sessions() as session:
        try:
            yield session
        finally:
            request_served(request).forget()


def reading_session(request: Request) -> Iterator[Session]:
    """Gives one session that only reads, and never waits for a writer."""
    with request.app.state.reading_sessions() as session:
        yield session


def request_settings(request: Request) -> Settings:
    """Gives the settings that the app was made with."""
    settings: Settings = request.app.state.settings
    return settings


def request_models(request: Request) -> ModelCache:
    """Gives the models that this process holds ready."""
    cache: ModelCache = request.app.state.models
    return cache


def request_served(request: Request) -> ServedModels:
    """Gives what this process knows of versions without asking the database."""
    served: ServedModels = request.app.state.served
    return served


def request_statistics(request: Request) -> InferenceStatistics:
    """Gives this process's counts of inferences."""
    statistics: InferenceStatistics = request.app.state.statistics
    return statistics


# "function": closed before the answer is sent, so that a slow reader holds no connection.
SessionDep = Annotated[Session, Depends(request_session, scope="function")]
ReadingSessionDep = Annotated[Session, Depends(reading_session, scope="function")]
SettingsDep = Annotated[Settings, Depends(request_settings)]
ModelsDep = Annotated[ModelCache, Depends(request_models)]
ServedDep = Annotated[ServedModels, Depends(request_served)]
StatisticsDep = Annotated[InferenceStatistics, Depends(request_statistics)]
