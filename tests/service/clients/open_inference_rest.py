"""The working group's own client, made from its OpenAPI document."""

import json
import sys

import numpy as np
from open_inference.openapi.client import OpenInferenceClient
from open_inference.openapi.errors import NotFoundError
from open_inference.openapi.types import InferenceRequest


def main():
    address, rows, expected = sys.argv[1], *(np.array(json.loads(text)) for text in sys.argv[2:4])
    client = OpenInferenceClient(base_url=f"http://{address}")
    client.check_server_liveness()
    client.check_server_readiness()
    client.check_model_readiness("pair")
    client.check_model_version_readiness("pair", "1")
    assert client.read_server_metadata().name == "kan-service"
    assert client.read_model_metadata("pair").inputs[0].name == "x"
    tensor = {"name": "x", "shape": list(rows.shape), "datatype": "FP64", "data": rows.ravel().tolist()}
    answer = client.model_infer("pair", request=InferenceRequest.parse_obj({"inputs": [tensor]}))
    np.testing.assert_array_equal(np.reshape(answer.outputs[0].data.__root__, expected.shape), expected)
    try:
        client.check_model_readiness("none")
    except NotFoundError:
        return
    raise AssertionError("expected a refusal")


main()
