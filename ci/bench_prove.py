#!/usr/bin/env python3
"""Times `tocsin prove` over all systems and over each, on all cores and on one. Usage: bench_prove.py TOCSIN

Each row: the best of three runs, wall and CPU seconds, largest resident memory, causes that were driven, and what was
promised.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

TOCSIN = os.path.abspath(sys.argv[1])
SCENARIOS = pathlib.Path(__file__).resolve().parent.parent / "scenarios"


def proven(arguments, repeat=3):
    """Best wall seconds, its CPU seconds, the resident MB and the number of causes."""
    best = None
    with tempfile.TemporaryDirectory() as name:
        report = pathlib.Path(name) / "proof.json"
        for _ in range(repeat):
            began = time.monotonic()
            process = subprocess.Popen([TOCSIN, "prove", *arguments, "--json", report], stdout=subprocess.DEVNULL)
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.monotonic() - began
            if os.waitstatus_to_exitcode(status) not in (0, 1):
                sys.exit(f"tocsin prove {arguments} ended with {os.waitstatus_to_exitcode(status)}")
            row = (wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
            best = min(best, row) if best else row
        return *best, json.loads(report.read_text())["causes"]


def row(name, arguments, promise=""):
    wall, cpu, megabytes, causes = proven(arguments)
    print(f"{name:<40} {wall:7.2f} s {cpu:7.2f} s CPU {megabytes:6.0f} MB  {causes:4} causes   {promise}", flush=True)


if __name__ == "__main__":
    row("prove, all systems, all cores", [SCENARIOS], "promised: under 10 s on two cores")
    row("prove, all systems, one core", [SCENARIOS, "--jobs", "1"])
    for contract in sorted(SCENARIOS.glob("*/contract.yaml")):
        row(f"prove {contract.parent.name}, one core", [contract.parent, "--jobs", "1"])
