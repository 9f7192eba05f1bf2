#!/usr/bin/env python3
"""The same scenario simulated, live with embedded monitoring, and live with a real Prometheus and Alertmanager.

parity_test.py TOCSIN [NAME…]. Runs the scenarios of testdata/parity, several side by side. The episodes must agree
within one evaluation interval, and the notifications in receiver, group and order. What differs is run once more
with nothing beside it, since a busy machine is late. Exit code 77 (skipped) where
Prometheus or Alertmanager is not installed.
"""
import concurrent.futures
import gzip
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent / "testdata/parity"
TIME_SCALE = 60
SIDE_BY_SIDE = 4
TIME_LIMIT_S = 150
# What the machine's scheduler may add to an interval, in intervals.
SLACK = 0.1


class RunFailed(Exception):
    """A run did not pass."""


def run(tocsin, scenario, folder, *arguments):
    """The evidence of a run."""
    evidence = folder / (scenario.stem + "-".join(arguments[-2:]) + ".gz")
    done = subprocess.run([tocsin, "run", scenario, "--evidence", evidence, *arguments], capture_output=True,
                          text=True, timeout=TIME_LIMIT_S)
    if done.returncode != 0:
        raise RunFailed(f"tocsin run {scenario.name} {' '.join(arguments)} exits {done.returncode}:\n"
                             + done.stdout + done.stderr)
    with gzip.open(evidence, "rt", encoding="utf-8", newline="\n") as file:
        return json.loads(file.readline())


class Story:
    """What a run told, in seconds of scenario time."""

    def __init__(self, evidence, evaluated_late):
        self.evidence = evidence
        run = evidence["run"]
        self.scale = run["time_scale"]
        self.start = run["start"]
        self.interval = run["evaluation_interval"] / 1000
        # Live runs evaluate half an interval after the scrapes.
        self.late = self.interval / 2 if evaluated_late else 0
        self.length = run["planned"] / 1000

    def offset(self, at):
        return None if at is None else (at - self.start) * self.scale / 1000 - self.late

    def episodes(self):
        """By alert and labels: [(pending, firing, resolved), …]."""
        told = {}
        for episode in self.evidence["episodes"]:
            key = episode["group"] + "/" + json.dumps(episode["labels"], sort_keys=True)
            told.setdefault(key, []).append(
                tuple(self.offset(episode.get(turn)) for turn in ("pending_at", "firing_at", "resolved_at")))
        return told

    def notifications(self):
        """By receiver, integration and group, in order: (firing, alerts that fire, alerts that are over)."""
        told = {}
        notified = self.evidence["notified"]
        for record in notified["notifications"]:
            if not record["delivered"]:
                continue
            firing, over = set(), set()
            for entry in notified["lists"][record["alerts"]]:
                index = entry[0] if isinstance(entry, list) else entry
                labels = notified["alerts"][index][0]
                (over if isinstance(entry, list) else firing).add(json.dumps(labels, sort_keys=True))
            key = (record["receiver"], record["integration"], record["integration_index"], self.group_of(record))
            told.setdefault(key, []).append((self.offset(record["at"]), record["firing"], sorted(firing), sorted(over),
                                             notified["texts"][record["title"]]))
        return told

    @staticmethod
    def group_of(record):
        return json.dumps(record["group_labels"], sort_keys=True)


def near_the_end(story, at):
    """What happens in the last moments of a run may come too late for one and not for another."""
    return at is not None and at > story.length - 2 * story.interval


def compare_episodes(a, b):
    problems = []
    first, second = a.episodes(), b.episodes()
    for key in sorted(first.keys() | second.keys()):
        ones = [e for e in first.get(key, []) if not near_the_end(a, e[0])]
        others = [e for e in second.get(key, []) if not near_the_end(b, e[0])]
        if len(ones) != len(others):
            problems.append(f"{key}: {ones} against {others}")
            continue
        for one, other in zip(ones, others):
            for turn, x, y in zip(("pending", "firing", "resolved"), one, other):
                if near_the_end(a, x) or near_the_end(b, y):
                    continue
                if (x is None) != (y is None) or (x is not None and abs(x - y) > (1 + SLACK) * a.interval):
                    problems.append(f"{key}: {turn} at {x} against {y}")
    return problems


def compare_notifications(a, b):
    problems = []
    first, second = a.notifications(), b.notifications()
    for key in sorted(first.keys() | second.keys()):
        ones = [n for n in first.get(key, []) if not near_the_end(a, n[0])]
        others = [n for n in second.get(key, []) if not near_the_end(b, n[0])]
        if [n[1:] for n in ones] != [n[1:] for n in others]:
            problems.append(f"{key}:\n      {ones}\n      {others}")
    return problems


def order_of(story):
    """Who was told when, first to last."""
    everything = [(n[0], key, n[1]) for key, told in story.notifications().items() for n in told]
    return sorted(everything, key=lambda entry: entry[0])


def compare_order(a, b):
    """Two that are told within one interval of each other may change places."""
    order = {}
    for at, key, firing in order_of(b):
        order.setdefault((key, firing), []).append(at)
    problems = []
    last = None
    for at, key, firing in order_of(a):
        times = order.get((key, firing))
        if not times:
            continue
        there = times.pop(0)
        if last is not None and at - last[0] > a.interval and there < last[1] - a.interval:
            problems.append(f"{key} at {at} against {there}, before what came earlier")
        last = (at, there)
    return problems


def check(tocsin, scenario, folder):
    """What was told, and what differs."""
    try:
        return compare(tocsin, scenario, folder)
    except (RunFailed, subprocess.TimeoutExpired) as problem:
        return scenario.stem, [f"  {problem}"]


def compare(tocsin, scenario, folder):
    simulated = Story(run(tocsin, scenario, folder), False)
    live = ["--live", "--time-scale", str(TIME_SCALE), "--stack"]
    embedded = Story(run(tocsin, scenario, folder, *live, "embedded"), True)
    real = Story(run(tocsin, scenario, folder, *live, "real"), True)
    problems = []
    for what, a, b in (("simulated against embedded", simulated, embedded), ("simulated against real", simulated, real),
                       ("embedded against real", embedded, real)):
        for problem in compare_episodes(a, b) + compare_notifications(a, b) + compare_order(a, b):
            problems.append(f"  {what}: {problem}")
    fired = sum(1 for told in simulated.episodes().values() for episode in told if episode[1] is not None)
    told = sum(len(n) for n in simulated.notifications().values())
    if not fired:
        problems.append("  nothing fires in the simulated run")
    if not told:
        problems.append("  nobody is told in the simulated run")
    for warning in real.evidence["run"]["warnings"]:
        if "left as it is by the time scale" not in warning:
            problems.append("  warning: " + warning)
    return f"{scenario.stem}: {fired} episodes fire, {told} notifications", problems


def main():
    if shutil.which("prometheus") is None or not (
            shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")):
        print("Prometheus or Alertmanager is not installed")
        return 77
    tocsin, wanted = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2:]
    scenarios = [path for path in sorted(HERE.glob("*.yaml")) if not wanted or path.stem in wanted]
    if not scenarios:
        print("there is no such scenario")
        return 1
    failed = 0
    with tempfile.TemporaryDirectory(prefix="tocsin-parity-") as folder, \
            concurrent.futures.ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        runs = [pool.submit(check, tocsin, scenario, pathlib.Path(folder)) for scenario in scenarios]
        results = [done.result() for done in runs]
        for scenario, (said, problems) in zip(scenarios, results):
            if problems:
                print("again, alone: " + said, *problems, sep="\n", flush=True)
                said, problems = check(tocsin, scenario, pathlib.Path(folder))
            print(("FAILED " if problems else "ok     ") + said, *problems, sep="\n", flush=True)
            failed += bool(problems)
    print(f"{len(scenarios) - failed} of {len(scenarios)} scenarios told the same three times")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
