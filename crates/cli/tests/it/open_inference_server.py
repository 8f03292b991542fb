"""A strict server of the Open Inference Protocol, version 2, over HTTP and JSON, for one model of credit.

It knows the protocol and nothing of the client: it checks every request against what the protocol asks for and answers
400 with an `error` where something is wrong. The first line that it prints is its port.
"""

import json
import math
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

INPUTS = [
    {"name": "age", "datatype": "FP64", "shape": [-1, 1]},
    {"name": "sex", "datatype": "BYTES", "shape": [-1, 1]},
]
OUTPUTS = [{"name": "probabilities", "datatype": "FP64", "shape": [-1, 2]}]
METADATA = {"name": "credit", "versions": ["1"], "platform": "handwritten", "inputs": INPUTS, "outputs": OUTPUTS}


def tensor(request, declared):
    """The values of an input, checked against its declaration."""
    found = [t for t in request["inputs"] if t["name"] == declared["name"]]
    if len(found) != 1:
        raise ValueError(f"input {declared['name']} occurs {len(found)} times")
    given = found[0]
    if given["datatype"] != declared["datatype"]:
        raise ValueError(f"input {declared['name']} is {given['datatype']}, not {declared['datatype']}")
    shape, data = given["shape"], given["data"]
    if len(shape) != 2 or shape[1] != 1 or not all(isinstance(n, int) and n >= 0 for n in shape):
        raise ValueError(f"input {declared['name']} has shape {shape}")
    if len(data) != shape[0]:
        raise ValueError(f"input {declared['name']} has {len(data)} values for shape {shape}")
    expected = str if declared["datatype"] == "BYTES" else (int, float)
    if not all(isinstance(x, expected) for x in data):
        raise ValueError(f"input {declared['name']} has values of another type")
    return data


def infer(request):
    ages, sexes = (tensor(request, declared) for declared in INPUTS)
    if len(request["inputs"]) != len(INPUTS):
        raise ValueError("there are inputs that the model does not have")
    data = []
    for age, sex in zip(ages, sexes, strict=True):
        p = 1.0 / (1.0 + math.exp(-(0.1 * (age - 40.0) + (0.5 if sex == "male" else -0.5))))
        data += [1.0 - p, p]
    output = {"name": "probabilities", "datatype": "FP64", "shape": [len(ages), 2], "data": data}
    answer = {"model_name": "credit", "model_version": "1", "outputs": [output]}
    if "id" in request:
        answer["id"] = request["id"]
    return answer


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def answer(self, status, body):
        payload = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def do_GET(self):
        known = {"/v2/models/credit": METADATA, "/v2/health/live": {"live": True}, "/v2/models/credit/ready": {}}
        self.answer(200, known[self.path]) if self.path in known else self.answer(404, {"error": "unknown"})

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path != "/v2/models/credit/infer":
            self.answer(404, {"error": f"no such model: {self.path}"})
            return
        try:
            self.answer(200, infer(json.loads(body)))
        except (KeyError, TypeError, ValueError) as problem:
            self.answer(400, {"error": str(problem)})


if __name__ == "__main__":
    server = HTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        sys.exit(0)
