#!/usr/bin/env python3
"""Times range queries against a real Prometheus over the same samples in the same run. Usage: bench_queries.py TOCSIN

1,000 counters and 200 gauges, 24 h at 15 s, each query at a step of 15 s over HTTP, in turns. "evaluation" is what both
servers say of themselves (stats=all), "HTTP" the time until the whole answer is there. The best of the rounds counts.
"""
import json
import pathlib
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "harness/promapi"))
import side_by_side  # noqa: E402

START_S = 1_767_225_600
ROUNDS = 3
PROMISED = 10
QUERIES = [
    "sum by (job,status) (rate(http_requests_total[5m]))",
    "sum(http_requests_total)",
    "max_over_time(temp[1h])",
    "quantile_over_time(0.95, temp[10m])",
    "topk(5, rate(http_requests_total[1m]))",
]


def timed(server, query):
    """Seconds over HTTP and of evaluation, and how many series came."""
    parameters = {"query": query, "start": START_S, "end": START_S + 24 * 3600 - 15, "step": 15, "stats": "all",
                  "timeout": "10m"}
    began = time.monotonic()
    status, body = server.ask("POST", "/api/v1/query_range", parameters)
    took = time.monotonic() - began
    if status != 200:
        sys.exit(f"{server.name} answers {query} with {status}: {body[:300]}")
    data = json.loads(body)["data"]
    return took, data["stats"]["timings"]["evalTotalTime"], len(data["result"])


def best(server, query):
    runs = [timed(server, query) for _ in range(ROUNDS)]
    return min(run[0] for run in runs), min(run[1] for run in runs), runs[0][2]


def main():
    tocsin = pathlib.Path(sys.argv[1]).resolve()
    if not side_by_side.installed():
        print("prometheus and promtool are not installed: nothing to compare with")
        return
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        with open(folder / "samples.om", "wb") as file:
            subprocess.run([sys.executable, HERE / "gen_samples.py", "1000", "200", "24"], stdout=file, check=True)
        with side_by_side.both(tocsin, folder, "--query.max-samples=500000000", "--query.timeout=10m") as servers:
            for query in QUERIES:
                theirs, ours = (best(server, query) for server in servers)
                if theirs[2] != ours[2]:
                    sys.exit(f"{query}: {theirs[2]} series against {ours[2]}")
                print(f"{query:<54} evaluation {theirs[1]:7.3f} s / {ours[1]:6.3f} s = {theirs[1] / ours[1]:5.1f} "
                      f"(promised: {PROMISED})   HTTP {theirs[0]:7.3f} s / {ours[0]:6.3f} s = {theirs[0] / ours[0]:5.1f}",
                      flush=True)


main()
