"""The shapes in which jobs are asked for."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Discriminator, Field, StringConstraints, Tag, field_validator
from pydantic_core import PydanticCustomError

from service.api.schemas.body import FEW, Body, StorableText
from service.api.schemas.library_objects import Network, Operation, Stage

Name = Annotated[str, StringConstraints(min_length=1, max_length=300)]
LabelName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")]
LabelValue = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
Labels = Annotated[dict[LabelName, LabelValue], FEW]
LAST_SEED = 2**53 - 1
KINDS = ("train", "edit", "compare", "predict")
# Before the kind of a job, where pydantic tells which of the shapes it took.
TAG = "kind:"
VersionName = Annotated[int, Field(ge=1)] | Annotated[str, Field(max_length=63)]
_VERSION = "A number, an alias or latest; what it means is settled when the job is made."
Names = Annotated[list[Name], Field(max_length=10_000)]

TRAIN_EXAMPLE: dict[str, Any] = {
    "kind": "train",
    "dataset": "ds_01m855zsk5fwxvgkyv1bs3g32e",
    "model": "concrete",
    "targets": ["compressive_strength"],
    "preset": "balanced",
    "seed": 0,
}


COMPARE_EXAMPLE: dict[str, Any] = {
    "kind": "compare",
    "dataset": "ds_01m855zsk5fwxvgkyv1bs3g32e",
    "targets": ["compressive_strength"],
    "preset": "balanced",
    "baselines": ["mlp_parameters", "mlp_time", "linear"],
    "seeds": [0, 1, 2],
}

PREDICT_EXAMPLE: dict[str, Any] = {
    "kind": "predict",
    "model": "concrete",
    "version": 3,
    "dataset": "ds_01m855zsk5fwxvgkyv1bs3g32e",
}

EDIT_EXAMPLE: dict[str, Any] = {
    "kind": "edit",
    "model": "concrete",
    "version": "champion",
    "operations": [{"op": "prune_edge", "layer": 0, "source": 1, "target": 2}],
    "fit": {"stage": "fit", "steps": 50},
}

GO_ON_EXAMPLE: dict[str, Any] = {
    "kind": "train",
    "dataset": "ds_01m855zsk5fwxvgkyv1bs3g32e",
    "targets": ["compressive_strength"],
    "init": {"model": "concrete", "version": 3},
    "recipe": [{"stage": "fit", "steps": 50}, {"stage": "symbolify"}],
}


class JobBody(StorableText):
    """What every job may say."""

    priority: int = Field(0, ge=-1000, le=1000, description="Higher first; then age.")
    max_runtime_s: int | None = Field(None, description="Longest run (seconds).")
    labels: Labels = Field(default_factory=dict, description="Anything, to find the job by.")

    def spec(self) -> dict[str, Any]:
        """Gives the spec as it was sent, without what was left out."""
        return self.model_dump(exclude_unset=True, exclude_none=True)


class InitCreate(Body):
    """The version that a training goes on from."""

    model: str = Field(max_length=63)
    version: VersionName = "latest"


class TableJobCreate(JobBody):
    """What every job says that learns from a data set."""

    dataset: str = Field(max_length=100, description="Id of the data set.")
    inputs: Names | None = Field(None, description="Columns to learn from; absent: every usable one but the targets.")
    targets: Names = Field(min_length=1, description="Columns to predict.")
    task: Literal["auto", "regression", "classification"] = Field(
        "auto", description="auto: classification only where the target is a category column."
    )
    network: Literal["auto"] | Network = Field(
        "auto",
        description="auto: chosen by validation; an object fixes hidden, grid, degree, base, grid_eps, and with "
        "multiply the product nodes added to each hidden layer: how many of two factors, or a list of their factors.",
    )
    preset: str | None = Field(None, max_length=50, description="A named recipe: quick, balanced or thorough.")
    test_fraction: float | None = Field(
        None, allow_inf_nan=False, description="Part of the rows kept for testing; absent: 0.2."
    )
    split_column: Name | None = Field(None, description="Column that says train, validation or test for each row.")


class TrainJobCreate(TableJobCreate):
    """What is to be trained: on which data set, to predict what, how."""

    model_config = ConfigDict(json_schema_extra={"examples": [TRAIN_EXAMPLE, GO_ON_EXAMPLE]})

    kind: Literal["train"] = "train"
    model: str | None = Field(
        None, max_length=300, description="Gets the next version; absent: made from the data set's name."
    )
    recipe: list[Stage] | None = Field(None, max_length=1_000, description="The stages, instead of a preset.")
    test_dataset: str | None = Field(
        None,
        max_length=100,
        description="Id of another data set with the same columns: its rows are the test part, all others are learnt "
        "from. No test_fraction, no split_column.",
    )
    init: InitCreate | None = Field(
        None,
        description="Go on from a version: its network, columns and scaling are the start; seed, test_fraction and "
        "split_column are its own where they are left out, the recipe is fit and refit. No network, no preset.",
    )
    seed: int = Field(0, ge=0, le=LAST_SEED, description="Of the split and of every random choice.")
    device: str = Field(
        "auto",
        pattern=r"^(auto|cpu|cuda:(0|[1-9]\d{0,2}))$",
        description="Where it is trained: auto takes a free GPU for a large job, else the CPU; cpu or cuda:0 waits for "
        "a worker that has it.",
    )

    @field_validator("kind", mode="before")
    @classmethod
    def _is_known(cls, value: object) -> object:
        """Refuses a kind that no shape has."""
        if value != "train":
            raise PydanticCustomError("literal_error", f"expected one of {', '.join(KINDS)}")
        return value

    def spec(self) -> dict[str, Any]:
        """Gives the spec as it was sent, with its kind."""
        return {"kind": self.kind, **super().spec()}


class CompareJobCreate(TableJobCreate):
    """On what a KAN, its formula, MLPs and a linear model are compared: the same splits and seeds for all."""

    model_config = ConfigDict(json_schema_extra={"examples": [COMPARE_EXAMPLE]})

    kind: Literal["compare"]
    baselines: list[Literal["mlp_parameters", "mlp_time", "linear"]] | None = Field(
        None, max_length=20, description="Beside the KAN and its formula; absent: all."
    )
    seeds: list[Annotated[int, Field(ge=0, le=LAST_SEED)]] | None = Field(
        None, max_length=1_000, description="One split and one start of every side each, 20 at most; absent: 0, 1, 2."
    )


class PredictJobCreate(JobBody):
    """Which version predicts which data set: all its rows, in parts; a bad row gets an error and stops nothing."""

    model_config = ConfigDict(json_schema_extra={"examples": [PREDICT_EXAMPLE]})

    kind: Literal["predict"]
    model: str = Field(max_length=63, description="The model.")
    version: VersionName = Field("latest", description=_VERSION)
    dataset: str = Field(max_length=100, description="Id of the data set.")


class EditJobCreate(JobBody):
    """What is done to a version, and the stage that follows on the rows that it learnt from."""

    model_config = ConfigDict(json_schema_extra={"examples": [EDIT_EXAMPLE]})

    kind: Literal["edit"]
    model: str = Field(max_length=63, description="The model.")
    version: VersionName = Field("latest", description=_VERSION)
    operations: list[Operation] = Field(
        min_length=1, max_length=1_000, description="As of POST …/edits, one after the other."
    )
    fit: Stage = Field(description="The stage that follows; fit where it names none.")
    publish: bool = Field(False, description="Make the child a published version, not a draft.")


def _kind_of(body: object) -> str:
    kind = body.get("kind") if isinstance(body, dict) else getattr(body, "kind", None)
    # A train job need not say its kind; of an unknown kind its complaint names the field.
    return TAG + (kind if kind in KINDS else "train")


JobCreate = Annotated[
    Annotated[TrainJobCreate, Tag(f"{TAG}train")]
    | Annotated[EditJobCreate, Tag(f"{TAG}edit")]
    | Annotated[CompareJobCreate, Tag(f"{TAG}compare")]
    | Annotated[PredictJobCreate, Tag(f"{TAG}predict")],
    Discriminator(_kind_of),
]
