#!/usr/bin/env python3
"""Times whole `tocsin run` calls and their memory. Usage: bench_runs.py TOCSIN

Each row: the best of three runs, CPU and wall seconds, largest resident memory, and what was promised.
"""
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

TOCSIN = os.path.abspath(sys.argv[1])
HERE = pathlib.Path(__file__).resolve().parent.parent


def run(arguments, repeat=3):
    """Best wall seconds, its CPU seconds, and the largest resident MB of `tocsin run ARGUMENTS`."""
    best = None
    for _ in range(repeat):
        began = time.monotonic()
        process = subprocess.Popen(
            [TOCSIN, "run", *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        errors = process.stderr.read().decode()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - began
        code = os.waitstatus_to_exitcode(status)
        if code not in (0, 1):
            sys.exit(f"tocsin run {' '.join(arguments)} ended with {code}:\n{errors}")
        row = (wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, code)
        best = min(best, row) if best else row
    return best


def row(name, result, promise):
    wall, cpu, megabytes, code = result
    print(f"{name:<58} {wall:7.2f} s {cpu:7.2f} s CPU {megabytes:7.0f} MB   {promise}"
          + ("   (an expectation failed)" if code else ""), flush=True)


def big_system(folder):
    """About a thousand series on one target and fifty alert rules."""
    folder.mkdir()
    lines = ["system: big", "title: Big", "rules: [rules.yml]", "evaluation_interval: 15s", "service:",
             "  job: big", "  instance: localhost:1", "  scrape: {interval: 15s, timeout: 10s}",
             "  signals:"]
    lines += [f"    s{i}: {{value: {i + 1}, noise: 5%}}" for i in range(50)]
    lines += ["  endpoints:"]
    for i in range(20):
        lines += [f"    /e{i}:", "      method: GET", "      latency: {p50: 20ms, p99: 300ms}",
                  "      status: {200: 99%, 500: 1%}"]
    lines += ["  instruments:",
              "    requests_total: {type: counter, help: Requests, counts: requests, "
              "labels: {endpoint: $endpoint, status: $status}}",
              "    duration_seconds: {type: histogram, help: Seconds, observes: latency, "
              "labels: {endpoint: $endpoint}, buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1]}"]
    for i in range(50):
        lines.append(f"    gauge_{i}: {{type: gauge, help: A gauge, series: ["
                     + ", ".join(f"{{labels: {{n: '{n}'}}, value: s{i} * {n + 1}}}"
                                 for n in range(14)) + "]}")
    (folder / "system.yaml").write_text("\n".join(lines) + "\n")
    rules = ["groups:", "  - name: big", "    rules:"]
    for i in range(50):
        kind = i % 5
        expr = [f"gauge_{i} > 1e9", f"avg_over_time(gauge_{i}[10m]) > 1e9",
                "sum by (endpoint) (rate(requests_total{status='500'}[5m])) / "
                f"sum by (endpoint) (rate(requests_total[5m])) > 0.{50 + i}",
                f"histogram_quantile(0.9, sum by (le) (rate(duration_seconds_bucket[5m]))) > {i + 1}",
                f"max_over_time(gauge_{i}[1h]) > 1e9"][kind]
        rules += [f"      - alert: A{i}", f"        expr: {expr}", "        for: 5m",
                  "        labels: {severity: warning}"]
    (folder / "rules.yml").write_text("\n".join(rules) + "\n")


def scenario(path, system, rate, length):
    path.write_text(f"name: {path.stem}\nsystem: {system}\ntraffic:\n  - rate: {rate}/s\n"
                    f"    for: {length}\nexpect:\n  alerts: {{others: none}}\n")


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        procode = sorted(str(p) for p in (HERE / "scenarios/procode").glob("*.yaml")
                         if p.name not in ("system.yaml", "contract.yaml", "live.yaml"))
        row("ProCode's simulated scenarios, one core", run([*procode, "--jobs", "1"]), "under 2 s")
        big_system(folder / "big")
        for rate in (10, 1_000_000):
            path = folder / "big" / f"day-{rate}.yaml"
            scenario(path, "big", rate, "24h")
            row(f"24 h at 15 s, 1,000 series, 50 alerts, {rate:,} requests/s",
                run([str(path)]), "under 2 s, under 300 MB")
            path.unlink()
        many = folder / "many"
        many.mkdir()
        for count in (100, 1000):
            for i in range(count):
                path = many / f"s{i}.yaml"
                path.write_text(f"name: s{i}\nsystem: ../big\nseed: {i}\ntraffic:\n"
                                "  - rate: 50/s\n    for: 10m\nexpect:\n  alerts: {others: none}\n")
            row(f"{count:,} scenarios of ten minutes in one call", run([str(many)], 1),
                "bounded memory")


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
