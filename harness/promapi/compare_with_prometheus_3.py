#!/usr/bin/env python3
"""Asks a real Prometheus 3 and Tocsin the same questions about the same native histograms.

Usage: compare_with_prometheus_3.py SCRIPT_SERVER [--prometheus PROMETHEUS] [--seed N] [--queries N] [--keep-going]
SCRIPT_SERVER is promapi_script_server. Ends with 1 where an answer differs; with 77 (skipped) without a Prometheus 3.
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import compare_with_prometheus as plain
import native_queries
import native_samples
import side_by_side

FEATURES = "native-histograms,promql-experimental-functions,promql-duration-expr"


def close(a, b):
    # What is left of sums that should be zero: of values up to some thousands.
    return plain.close(a, b) or abs(float(a) - float(b)) < 1e-9


def histograms_close(a, b):
    if not close(a["count"], b["count"]) or not close(a["sum"], b["sum"]):
        return False
    # What the storage keeps of empty buckets shows when they are multiplied by NaN.
    ours, theirs = ([x for x in h.get("buckets") or [] if x[3] != "NaN"] for h in (a, b))
    return len(ours) == len(theirs) and all(
        x[0] == y[0] and all(close(p, q) for p, q in zip(x[1:], y[1:])) for x, y in zip(ours, theirs))


def samples(series):
    """[(time, kind, value)] in order of time."""
    found = []
    for kind, key in (("float", "value"), ("float", "values"), ("histogram", "histogram"), ("histogram", "histograms")):
        if key in series:
            found += [(at, kind, value) for at, value in ([series[key]] if key in ("value", "histogram") else series[key])]
    return sorted(found, key=lambda sample: sample[0])


def series_differ(expected, got):
    a, b = samples(expected), samples(got)
    for one, other in zip(a, b):
        same = one[:2] == other[:2] and (close if one[1] == "float" else histograms_close)(one[2], other[2])
        if not same:
            return f"{expected['metric']}:\n    expected {one}\n    got      {other}"
    return "" if len(a) == len(b) else f"{expected['metric']}: expected {len(a)} samples, got {len(b)}"


def data_differs(expected, got):
    if expected["resultType"] not in ("vector", "matrix"):
        return plain.data_differs(expected, got, False)
    if expected["resultType"] != got["resultType"]:
        return f"expected a {expected['resultType']}, got a {got['resultType']}"
    known = {plain.key_of(series): series for series in got["result"]}
    for series in expected["result"]:
        other = known.pop(plain.key_of(series), None)
        if other is None:
            return f"missing: {series}"[:600]
        if wrong := series_differ(series, other):
            return wrong
    return f"not expected: {list(known.values())[0]}"[:600] if known else ""


def known_remark(text):
    """As later versions of Prometheus word it, which name no metric here, and warn of sort_by_label(), too; none of
    operators between vectors, for which Prometheus keeps the last one of a step and Tocsin all."""
    if any(words in text for words in ("sort is ineffective", "incompatible sample types", "incompatible bucket layout")):
        return None
    if "bucket label" in text or "mix of classic and native" in text:
        return re.sub(r' for metric name "[^"]*"', "", text)
    return re.sub(r"(fixed for monotonicity [^)]*\)).*( \(\d+:\d+\))", r"\1\2", text)


def remarks_differ(expected, got):
    for kind in ("warnings", "infos"):
        a, b = ({known_remark(text) for text in answer.get(kind) or []} - {None} for answer in (expected, got))
        if max(len(a), len(b)) < 9 and a != b:
            return f"{kind}:\n    only expected {sorted(a - b)}\n    only got      {sorted(b - a)}"
    return ""


def answer_differs(expected, got):
    a, b = json.loads(expected[1]), json.loads(got[1])
    if expected[0] != got[0]:
        return f"status: expected {expected[0]} {str(a)[:300]}, got {got[0]} {str(b)[:300]}"
    if a["status"] != "success":
        return "" if a["errorType"] == b["errorType"] else f"expected {a}, got {b}"
    return data_differs(a["data"], b["data"]) or remarks_differ(a, b)


def questions(seed, count):
    maker = native_queries.NativeQueryMaker(seed)
    for i in range(count):
        if i % 2 == 0:
            query, at = maker.instant()
            yield "/api/v1/query", {"query": query, "time": at}
        else:
            query, start, end, step = maker.range()
            yield "/api/v1/query_range", {"query": query, "start": start, "end": end, "step": step}


def trees_differ(expected, got):
    """Of parse_query; later versions say more of a node."""
    if isinstance(expected, dict) and isinstance(got, dict):
        return next((f"{key}: {wrong}" for key in expected if (wrong := trees_differ(expected[key], got.get(key)))), "")
    if isinstance(expected, list) and isinstance(got, list) and len(expected) == len(got):
        return next((wrong for a, b in zip(expected, got) if (wrong := trees_differ(a, b))), "")
    return "" if expected == got else f"expected {expected}, got {got}"


def parsed_differently(prometheus, tocsin, query):
    expected, got = (server.ask("POST", "/api/v1/parse_query", {"query": query}) for server in (prometheus, tocsin))
    if expected[0] != got[0]:
        return f"parse_query: expected {expected}, got {got}"[:800]
    return trees_differ(json.loads(expected[1]), json.loads(got[1])) if expected[0] == 200 else ""


# Where Prometheus 3.5 answers otherwise than later versions, which Tocsin follows.
OF_LATER_VERSIONS = [
    r"histogram_(count|sum|avg)\(.*of_both",  # Read without schema, exponential and custom ones were added.
    r"histogram_fraction\(.*(classic_bucket|both_ways)",  # NaN where the last bucket's bound is reached.
    r"mad_over_time\(.*mixed",  # NaN among the samples.
    r"(rate|increase)\([^\]]*level",  # Rates of gauges, of which histograms went below zero.
    # The same warning in two places; without the metric's name it is one.
    r"histogram_(quantile|fraction)\(.*histogram_(quantile|fraction)",
    r"limitk",  # Any series will do.
    r"label_(replace|join)\(.*(last_over_time|round|mixed)",  # Series that become alike at different times.
    r"changes\(signed",  # Now and then spoiled by earlier queries.
    r"-\(.*[%^/=<>]|irate\(\(-",  # What is negated becomes a gauge.
]


def asked_of_later(path, query):
    # In ranges info() mixes series up.
    return any(re.search(known, query) for known in OF_LATER_VERSIONS) or ("info(" in query and path.endswith("range"))


def compare(prometheus, tocsin, options):
    wrong, errors, empty = [], 0, 0
    for path, parameters in questions(options.seed, options.queries):
        if asked_of_later(path, parameters["query"]):
            continue
        expected, got = (server.ask("POST", path, parameters) for server in (prometheus, tocsin))
        errors += expected[0] != 200
        empty += b'"result":[]' in expected[1]
        if difference := answer_differs(expected, got) or parsed_differently(prometheus, tocsin, parameters["query"]):
            wrong.append(f"{path} {parameters}\n  {difference}")
            if not options.keep_going and len(wrong) >= 5:
                break
    print(f"{errors} queries fail in Prometheus, {empty} find nothing")
    if errors + empty > options.queries / 2:
        wrong.append(f"of {options.queries} queries: the comparison says little")
    return wrong


def ask_both(prometheus, tocsin, queries):
    for text in queries:
        at, query = text.split(" ", 1)
        for server in (prometheus, tocsin):
            print(server.name, server.ask("POST", "/api/v1/query", {"query": query, "time": at})[1].decode())
    return []


def run(options, folder):
    loaded = native_samples.series(options.seed)
    (folder / "samples.test").write_text(native_samples.script(loaded))
    (folder / "prometheus.yml").write_text("{}\n")
    prometheus = side_by_side.Server(
        [options.prometheus, "--config.file=prometheus.yml", "--storage.tsdb.path=data", "--storage.tsdb.retention.time=100y",
         "--web.listen-address=127.0.0.1:0", "--web.enable-remote-write-receiver", f"--enable-feature={FEATURES}"],
        folder, "prometheus.log")
    with prometheus:
        native_samples.remote_write(prometheus.port, loaded)
        ours = side_by_side.Server([str(options.server), "samples.test", str(native_samples.START)], folder, "tocsin.log",
                                   stdin=subprocess.PIPE)
        with ours:
            if options.query:
                return ask_both(prometheus, ours, options.query)
            return compare(prometheus, ours, options)


def find_prometheus(named):
    """A Prometheus of version 3 or later; None where there is none."""
    path = named or os.environ.get("PROMETHEUS_3") or shutil.which("prometheus")
    if not path:
        return None
    version = subprocess.run([path, "--version"], capture_output=True, text=True).stdout
    return path if re.search(r"version ([3-9]|\d\d)\.", version) else None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("server", type=lambda text: pathlib.Path(text).resolve())
    parser.add_argument("--prometheus")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--queries", type=int, default=400)
    parser.add_argument("--query", action="append", metavar="TIME EXPRESSION", help="asked instead, at TIME; answers are printed")
    parser.add_argument("--keep-going", action="store_true")
    options = parser.parse_args()
    options.prometheus = find_prometheus(options.prometheus)
    if options.prometheus is None:
        print("no Prometheus 3 (PROMETHEUS_3, or on the PATH): nothing to compare with")
        sys.exit(plain.SKIPPED)
    with tempfile.TemporaryDirectory() as folder:
        wrong = run(options, pathlib.Path(folder))
    print("\n".join(wrong) or f"{options.queries} queries: the same answers")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
