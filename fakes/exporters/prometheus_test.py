#!/usr/bin/env python3
"""A real Prometheus scrapes all live mocks of some systems at once and evaluates their rules, without a word of warning.

prometheus_test.py TOCSIN SYSTEM…. Exit code 77 (skipped) where prometheus is not installed."""

import contextlib
import json
import pathlib
import re
import shutil
import sys
import tempfile
import time
import urllib.parse

from real_exporters import PATIENCE_S, SKIP, free_port, mocks, page_of, process

# celery-exporter takes two seconds for an answer.
CONFIG = """
global: {{scrape_interval: 4s, scrape_timeout: 4s, evaluation_interval: 4s}}
rule_files: [{rules}]
scrape_configs:
{jobs}"""


def ask(prometheus, path, **parameters):
    return json.loads(page_of(f"http://{prometheus}/api/v1/{path}?" + urllib.parse.urlencode(parameters)))["data"]


def query(prometheus, expression):
    return ask(prometheus, "query", query=expression)["result"]


def main():
    tocsin, *systems = sys.argv[1:]
    if shutil.which("prometheus") is None:
        print("skipped: prometheus is not installed")
        return SKIP
    problems = []
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as running:
        scratch = pathlib.Path(name)
        targets, rules = {}, []
        for system in map(pathlib.Path, systems):
            folder = scratch / system.name
            folder.mkdir()
            for target, url in running.enter_context(mocks(tocsin, system, folder)).items():
                if target != "control":
                    targets[f"{system.name}-{target}"] = url.removeprefix("http://")
            if (system / "rules.yml").exists():
                rules.append(str(system.resolve() / "rules.yml"))
        jobs = "".join(f"  - {{job_name: {job}, static_configs: [{{targets: ['{address}']}}]}}\n"
                       for job, address in targets.items())
        (scratch / "prometheus.yml").write_text(CONFIG.format(jobs=jobs, rules=", ".join(rules)))
        prometheus = f"127.0.0.1:{free_port()}"
        log = scratch / "prometheus.log"
        running.enter_context(process(["prometheus", f"--config.file={scratch}/prometheus.yml",
                                       f"--storage.tsdb.path={scratch}/data", f"--web.listen-address={prometheus}"], log))
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline and len(query(prometheus, "sum_over_time(up[1m]) > 1")) < len(targets):
            time.sleep(0.2)
        samples = {result["metric"]["job"]: int(result["value"][1]) for result in query(prometheus, "scrape_samples_scraped")}
        problems += [f"{job} was down" for job in
                     (result["metric"]["job"] for result in query(prometheus, "min_over_time(up[1m]) < 1"))]
        problems += [f"{job} shows {samples.get(job, 0)} samples" for job in targets
                     if samples.get(job, 0) < 5 and job != "kinds-service"]  # which exports nothing
        evaluated = [rule for group in ask(prometheus, "rules")["groups"] for rule in group["rules"]]
        problems += [f"{rule['name']}: {rule['lastError']}" for rule in evaluated if rule.get("lastError")]
        problems += [line for line in log.read_text().splitlines() if re.search(r"level=(warn|error)", line, re.I)]
    for problem in problems:
        print("FAILED: " + problem)
    print(f"{len(targets)} targets, {sum(samples.values())} samples, {len(evaluated)} rules")
    return 1 if problems or len(targets) < 5 else 0


if __name__ == "__main__":
    sys.exit(main())
