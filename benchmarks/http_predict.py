"""What one prediction over HTTP costs the server, in CPU time, beside other ways to serve a model of equal size.

    python benchmarks/http_predict.py [--quick] [--rounds N]

Each server runs in a process of its own on loopback and answers the same client over one kept connection, in
interleaved rounds; counted is the CPU time of the server's processes, not the time on the clock. The KAN has shape
[4, 5, 1] at grid 5, the peers serve an MLP of about as many numbers. Latencies at the end are on the clock, client and
server on the same cores.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import psutil
from peers.protocol import BENCHMARKS, ONE_THREAD, OURS

SERVERS = BENCHMARKS.parent / ".venv-servers"
MODEL = "bench"
ROW = [0.1, -0.2, 0.3, -0.4]
START_SECONDS = 90.0


@dataclass(frozen=True)
class Server:
    """One that is asked.

    Attributes:
        command: starts it on the port that takes the place of {port}.
        environment: of Python's; it is left out where that is not there.
        processes: that share the port.
    """

    name: str
    command: tuple[str, ...]
    environment: Path = OURS
    processes: int = 1


@dataclass(frozen=True)
class Request:
    """What one case sends, to one server."""

    path: str
    body: bytes
    headers: dict[str, str]


ASGI = ("-m", "uvicorn", "--port", "{port}", "--no-access-log", "--log-level", "error")
OURS_SERVED = Server("kan-service", ("-m", "service", "serve", "--workers", "0", "--port", "{port}"))
OURS_TWICE = replace(OURS_SERVED, name="kan-service, two processes", processes=2)
PEERS = (
    Server("bare Starlette echo", (*ASGI, "servers.echo:app")),
    Server("FastAPI as in its tutorial", (*ASGI, "servers.tutorial:app")),
    Server("LitServe", ("-m", "servers.with_litserve", "{port}"), SERVERS),
    Server("MLServer", ("-m", "servers.with_mlserver", "{port}"), SERVERS),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="a sanity run: fewer requests, two rounds")
    asked = parser.parse_args()
    rounds, requests = (2, 300) if asked.quick else (asked.rounds, 1_000)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        publish(folder)
        servers = (OURS_SERVED, OURS_TWICE, *PEERS)
        running = {server.name: stack.enter_context(started(server, folder)) for server in servers}
        running = {name: (process, port) for name, (process, port) in running.items() if process is not None}
        print_costs({name: found for name, found in running.items() if name != OURS_TWICE.name}, rounds, requests)
        print()
        print_latencies(running, requests)


def publish(folder: str) -> None:
    """Makes the database with one model of random numbers: what it says does not matter here."""
    code = Path(__file__).parent / "peers" / "servers" / "published.py"
    subprocess.run([str(OURS / "bin" / "python"), str(code), database(folder), MODEL], check=True)


def database(folder: str) -> str:
    return f"sqlite:///{folder}/kan.sqlite3"


@contextmanager
def started(server: Server, folder: str) -> Iterator[tuple[psutil.Process | None, int]]:
    """Gives a server's process when it listens; None where its environment is not there."""
    python = server.environment / "bin" / "python"
    if not python.exists():
        print(f"{server.name}: left out, {server.environment.name} is not there (`make peers`)", file=sys.stderr)
        yield None, 0
        return
    port = free_port()
    environment = {
        **os.environ,
        **ONE_THREAD,
        "KAN_DATABASE_URL": database(folder),
        "KAN_SHARE_PORT": "true",
        "PYTHONPATH": str(BENCHMARKS / "peers"),
    }
    command = [str(python), *(part.format(port=port) for part in server.command)]
    where = BENCHMARKS.parent if server.command is OURS_SERVED.command else folder
    processes = [
        subprocess.Popen(command, cwd=where, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(server.processes)
    ]
    try:
        for process in processes:
            wait_until_listening(port, process)
        yield psutil.Process(processes[0].pid), port
    finally:
        for process in processes:
            end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """Ends a server and all that it started."""
    with suppress(psutil.NoSuchProcess):
        for child in psutil.Process(process.pid).children(recursive=True):
            child.kill()
    process.kill()
    process.wait()


def wait_until_listening(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/")
            connection.getresponse().read()
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("a server did not start")


def cases(name: str) -> dict[str, Request]:
    """Gives what is asked of a server; only ours and MLServer speak more than one tongue."""
    found: dict[str, Request] = {}
    for rows in (1, 1_000):
        table = [ROW] * rows
        plain = Request("/predict", json.dumps({"rows": table}).encode(), {"Content-Type": "application/json"})
        if name in (OURS_SERVED.name, OURS_TWICE.name):
            url = f"/v1/models/{MODEL}/versions/latest/predict"
            found[f"{rows} rows, JSON"] = Request(url, plain.body, plain.headers)
            found[f"{rows} rows, raw bytes"] = raw_bytes(table)
        elif name == "MLServer":
            tensor = {
                "name": "x",
                "shape": [rows, 4],
                "datatype": "FP64",
                "data": [value for row in table for value in row],
            }
            found[f"{rows} rows, JSON"] = Request(
                "/v2/models/m/infer", json.dumps({"inputs": [tensor]}).encode(), plain.headers
            )
        else:
            found[f"{rows} rows, JSON"] = plain
    return found


def raw_bytes(table: list[list[float]]) -> Request:
    values = np.array(table).tobytes()
    tensor = {
        "name": "x",
        "shape": [len(table), 4],
        "datatype": "FP64",
        "parameters": {"binary_data_size": len(values)},
    }
    text = json.dumps({"inputs": [tensor], "parameters": {"binary_data_output": True}}).encode()
    headers = {"Inference-Header-Content-Length": str(len(text)), "Content-Type": "application/octet-stream"}
    return Request(f"/v2/models/{MODEL}/infer", text + values, headers)


def print_costs(running: dict[str, tuple[psutil.Process, int]], rounds: int, requests: int) -> None:
    costs: dict[tuple[str, str], list[float]] = {}
    for _ in range(rounds):
        for name, (process, port) in running.items():
            for label, request in cases(name).items():
                count = requests if label.startswith("1 ") else requests // 2
                costs.setdefault((label, name), []).append(cpu_per_request(process, port, request, count))
    print("| rows, format | server | CPU of the server, ms a request | x bare echo |")
    print("|---|---|---|---|")
    for (label, name), found in sorted(costs.items()):
        echo = statistics.median(costs[label.split(",")[0] + ", JSON", "bare Starlette echo"])
        print(f"| {label} | {name} | {statistics.median(found):.3f} | {statistics.median(found) / echo:.1f} |")


def cpu_per_request(process: psutil.Process, port: int, request: Request, count: int) -> float:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for _ in range(10):
        ask(connection, request)
    before = cpu_seconds(process)
    for _ in range(count):
        ask(connection, request)
    return (cpu_seconds(process) - before) / count * 1_000


def ask(connection: http.client.HTTPConnection, request: Request) -> None:
    connection.request("POST", request.path, request.body, request.headers)
    answer = connection.getresponse()
    body = answer.read()
    assert answer.status == 200, body[:500]


def cpu_seconds(process: psutil.Process) -> float:
    """Of the server and of all that it started."""
    times = [each.cpu_times() for each in (process, *process.children(recursive=True))]
    return sum(each.user + each.system for each in times)


def print_latencies(running: dict[str, tuple[psutil.Process, int]], requests: int) -> None:
    print("| server, 1 row | connections | requests/s | p50, ms | p99, ms |")
    print("|---|---|---|---|---|")
    for name, (_, port) in running.items():
        request = cases(name)["1 rows, JSON"]
        for connections in (1, 16, 64):
            spent, found = asyncio.run(load(port, request, connections, requests))
            p50, p99 = np.percentile(found, [50, 99]) * 1_000
            print(f"| {name} | {connections} | {len(found) / spent:.0f} | {p50:.2f} | {p99:.2f} |")


async def load(port: int, request: Request, connections: int, requests: int) -> tuple[float, list[float]]:
    """Gives seconds in all, and of each request."""
    head = [f"POST {request.path} HTTP/1.1", f"Host: 127.0.0.1:{port}", f"Content-Length: {len(request.body)}"]
    head += [f"{name}: {value}" for name, value in request.headers.items()]
    message = "\r\n".join((*head, "", "")).encode() + request.body
    began = time.perf_counter()
    found = await asyncio.gather(*(one_client(port, message, requests // connections + 1) for _ in range(connections)))
    return time.perf_counter() - began, [seconds for each in found for seconds in each]


async def one_client(port: int, message: bytes, count: int) -> list[float]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    found = []
    for _ in range(count):
        began = time.perf_counter()
        writer.write(message)
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(int(length.split(b":")[1]))
        found.append(time.perf_counter() - began)
    writer.close()
    return found


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


if __name__ == "__main__":
    main()
