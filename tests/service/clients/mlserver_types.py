"""mlserver's types and codecs: its requests are read here, and our answers are read by it."""

import json
import sys
import urllib.request

import numpy as np
from mlserver.codecs import NumpyCodec
from mlserver.types import (
    InferenceRequest,
    InferenceResponse,
    MetadataModelResponse,
    MetadataServerResponse,
    RepositoryIndexResponse,
)


def ask(url, body=None):
    data = None if body is None else body.encode()
    with urllib.request.urlopen(urllib.request.Request(url, data=data)) as answer:
        return answer.read()


def main():
    address, rows, expected = sys.argv[1], *(np.array(json.loads(text)) for text in sys.argv[2:4])
    base = f"http://{address}/v2"
    assert MetadataServerResponse.model_validate_json(ask(base)).name == "kan-service"
    assert MetadataModelResponse.model_validate_json(ask(f"{base}/models/pair")).versions == ["1"]
    assert RepositoryIndexResponse.model_validate_json(ask(f"{base}/repository/index", ""))[0].name == "pair"
    request = InferenceRequest(inputs=[NumpyCodec.encode_input("x", rows)])
    answer = InferenceResponse.model_validate_json(ask(f"{base}/models/pair/infer", request.model_dump_json()))
    np.testing.assert_array_equal(NumpyCodec.decode_output(answer.outputs[0]), expected)


main()
