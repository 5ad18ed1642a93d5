"""The model behind LitServe."""

import sys

import litserve as ls
import numpy as np
from servers.model import predicted


class Model(ls.LitAPI):
    def setup(self, device):
        """Has nothing to load."""

    def decode_request(self, request):
        return np.array(request["rows"])

    def predict(self, x):
        return predicted(x)

    def encode_response(self, output):
        return {"predictions": output.tolist()}


if __name__ == "__main__":
    ls.LitServer(Model(), accelerator="cpu").run(host="127.0.0.1", port=int(sys.argv[1]), generate_client_file=False)
