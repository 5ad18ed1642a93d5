"""All pages, and the files that they are made of."""

from __future__ import annotations

from fastapi import APIRouter

from service.ui import datasets, jobs, model_page, models, static_files, training

router = APIRouter(include_in_schema=False)
for part in (static_files, datasets, training, jobs, models, model_page):
    router.include_router(part.router)
