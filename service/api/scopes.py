"""The one table of what a key must be allowed to do for an address; the first line that fits holds."""

from __future__ import annotations

import re
from functools import lru_cache

from service.domain.access.keys import Scope

PROBES = ("/livez", "/readyz", "/v2/health/live", "/v2/health/ready")
# Read without a key: probes, what /docs needs, and the pages, which then hold no data (service/ui/rendering.py).
_OPEN = (*PROBES, "/docs", "/openapi.json", "/static/", "/errors", "/datasets/", "/train", "/jobs", "/models")

_READ = re.compile("GET|HEAD|OPTIONS")
_ANY = re.compile(".*", re.DOTALL)

# Method, address, and the scopes of which the key must have one; `admin` may do everything.
SCOPES: tuple[tuple[re.Pattern[str], re.Pattern[str], tuple[Scope, ...]], ...] = (
    (_ANY, re.compile(r"/v1/keys.*", re.DOTALL), ("admin",)),
    (_ANY, re.compile(r"/v1/models/[^/]+/versions/[^/]+/predict"), ("predict",)),
    (_ANY, re.compile(r"/v2/models/[^/]+(/versions/[^/]+)?/infer"), ("predict",)),
    # What a client of the Open Inference Protocol asks before it infers.
    (_READ, re.compile(r"/v2(/.*)?"), ("read", "predict")),
    (_ANY, re.compile(r"/v2/repository/index"), ("read", "predict")),
    # A good key, whatever it may do.
    (_READ, re.compile(r"/v1/(version|limits)"), ()),
    (_READ, _ANY, ("read",)),
    (_ANY, _ANY, ("write",)),
)


def is_open(path: str) -> bool:
    """Is this read without a key?"""
    return path == "/" or path.startswith(_OPEN)


@lru_cache(maxsize=4_096)
def scopes_needed(method: str, path: str) -> tuple[Scope, ...]:
    """Gives the scopes of which a key must have one to ask this; none are needed where it is empty."""
    return next(scopes for methods, paths, scopes in SCOPES if methods.fullmatch(method) and paths.fullmatch(path))
