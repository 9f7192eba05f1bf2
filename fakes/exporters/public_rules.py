#!/usr/bin/env python3
"""Public alert rules over a quiet day of the mock exporters: from then on none may fire. (Before, averages over a day
compare with a day that has hardly begun, as on any new Prometheus.)

public_rules.py TOCSIN FOLDER: FOLDER holds node.yml, postgres.yml, redis.yml, as public collections have them. Skipped
(77) without it."""

import gzip
import json
import os
import pathlib
import subprocess
import sys
import tempfile

SKIP = 77

SYSTEM = """
system: mocks
rules: [{rules}]
service:
  job: shop
  instance: localhost:8080
  endpoints:
    /buy: {{latency: {{p50: 50ms, p99: 200ms}}}}
exporters:
  node: {{kind: node, collectors: [systemd, mdadm, bonding, hwmon, edac]}}
  postgres: {{kind: postgres, replicas: [10.0.0.7], collectors: [stat_user_tables, postmaster, replication, bloat]}}
  redis: {{kind: redis, replicas: ["10.0.0.8:6379"], collectors: [system]}}
  redis_replica: {{kind: redis, port: 9122, replica_of: "10.0.0.1:6379"}}
"""

SCENARIO = """
name: A quiet day
system: .
traffic: [{rate: 10/s, for: 26h}]
expect: {alerts: {others: none}}
"""


def main() -> int:
    tocsin, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    if conformance := os.environ.get("TOCSIN_CONFORMANCE_DIR"):
        folder = pathlib.Path(conformance).parent / "reference" / "rules"
    files = [folder / f"{name}.yml" for name in ("node", "postgres", "redis")]
    if not all(file.is_file() for file in files):
        print(f"skipped: no rules in {folder}")
        return SKIP
    with tempfile.TemporaryDirectory() as scratch:
        root = pathlib.Path(scratch)
        rules = ", ".join(str(file.resolve()) for file in files)
        (root / "system.yaml").write_text(SYSTEM.format(rules=rules))
        (root / "quiet.yaml").write_text(SCENARIO)
        evidence = root / "evidence.json"
        run = subprocess.run([tocsin, "run", root / "quiet.yaml", "--evidence", evidence], capture_output=True, text=True)
        if run.returncode not in (0, 1):
            print(run.stdout + run.stderr)
            return 1
        return judge(json.loads(gzip.decompress(evidence.read_bytes()).split(b"\n", 1)[0]))


def judge(evidence):
    fired = {}
    settled = evidence["run"]["start"] + 25 * 3600 * 1000
    for episode in evidence["episodes"]:
        over = episode.get("resolved_at")
        if "firing_at" in episode and (over is None or over >= settled):
            fired.setdefault(episode["alert"], []).append(episode["labels"])
    for alert, labels in sorted(fired.items()):
        print(f"FAILED: {alert} fired {len(labels)} times, e.g. {labels[0]}")
    return 1 if fired else 0


if __name__ == "__main__":
    sys.exit(main())
