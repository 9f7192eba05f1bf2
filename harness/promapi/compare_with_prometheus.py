#!/usr/bin/env python3
"""Asks a real Prometheus 2 and `tocsin serve --samples … --promql 2` the same questions about the same samples.

Usage: compare_with_prometheus.py TOCSIN [--seed N] [--queries N] [--keep-going]
Ends with 1 where an answer differs; with 77 (skipped) where prometheus or promtool is not installed.
"""
import argparse
import json
import math
import pathlib
import sys
import tempfile

import promql_queries
import side_by_side

TOLERANCE = 1e-5
# What is left of sums that should be zero; Prometheus 2 adds series up in random order.
ROUNDING = 1e-14
SKIPPED = 77


def close(left, right):
    if left == right:
        return True
    a, b = float(left), float(right)
    if math.isnan(a) or math.isnan(b):
        return math.isnan(a) and math.isnan(b)
    if math.isinf(a) or math.isinf(b):
        return a == b
    return abs(a - b) <= max(TOLERANCE * max(abs(a), abs(b)), ROUNDING)


def samples_differ(expected, got):
    for kind in ("value", "values"):
        a, b = expected.get(kind), got.get(kind)
        if (a is None) != (b is None):
            return f"{kind}: expected {a}, got {b}"
        if a is None:
            continue
        a, b = ([a], [b]) if kind == "value" else (a, b)
        for one, other in zip(a, b):
            if one[0] != other[0] or not close(one[1], other[1]):
                return f"expected {one}, got {other}"
        if len(a) != len(b):
            return f"expected {len(a)} samples, got {len(b)}"
    return ""


def key_of(series):
    return json.dumps(series["metric"], sort_keys=True)


def data_differs(expected, got, ordered):
    """What is wrong; empty when nothing is."""
    if expected["resultType"] != got["resultType"]:
        return f"expected a {expected['resultType']}, got a {got['resultType']}"
    if expected["resultType"] in ("scalar", "string"):
        (at, value), (other_at, other) = expected["result"], got["result"]
        same = at == other_at and (value == other if expected["resultType"] == "string" else close(value, other))
        return "" if same else f"expected {expected['result']}, got {got['result']}"
    known = {key_of(series): series for series in got["result"]}
    if len(known) != len(got["result"]):
        return "two series with equal labels"
    for series in expected["result"]:
        other = known.pop(key_of(series), None)
        if other is None:
            return f"missing: {series}"[:400]
        if wrong := samples_differ(series, other):
            return f"{series['metric']}: {wrong}"
    if known:
        return f"not expected: {list(known.values())[0]}"[:400]
    if ordered:
        pairs = zip(expected["result"], got["result"])
        if not all(close(a["value"][1], b["value"][1]) for a, b in pairs):
            return "in another order"
    if expected["resultType"] == "matrix" and list(map(key_of, expected["result"])) != list(map(key_of, got["result"])):
        return "series in another order"
    return ""


def answer_differs(expected, got, query):
    """Compares two answers of query or query_range."""
    if expected[0] != got[0]:
        return f"status: expected {expected[0]} {expected[1][:300]}, got {got[0]} {got[1][:300]}"
    a, b = json.loads(expected[1]), json.loads(got[1])
    if a["status"] != "success":
        return "" if a["errorType"] == b["errorType"] else f"expected {a}, got {b}"
    ordered = query.startswith(("sort", "topk", "bottomk")) and a["data"]["resultType"] == "vector"
    return data_differs(a["data"], b["data"], ordered)


def questions(seed, count):
    """(path, parameters)"""
    maker = promql_queries.QueryMaker(seed)
    for i in range(count):
        if i % 2 == 0:
            query, at = maker.instant()
            yield "/api/v1/query", {"query": query, "time": at}
        else:
            query, start, end, step = maker.range()
            yield "/api/v1/query_range", {"query": query, "start": start, "end": end, "step": step}


WHOLE = {"start": promql_queries.START - 3600, "end": promql_queries.END + 3600}
# Asked of both, and to be answered alike to the letter (but for the words of errors).
OTHER_QUESTIONS = [
    ("GET", "/api/v1/labels", WHOLE),
    ("POST", "/api/v1/labels", WHOLE),
    ("GET", "/api/v1/labels", {**WHOLE, "match[]": "temp"}),
    ("GET", "/api/v1/label/job/values", WHOLE),
    ("GET", "/api/v1/label/__name__/values", WHOLE),
    ("GET", "/api/v1/label/instance/values", {**WHOLE, "match[]": 'queue_length{job="api"}'}),
    ("GET", "/api/v1/label/nothing/values", WHOLE),
    ("GET", "/api/v1/label/no-label/values", WHOLE),
    ("POST", "/api/v1/label/job/values", WHOLE),
    ("GET", "/api/v1/series", {**WHOLE, "match[]": "temp"}),
    ("POST", "/api/v1/series", {**WHOLE, "match[]": '{__name__=~"rare|temp",instance!="a:1"}'}),
    ("GET", "/api/v1/series", WHOLE),
    ("GET", "/api/v1/series", {**WHOLE, "match[]": "temp{"}),
    ("GET", "/api/v1/series", {**WHOLE, "match[]": '{job=~".*"}'}),
    ("GET", "/api/v1/series", {**WHOLE, "match[]": "sum(temp)"}),
    ("GET", "/api/v1/series", {"match[]": "temp", "start": "yesterday"}),
    ("GET", "/api/v1/query", {"query": "temp", "time": "nonsense"}),
    ("GET", "/api/v1/query", {"query": "temp{"}),
    ("GET", "/api/v1/query", {}),
    ("GET", "/api/v1/query", {"query": "temp", "timeout": "soon"}),
    ("GET", "/api/v1/query", {"query": "1", "time": "2023-11-14T23:00:00.5Z"}),
    ("GET", "/api/v1/query", {"query": "1", "time": "2023-11-14T23:00:00+01:00"}),
    ("GET", "/api/v1/query", {"query": "vector(1e21)", "time": 0.001}),
    ("GET", "/api/v1/query", {"query": "vector(1e-7)", "time": -1.5}),
    ("POST", "/api/v1/query", {"query": "temp * on (room) group_left temp", "time": promql_queries.END}),
    ("GET", "/api/v1/query_range", {"query": "temp", "start": 1, "end": 0, "step": 1}),
    ("GET", "/api/v1/query_range", {"query": "temp", "start": 0, "end": 1, "step": 0}),
    ("GET", "/api/v1/query_range", {"query": "temp", "start": 0, "end": 11000, "step": 1}),
    ("GET", "/api/v1/query_range", {"query": "temp", "start": 0, "end": 11001, "step": 1}),
    ("GET", "/api/v1/query_range", {"query": "temp[5m]", "start": 0, "end": 1, "step": 1}),
    ("GET", "/api/v1/query_range", {"query": '"a"', "start": 0, "end": 1, "step": 1}),
    ("GET", "/api/v1/query_range", {"query": "1", "start": 0, "end": 1, "step": "1ms"}),
    ("GET", "/api/v1/query_range", {"query": "1", "start": 0, "end": 1, "step": "often"}),
    ("GET", "/api/v1/query_range", {"query": "1", "end": 1, "step": 1}),
    ("GET", "/api/v1/query_exemplars", {"query": "temp", "start": 0, "end": 1}),
    ("POST", "/api/v1/query_exemplars", {"query": "temp", "start": 0, "end": 1}),
    ("GET", "/api/v1/query_exemplars", {"query": "temp{", "start": 0, "end": 1}),
    ("GET", "/api/v1/query_exemplars", {"query": "temp", "start": "x", "end": 1}),
    ("GET", "/api/v1/query_exemplars", {"query": "temp", "start": 5, "end": 1}),
    ("GET", "/api/v1/rules", {"type": "alert"}),
    ("GET", "/api/v1/rules", {"type": "record"}),
    ("GET", "/api/v1/rules", {}),
    ("GET", "/api/v1/rules", {"type": "nonsense"}),
    ("GET", "/api/v1/alerts", {}),
    ("GET", "/api/v1/format_query", {"query": "sum(rate(temp[5m]))by(job)"}),
    ("POST", "/api/v1/format_query", {"query": "a   + b"}),
    ("GET", "/api/v1/format_query", {}),
    ("GET", "/api/v1/metadata", {"limit": "x"}),
    ("GET", "/api/v1/targets", {"state": "active"}),
    ("GET", "/api/v1/targets/metadata", {}),
    ("GET", "/api/v1/scrape_pools", {}),
    ("GET", "/api/v1/alertmanagers", {}),
    ("GET", "/api/v1/status/walreplay", {}),
    ("GET", "/api/v1/status/nothing", {}),
    ("GET", "/api/v1/nothing", {}),
    ("POST", "/api/v1/rules", {}),
    ("DELETE", "/api/v1/query", {}),
    ("GET", "/-/healthy", {}),
    ("GET", "/-/ready", {}),
]


# What they say of themselves differs; what they say it of does not.
SAME_KEYS = ["status/runtimeinfo", "status/tsdb", "status/buildinfo", "status/config"]


def compare_keys(prometheus, tocsin):
    wrong = []
    for path in SAME_KEYS:
        expected, got = (json.loads(server.ask("GET", "/api/v1/" + path)[1])["data"] for server in (prometheus, tocsin))
        if missing := sorted(set(expected) - set(got)):
            wrong.append(f"{path}: without {missing}")
    return wrong


def compare_other(prometheus, tocsin):
    wrong = compare_keys(prometheus, tocsin)
    for method, path, parameters in OTHER_QUESTIONS:
        expected, got = (server.ask(method, path, parameters) for server in (prometheus, tocsin))
        what = f"{method} {path} {parameters}"
        if expected[0] != got[0]:
            wrong.append(f"{what}\n  expected {expected}\n  got {got}")
        elif path.startswith("/api/") and expected[0] not in (404, 405):
            a, b = json.loads(expected[1]), json.loads(got[1])
            if a["status"] == "error":
                a, b = a["errorType"], b["errorType"]
            if path.endswith("/series"):
                a["data"].sort(key=str) if isinstance(a, dict) else None
                b["data"].sort(key=str) if isinstance(b, dict) else None
            if a != b:
                wrong.append(f"{what}\n  expected {a}\n  got {b}"[:1000])
    return wrong


def compare_queries(prometheus, tocsin, options):
    wrong, errors, empty = [], 0, 0
    for path, parameters in questions(options.seed, options.queries):
        expected, got = (server.ask("POST", path, parameters) for server in (prometheus, tocsin))
        errors += expected[0] != 200
        empty += b'"result":[]' in expected[1]
        if difference := answer_differs(expected, got, parameters["query"]):
            wrong.append(f"{path} {parameters}\n  {difference}")
            if not options.keep_going and len(wrong) >= 5:
                break
    print(f"{errors} queries fail in Prometheus, {empty} find nothing")
    if errors + empty > options.queries / 2:
        wrong.append(f"of {options.queries} queries: the comparison says little")
    return wrong


def run(options, folder):
    (folder / "samples.om").write_text(promql_queries.openmetrics(options.seed))
    with side_by_side.both(options.tocsin, folder) as (prometheus, tocsin):
        return compare_other(prometheus, tocsin) + compare_queries(prometheus, tocsin, options)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tocsin", type=lambda text: pathlib.Path(text).resolve())
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--queries", type=int, default=400)
    parser.add_argument("--keep-going", action="store_true")
    options = parser.parse_args()
    if not side_by_side.installed():
        print("prometheus and promtool are not installed: nothing to compare with")
        sys.exit(SKIPPED)
    with tempfile.TemporaryDirectory() as folder:
        wrong = run(options, pathlib.Path(folder))
    print("\n".join(wrong) or f"{options.queries} queries and {len(OTHER_QUESTIONS)} other questions: the same answers")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
