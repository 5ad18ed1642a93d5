"""tritonclient: every mix of JSON and raw bytes, packed and not, one after the other and side by side."""

import asyncio
import json
import sys
from itertools import product

import numpy as np
import tritonclient.http as triton
import tritonclient.http.aio as triton_aio
from tritonclient.utils import InferenceServerException


def asked(module, rows, datatype, binary_in, binary_out):
    tensor = module.InferInput("x", list(rows.shape), datatype)
    tensor.set_data_from_numpy(rows, binary_data=binary_in)
    return [tensor], [module.InferRequestedOutput("y", binary_data=binary_out)]


def check_infer(client, rows, expected):
    for binary_in, binary_out, packing in product((True, False), (True, False), (None, "gzip")):
        inputs, outputs = asked(triton, rows, "FP64", binary_in, binary_out)
        answer = client.infer(
            "pair",
            inputs,
            outputs=outputs,
            request_id="r1",
            request_compression_algorithm=packing,
            response_compression_algorithm=packing,
        )
        np.testing.assert_array_equal(answer.as_numpy("y"), expected)
        assert answer.get_response()["id"] == "r1"
    inputs, _ = asked(triton, rows.astype(np.float32), "FP32", True, True)
    answer = client.infer("pair", inputs, model_version="1").as_numpy("y")
    assert answer.dtype == np.float32
    np.testing.assert_allclose(answer, expected, rtol=1e-5)


def check_the_rest(client):
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("pair")
    assert client.is_model_ready("pair", "1")
    assert not client.is_model_ready("none")
    assert client.get_server_metadata()["name"] == "kan-service"
    assert client.get_model_metadata("pair")["inputs"][0]["shape"] == [-1, 2]
    assert client.get_model_config("pair")["max_batch_size"] == 0
    assert client.get_model_repository_index()[0]["name"] == "pair"
    client.unload_model("pair")
    client.load_model("pair")
    assert client.get_inference_statistics("pair")["model_stats"][0]["execution_count"] > 0
    assert client.get_inference_statistics()["model_stats"]
    assert "no model has this name" in refusal_of(client)


def refusal_of(client):
    try:
        client.get_model_metadata("none")
    except InferenceServerException as error:
        return error.message()
    raise AssertionError("expected a refusal")


async def check_async(address, rows, expected):
    async with triton_aio.InferenceServerClient(address) as client:
        for binary_in, binary_out in product((True, False), (True, False)):
            inputs, outputs = asked(triton_aio, rows, "FP64", binary_in, binary_out)
            answers = await asyncio.gather(*(client.infer("pair", inputs, outputs=outputs) for _ in range(8)))
            for answer in answers:
                np.testing.assert_array_equal(answer.as_numpy("y"), expected)


def main():
    address, rows, expected = sys.argv[1], *(np.array(json.loads(text)) for text in sys.argv[2:4])
    client = triton.InferenceServerClient(address, concurrency=4)
    check_infer(client, rows, expected)
    waiting = [client.async_infer("pair", asked(triton, rows, "FP64", True, True)[0]) for _ in range(8)]
    for answer in waiting:
        np.testing.assert_array_equal(answer.get_result().as_numpy("y"), expected)
    check_the_rest(client)
    client.close()
    asyncio.run(check_async(address, rows, expected))


main()
