#!/usr/bin/env python3
"""Public alert rules over the mock exporters: quiet days ring none of them, and each rings under its trouble.

public_rules.py TOCSIN FOLDER TROUBLES: FOLDER holds node.yml, postgres.yml, redis.yml and celery-mixin.yml, as public
collections have them; TROUBLES is testdata/public_troubles.yaml. In the quiet run what fires within the first 25 hours is
not counted: averages over a day compare with a day that has hardly begun, as on any new Prometheus. Skipped (77) without
the rules."""

import gzip
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import yaml

SKIP = 77
FILES = ("node", "postgres", "redis", "celery-mixin")

SYSTEM = """
system: mocks
rules: [{rules}]
evaluation_interval: {interval}
service:
  job: shop
  instance: localhost:8080
  scrape: {{interval: {interval}}}
  endpoints:
    /buy: {{latency: {{p50: 50ms, p99: 200ms}}}}
exporters:
"""

NODE = "  node: {kind: node, collectors: [systemd, mdadm, bonding, hwmon, edac], scrape: {interval: INTERVAL}}\n"
POSTGRES = """
  postgres:
    kind: postgres
    replicas: [10.0.0.7]
    collectors: [stat_user_tables, postmaster, replication, bloat, txid, general_index_info, stat_ssl]
"""
REDIS = """
  redis: {kind: redis, replicas: ["10.0.0.8:6379"], collectors: [system]}
  redis_replica: {kind: redis, port: 9122, replica_of: "10.0.0.1:6379"}
"""
CELERY = "  celery: {kind: celery}\n"

# Each with its rules, its interval, its exporters.
SYSTEMS = {
    "all": (FILES, "15s", NODE + POSTGRES + REDIS + CELERY),
    "node": (["node"], "15s", NODE),
    "postgres": (["postgres"], "15s", POSTGRES),
    "redis": (["redis"], "15s", REDIS),
    "cluster": (["redis"], "15s", "  redis: {kind: redis, cluster: true}\n"),
    "celery": (["celery-mixin"], "15s", CELERY),
    # A week of scrapes every five minutes.
    "weeks": (["node"], "5m", NODE),
}


def main() -> int:
    tocsin, folder, troubles = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    if conformance := os.environ.get("TOCSIN_CONFORMANCE_DIR"):
        folder = pathlib.Path(conformance).parent / "reference" / "rules"
    files = [folder / f"{name}.yml" for name in FILES]
    if not all(file.is_file() for file in files):
        print(f"skipped: no rules in {folder}")
        return SKIP
    known = yaml.safe_load(troubles.read_text())
    alerts = [rule["alert"] for file in files for group in yaml.safe_load(file.read_text())["groups"]
              for rule in group["rules"] if "alert" in rule]
    problems = [f"{name}: no trouble is known for it" for name in alerts if name not in known]
    with tempfile.TemporaryDirectory() as scratch:
        root = pathlib.Path(scratch)
        for name, (rules, interval, exporters) in SYSTEMS.items():
            listed = ", ".join(str((folder / f"{file}.yml").resolve()) for file in rules)
            (root / name).mkdir()
            (root / name / "system.yaml").write_text(
                SYSTEM.format(rules=listed, interval=interval) + exporters.replace("INTERVAL", interval))
        problems += quiet(tocsin, root)
        expected = {name: known[name] for name in alerts if name in known}
        problems += provoke(tocsin, root, expected)
    for problem in problems:
        print("FAILED: " + problem)
    return 1 if problems else 0


def run(tocsin, scenario, evidence):
    done = subprocess.run([tocsin, "run", scenario, "--evidence", evidence], capture_output=True, text=True)
    if done.returncode not in (0, 1):
        raise SystemExit(f"FAILED: {scenario.name}: {done.stdout}{done.stderr}")
    return json.loads(gzip.decompress(evidence.read_bytes()).split(b"\n", 1)[0])


def quiet(tocsin, root):
    scenario = root / "all" / "quiet.yaml"
    scenario.write_text("name: A quiet day\nsystem: .\ntraffic: [{rate: 10/s, for: 26h}]\n"
                        "expect: {alerts: {others: none}}\n")
    evidence = run(tocsin, scenario, root / "evidence.json")
    settled = evidence["run"]["start"] + 25 * 3600 * 1000
    fired = {}
    for episode in evidence["episodes"]:
        over = episode.get("resolved_at")
        if "firing_at" in episode and (over is None or over >= settled):
            fired.setdefault(episode["alert"], []).append(episode["labels"])
    print(f"quiet: {len(fired)} alerts after a day of 26 hours")
    return [f"{alert} fired {len(labels)} times on a quiet day, e.g. {labels[0]}" for alert, labels in fired.items()]


def provoke(tocsin, root, troubles):
    """Each alert begins to fire after its trouble has begun, and was silent before it."""
    problems, rang, never = [], 0, {}
    for alert, trouble in troubles.items():
        fault = dict(trouble)
        if "never" in fault:
            never[alert] = fault["never"]
            continue
        kind = next(name.split("_")[0] for name in fault if name.split("_")[0] in SYSTEMS)
        scenario = root / fault.pop("system", kind) / "trouble.yaml"
        fault = {"at": "1h", "for": "30m", **fault}
        hours = int(fault["at"].removesuffix("h"))
        scenario.write_text(json.dumps({
            "name": alert, "system": ".", "faults": [fault], "traffic": [{"rate": "10/s", "for": f"{hours + 1}h"}],
            # Something must be expected; what fires is looked at here.
            "expect": {"metrics": [{"that": "vector(1)", "at": "1h", "is": 1}]}}))
        evidence = run(tocsin, scenario, root / "evidence.json")
        begins = evidence["run"]["start"] + hours * 3600 * 1000
        episodes = [e for e in evidence["episodes"] if e["alert"] == alert and "firing_at" in e]
        early = [e for e in episodes if e["firing_at"] < begins <= e.get("resolved_at", begins)]
        fired = [e["firing_at"] for e in episodes]
        if any(at >= begins for at in fired) and not early:
            rang += 1
        else:
            problems.append(f"{alert} fired at {[at - begins for at in fired]} ms after {trouble}")
    print(f"troubles: {rang} of {len(troubles)} alerts rang, {len(never)} never can:")
    for alert, why in never.items():
        print(f"  {alert}: {why}")
    return problems


if __name__ == "__main__":
    sys.exit(main())
