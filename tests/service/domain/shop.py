"""A session's data sets and jobs, trained in this process and published as a worker does it."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import polars as pl
from sqlalchemy.orm import Session

from kan.checkpoint import dump, load
from kan.edits import edited
from kan.state import NetworkState
from service.domain.columns import described_columns
from service.domain.datasets import column_types
from service.domain.jobs import create_job
from service.domain.leasing.beginnings import beginning_of
from service.domain.leasing.claims import claim_next_job
from service.domain.leasing.endings import finish_with_model
from service.domain.limits import Limits
from service.domain.specs.job_specs import JobDraft, resolve_job
from service.domain.trained_model import TrainedModel
from service.domain.training import TrainingRun
from service.settings import Settings
from service.store.blobs import get_blob, put_blob
from service.store.datasets import find_dataset
from service.store.engine import database_now
from service.store.models import find_version_of_job
from service.store.tables import DatasetRow, VersionRow

LIMITS = Limits.from_settings(Settings())


def a_frame(rows: int = 80, seed: int = 0) -> pl.DataFrame:
    generator = np.random.default_rng(seed)
    a, b = generator.uniform(-2, 2, rows), generator.normal(size=rows)
    c = generator.choice(np.array(["red", "green"]), rows)
    y = np.sin(a) + b + (c == "red")
    return pl.DataFrame({"a": a, "b": b, "c": c, "y": y, "z": -y})


class Shop:
    """Data sets, and jobs that are resolved, trained and published as a worker does it."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.dataset = self.store(a_frame())

    def store(self, frame: pl.DataFrame) -> str:
        file = io.BytesIO()
        frame.write_parquet(file)
        blob = put_blob(self.session, file.getvalue())
        facts = {"name": "toy", "rows": len(frame), "bytes": 8, "sha256": blob, "blob_sha256": blob, "units": {}}
        columns = described_columns(frame, (), 256)
        row = DatasetRow(id=f"ds_{blob[:26]}", columns=columns, created_at=database_now(self.session), **facts)
        self.session.add(row)
        self.session.commit()
        return row.id

    def resolve(self, **spec: Any) -> JobDraft:
        full = {"dataset": self.dataset, "targets": ["y"], **spec}
        return resolve_job(self.session, full, LIMITS)

    def train(self, draft: JobDraft) -> VersionRow:
        create_job(self.session, draft, max_queue=10, max_attempts=1)
        self.session.commit()
        claimed = claim_next_job(self.session, "wk_a", 60.0)
        assert claimed is not None
        finish_with_model(self.session, claimed[0], self.trained(draft))
        version = find_version_of_job(self.session, claimed[0].job_id)
        assert version is not None
        return version

    def trained(self, draft: JobDraft) -> TrainedModel:
        dataset = find_dataset(self.session, str(draft.dataset_id))
        assert dataset is not None
        table = io.BytesIO(get_blob(self.session, dataset.blob_sha256))
        beginning = beginning_of(self.session, draft.resolved)
        run = TrainingRun(draft.resolved, table, column_types(dataset), None, **beginning)
        list(run)
        assert run.result is not None
        return run.result

    def state(self, version: VersionRow) -> NetworkState:
        return load(get_blob(self.session, version.blob_sha256))

    def changed(self, version: VersionRow, *operations: dict[str, Any]) -> None:
        """Puts an edited network in a version's place."""
        version.blob_sha256 = put_blob(self.session, dump(edited(self.state(version), operations)))
        self.session.commit()
