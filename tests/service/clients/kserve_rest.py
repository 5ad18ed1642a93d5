"""kserve's REST client, as its page shows it."""

import asyncio
import json
import sys

import numpy as np
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig


async def main():
    address, rows, expected = sys.argv[1], *(np.array(json.loads(text)) for text in sys.argv[2:4])
    base = f"http://{address}"
    client = InferenceRESTClient(RESTConfig(protocol="v2", retries=0))
    assert await client.is_server_live(base)
    assert await client.is_server_ready(base)
    assert await client.is_model_ready(base, "pair")
    for binary in (True, False):
        tensor = InferInput("x", list(rows.shape), "FP64")
        tensor.set_data_from_numpy(rows, binary_data=binary)
        request = InferRequest("pair", [tensor], request_id="k1")
        answer = await client.infer(base, request, model_name="pair")
        np.testing.assert_array_equal(answer.outputs[0].as_numpy(), expected)
        assert answer.id == "k1"
    await client.close()


asyncio.run(main())
