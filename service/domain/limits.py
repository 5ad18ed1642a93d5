"""How much the service takes, as `GET /v1/limits` shows it."""

from __future__ import annotations

from dataclasses import MISSING, dataclass, fields

from kan.config import MAX_DEGREE, MAX_GRID
from kan.diagram_edges import MAX_EDGES
from service.settings import Settings


@dataclass(frozen=True)
class Limits:
    """The largest sizes that are accepted; each is the setting of the same name, which says its unit.

    Attributes:
        max_grid, max_degree: of a spline; no setting changes them, nor the next.
        max_drawn_edges: of one picture; the most important ones are drawn.
    """

    key_requests_per_minute: int
    key_requests_at_once: int
    max_requests_at_once: int
    max_body_bytes: int
    max_request_bytes: int
    max_bodies_bytes: int
    max_json_depth: int
    max_dataset_rows: int
    max_dataset_columns: int
    max_dataset_cells: int
    max_category_levels: int
    max_parameters: int
    max_training_bytes: int
    max_hidden_layers: int
    max_width: int
    max_recipe_stages: int
    max_recipe_steps: int
    max_runtime_seconds: int
    default_runtime_seconds: int
    max_queue: int
    max_labels: int
    max_metric_points: int
    max_prediction_rows: int
    max_prediction_bytes: int
    max_curve_points: int
    max_streams: int
    max_grid: int = MAX_GRID
    max_degree: int = MAX_DEGREE
    max_drawn_edges: int = MAX_EDGES

    @classmethod
    def from_settings(cls, settings: Settings) -> Limits:
        """Gives the limits that the settings say."""
        return cls(**{item.name: getattr(settings, item.name) for item in fields(cls) if item.default is MISSING})
