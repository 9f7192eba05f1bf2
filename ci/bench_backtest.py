#!/usr/bin/env python3
"""Times `tocsin backtest` and the reading of its samples. Usage: bench_backtest.py TOCSIN [DAYS]

1,000 series at 15 s for DAYS days (2; 30 is the figure that is promised, and takes 15 GB under /tmp), 100 alert rules
evaluated every 15 s on all cores. Where promtool is installed, it reads the same file into blocks, for comparison.
"""
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile
import time

TOCSIN = os.path.abspath(sys.argv[1])
DAYS = int(sys.argv[2]) if len(sys.argv) > 2 else 2
HERE = pathlib.Path(__file__).resolve().parent


def rules(path):
    """Twenty rules of each kind, over parts of the series."""
    text = "groups:\n"
    for g in range(10):
        text += f"  - name: group{g}\n    rules:\n"
        for i in range(g, 100, 10):
            part = f'instance=~"10.0.{i % 16}.*"'
            expr = [
                f'sum by (job) (rate(http_requests_total{{job="job{i % 4}",{part}}}[5m])) > 11.5',
                f'sum by (instance) (rate(http_requests_total{{status="500",{part}}}[5m])) / '
                f"sum by (instance) (rate(http_requests_total{{{part}}}[5m])) > 0.9",
                f'avg_over_time(temp{{instance=~"10.1.{i % 4}.*"}}[10m]) > 69.{i % 10}',
                f'max by (job) (temp{{instance=~"10.1.{i % 4}.*"}}) > 79.9995',
                f'sum(increase(http_requests_total{{job="job{i % 5}",method="GET"}}[1h])) < {i}',
            ][i % 5]
            text += (f"      - alert: A{i}\n        expr: {expr}\n        for: 5m\n"
                     "        labels: {severity: page}\n"
                     "        annotations: {summary: '{{ $labels.instance }} is at {{ $value }}'}\n")
    path.write_text(text)


def timed(command):
    """Wall seconds, CPU seconds, resident MB, and what was printed."""
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    printed = process.stdout.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - began
    if os.waitstatus_to_exitcode(status) != 0:
        sys.exit(f"{' '.join(map(str, command))} ended with {os.waitstatus_to_exitcode(status)}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, printed


def row(name, measured, more=""):
    print(f"{name:<62} {measured[0]:7.2f} s {measured[1]:7.2f} s CPU {measured[2]:7.0f} MB   {more}", flush=True)


def main():
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        folder = pathlib.Path(name)
        samples = folder / "samples.om"
        with samples.open("wb") as file:
            subprocess.run([sys.executable, HERE / "gen_samples.py", "800", "200", str(24 * DAYS)], check=True,
                           stdout=file)
        measure(folder, samples, DAYS)


def measure(folder, samples, days):
    megabytes = samples.stat().st_size / 1e6
    rules(folder / "rules.yml")
    (folder / "one.yml").write_text("groups: [{name: g, rules: [{alert: A, expr: vector(0) > 1}]}]\n")
    common = [TOCSIN, "backtest", "--samples", samples, "--episodes", "0"]
    read = timed([*common, folder / "one.yml", "--interval", "30d", "--jobs", "1"])
    row(f"read {megabytes:,.0f} MB of OpenMetrics, one core", read,
        f"{megabytes / read[1]:,.0f} MB/s of CPU; promised 200")
    if days <= 2 and shutil.which("promtool"):
        prom = timed(["promtool", "tsdb", "create-blocks-from", "openmetrics", samples, folder / "blocks"])
        row("promtool tsdb create-blocks-from openmetrics", prom, f"{prom[1] / read[1]:.1f} times tocsin's CPU")
    whole = timed([*common, folder / "rules.yml", "--interval", "15s"])
    row(f"backtest of 100 rules, 1,000 series, {days} days at 15 s, all cores", whole,
        "promised for 30 days: under 60 s, under 4,096 MB")
    print("  " + whole[3].strip().splitlines()[-1])


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if len(sys.argv) > 3:  # samples that are there already
        with tempfile.TemporaryDirectory(dir="/tmp") as scratch:
            measure(pathlib.Path(scratch), pathlib.Path(sys.argv[3]), DAYS)
    else:
        main()
