"""A network for use elsewhere: as polynomial pieces in JSON, and as Python, C, SQL and ONNX made of them."""
