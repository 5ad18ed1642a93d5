"""The one door for rows to predict for: bytes and their media type in, a checked table out."""

from __future__ import annotations

from service.domain.errors import UnsupportedMediaType
from service.domain.prediction_forms.columns import InputColumn, InputTable
from service.domain.prediction_forms.csv import read_csv
from service.domain.prediction_forms.json_text import read_json
from service.domain.prediction_forms.tables import read_frame
from service.domain.tables.npy import read_npy
from service.domain.tables.parsed import TableLimits
from service.domain.tables.upload import ARROW, CSV, JSON, MEDIA_TYPES, NDJSON, NPY, PARQUET, parse_table


def read_rows(body: bytes, media_type: str, columns: tuple[InputColumn, ...], limits: TableLimits) -> InputTable:
    """Reads rows in any of the formats that data sets come in.

    Args:
        body: as it came.
        media_type: of the body.
        columns: that the model reads.
        limits: `max_rows` is that of one prediction; it holds while reading, before the values are made.

    Raises:
        UnsupportedMediaType: another format.
        MalformedBody: bytes that are not what the media type says.
        InvalidRows, InvalidTable: readable, but not what the signature asks for.
        BodyTooLarge: noticed while reading.
    """
    if media_type == JSON:
        return read_json(body, columns, limits.max_rows)
    if media_type == CSV:
        return read_csv(body, columns, limits)
    if media_type == NPY:
        return read_frame(read_npy(body, limits, [column.name for column in columns]), columns)
    if media_type in (NDJSON, PARQUET, ARROW):
        return read_frame(parse_table(body, media_type, limits).frame, columns)
    raise UnsupportedMediaType(MEDIA_TYPES)
