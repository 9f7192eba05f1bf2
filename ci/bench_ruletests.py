#!/usr/bin/env python3
"""Times `tocsin test rules` against promtool on the same files in the same run. Usage: bench_ruletests.py TOCSIN [--whole]

A made file (200 series and 50 alert rules, evaluated every 15 s), and the real test files of TOCSIN_CONFORMANCE_DIR (or
shared/conformance beside the clone) where they are at hand, each from its own folder. --whole takes a whole day for the
made file and real files of any length; without it, two hours, and files that cost promtool up to 2 s. CPU time counts.
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

PROMISED = 20
SHORT = 2.0
TOCSIN = os.path.abspath(sys.argv[1])
WHOLE = "--whole" in sys.argv[2:]


def cpu(command, folder):
    """CPU seconds of a command, its threads and children included, and its exit code."""
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    return usage.ru_utime + usage.ru_stime, os.waitstatus_to_exitcode(status)


def pair(path):
    """promtool's CPU seconds and ours, on one file."""
    theirs, _ = cpu(["promtool", "test", "rules", path.name], path.parent)
    ours, _ = cpu([TOCSIN, "test", "rules", "--promql", "2", path.name], path.parent)
    return theirs, ours


def row(name, theirs, ours):
    print(f"{name:<58} promtool {theirs:8.2f} s CPU   tocsin {ours:7.3f} s CPU   "
          f"{theirs / max(ours, 1e-3):6.0f} times less (promised: {PROMISED})", flush=True)


def made_file(folder, steps):
    """Rates, ratios, quantiles and averages over counters and classic histograms."""
    rules, tests = [], []
    for i in range(50):
        job, host = i % 4, i % 25
        expression = [
            f'rate(calls_total{{job="j{job}",host="h{host}"}}[5m]) > 1000',
            f'sum by (job) (rate(calls_total{{job="j{job}"}}[5m])) < 0',
            f'histogram_quantile(0.9, sum by (le) (rate(took_seconds_bucket{{host="h{host % 10}"}}[5m]))) > 99',
            f'avg_over_time(calls_total{{host="h{host}"}}[10m]) < 0',
            f'sum(increase(calls_total{{job="j{job}"}}[15m])) / sum(increase(calls_total[15m])) > 2',
        ][i % 5]
        rules.append(f"      - alert: A{i}\n        expr: {expression}\n        for: 5m\n"
                     "        annotations: {summary: '{{ $labels.job }} is at {{ $value | humanize }}'}\n")
        tests.append(f"      - {{eval_time: {steps * 15}s, alertname: A{i}}}\n")
    series = [f'calls_total{{job="j{i % 4}",host="h{i // 4}"}}' for i in range(100)]
    series += [f'took_seconds_bucket{{host="h{i // 10}",le="{2 ** (i % 10 - 5) if i % 10 < 9 else "+Inf"}"}}'
               for i in range(100)]
    lines = "".join(f"      - {{series: '{one}', values: '0+{1 + i % 10}x{steps}'}}\n" for i, one in enumerate(series))
    (folder / "rules.yml").write_text("groups:\n  - name: made\n    rules:\n" + "".join(rules))
    (folder / "made.yml").write_text(
        "rule_files: [rules.yml]\nevaluation_interval: 15s\ntests:\n  - interval: 15s\n    input_series:\n" + lines
        + "    alert_rule_test:\n" + "".join(tests))
    return folder / "made.yml"


def corpus():
    named = os.environ.get("TOCSIN_CONFORMANCE_DIR")
    beside = pathlib.Path(__file__).resolve().parents[2] / "shared" / "conformance"
    folder = (pathlib.Path(named) if named else beside) / "rules"
    if not (folder / "verdicts.tsv").exists():
        return
    for line in (folder / "verdicts.tsv").read_text().splitlines()[1:]:
        fields = line.split("\t")
        if WHOLE or float(fields[-1]) <= SHORT:
            yield folder / fields[0]


def main():
    if not shutil.which("promtool"):
        return print("rule unit tests: no promtool here to compare with")
    with tempfile.TemporaryDirectory() as name:
        made = made_file(pathlib.Path(name), 5760 if WHOLE else 480)
        for command in (["promtool", "test", "rules", made.name], [TOCSIN, "test", "rules", made.name]):
            if subprocess.run(command, cwd=made.parent, stdout=subprocess.DEVNULL).returncode != 0:
                sys.exit(f"{' '.join(command)} failed")
        row(f"made: 200 series, 50 rules, {'a day' if WHOLE else '2 h'}", *pair(made))
    files = list(corpus())
    if files:
        pairs = [pair(path) for path in files]
        row(f"{len(files)} real test files, one by one", sum(p[0] for p in pairs), sum(p[1] for p in pairs))


if __name__ == "__main__":
    main()
