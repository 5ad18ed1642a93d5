"""A model behind FastAPI in the way its tutorial shows: pydantic in, pydantic out."""

import numpy as np
from fastapi import FastAPI
from pydantic import BaseModel
from servers.model import predicted

app = FastAPI()


class Rows(BaseModel):
    rows: list[list[float]]


class Predictions(BaseModel):
    predictions: list[list[float]]


@app.post("/predict")
def predict(body: Rows) -> Predictions:
    return Predictions(predictions=predicted(np.array(body.rows)).tolist())
