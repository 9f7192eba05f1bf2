#!/usr/bin/env python3
"""Writes an OpenMetrics file of counters and gauges for benchmarks.

Usage: gen_samples.py COUNTERS GAUGES HOURS [STEP_S] > FILE

Counters http_requests_total {job, instance, status, method} with resets, gauges temp {job, instance}; metric by
metric as OpenMetrics wants it, a sample each STEP_S (15) seconds. The same arguments give the same bytes.
"""
import random
import sys

START_S = 1_767_225_600  # 2026-01-01


def write_series(out, head, values, times):
    # One join a series: writing lines one by one takes three times as long.
    out.write("".join([f"{head} {value} {at}\n" for value, at in zip(values, times)]))


def main():
    counters, gauges, hours = (int(argument) for argument in sys.argv[1:4])
    step = int(sys.argv[4]) if len(sys.argv) > 4 else 15
    random.seed(4711)
    times = [START_S + i * step for i in range(hours * 3600 // step)]
    out = sys.stdout
    out.write("# TYPE http_requests counter\n# HELP http_requests Requests\n")
    # Random steps for all, shifted for each series: drawing each anew would take most of the time.
    increments = [random.randint(0, 30) for _ in range(len(times) + 1009)]
    for i in range(counters):
        head = (f'http_requests_total{{job="job{i % 5}",instance="10.0.{i // 50}.{i % 50}:8080",'
                f'status="{(200, 200, 204, 404, 500)[i % 5]}",method="{("GET", "POST")[i % 2]}"}}')
        values, value = [], 0
        for k in range(len(times)):
            value += increments[(k + i) % len(increments)]
            if (k * 31 + i * 17) % 5003 == 0:
                value = 0
            values.append(value)
        write_series(out, head, values, times)
    out.write("# TYPE temp gauge\n# HELP temp Degrees\n")
    noise = [f"{50 + 30 * random.random():.3f}" for _ in range(len(times) + 1009)]
    for i in range(gauges):
        head = f'temp{{job="node",instance="10.1.{i // 50}.{i % 50}:9100"}}'
        write_series(out, head, noise[i % 1009:], times)
    out.write("# EOF\n")


main()
