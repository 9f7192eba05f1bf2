#!/usr/bin/env python3
"""A real Prometheus scrapes `tocsin serve` for ten seconds with the system's own rules.

prometheus_test.py TOCSIN SYSTEM. Exit code 77 (skipped) where prometheus is not installed.
"""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

PATIENCE_S = 30
WATCHED_S = 10


def fail(why):
    raise SystemExit("FAILED: " + why)


def wait_for(what, condition):
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.1)
    fail(f"{what} did not happen within {PATIENCE_S} s")


@contextlib.contextmanager
def process(command, log):
    """Ends with the block, whatever happens in it."""
    with open(log, "wb") as out:
        running = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
    try:
        yield running
    finally:
        running.terminate()
        try:
            running.wait(10)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()


def free_port():
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        return chosen.getsockname()[1]


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


class Prometheus:
    """Its HTTP API."""

    def __init__(self, url):
        self.url = url

    def get(self, path, **parameters):
        query = "?" + urllib.parse.urlencode(parameters) if parameters else ""
        with urllib.request.urlopen(self.url + path + query, timeout=10) as answer:
            return json.load(answer)["data"]

    def is_ready(self):
        try:
            with urllib.request.urlopen(self.url + "/-/ready", timeout=2) as answer:
                return answer.status == 200
        except OSError:
            return False

    def value(self, query):
        """Of a query with one result; none when there is none."""
        result = self.get("/api/v1/query", query=query)["result"]
        return float(result[0]["value"][1]) if len(result) == 1 else None


def configuration(system, targets):
    rules = sorted(os.path.join(system, name) for name in os.listdir(system) if name.endswith("rules.yml"))
    jobs = [
        {
            "job_name": "procode" if name == "service" else name,
            "static_configs": [{"targets": [url.removeprefix("http://")]}],
        }
        for name, url in targets.items()
    ]
    everything = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": rules,
        "scrape_configs": jobs,
    }
    return json.dumps(everything)  # which is YAML too


def set_fault(control, fault):
    request = urllib.request.Request(control + "/tocsin/faults", json.dumps(fault).encode(), method="POST")
    with urllib.request.urlopen(request, timeout=10) as answer:
        answer.read()


def check(prometheus, targets, control):
    wait_for("a first good scrape of every target",
             lambda: prometheus.value("count(up == 1)") == len(targets))
    time.sleep(WATCHED_S)

    active = prometheus.get("/api/v1/targets")["activeTargets"]
    for target in active:
        if target["health"] != "up" or target["lastError"]:
            fail(f"target {target['scrapeUrl']} is {target['health']}: {target['lastError']}")
    if len(active) != len(targets):
        fail(f"{len(active)} targets instead of {len(targets)}")
    if prometheus.value("min(min_over_time(up[8s]))") != 1:
        fail("a scrape failed")
    if not prometheus.value("min(scrape_samples_scraped)") >= 10:
        fail("a page has next to no samples")

    groups = prometheus.get("/api/v1/rules")["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    if not rules:
        fail("there are no rules")
    for rule in rules:
        if rule["health"] != "ok":
            fail(f"rule {rule['name']} is {rule['health']}: {rule.get('lastError')}")

    # What the documentation's first alert wants: a service that is gone, and then back.
    set_fault(control, {"target": "service", "changes": {"down": True}, "for": "3s"})
    wait_for("ServiceDown pending", lambda: prometheus.value('ALERTS{alertname="ServiceDown"}') == 1)
    wait_for("the service's return", lambda: prometheus.value('up{job="procode"}') == 1)


def complaints(log):
    """What Prometheus itself found wrong."""
    return [line for line in read(log).splitlines() if "level=warn" in line or "level=error" in line]


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    tocsin, system = sys.argv[1:]
    if shutil.which("prometheus") is None:
        print("prometheus is not installed")
        return 77
    with tempfile.TemporaryDirectory(prefix="tocsin-prometheus-") as folder, contextlib.ExitStack() as running:
        ports = os.path.join(folder, "ports")
        serve = running.enter_context(
            process([tocsin, "serve", system, "--free-ports", "--port-file", ports], folder + "/serve.log"))
        wait_for("`tocsin serve`", lambda: os.path.exists(ports) or serve.poll() is not None)
        if serve.poll() is not None:
            fail("`tocsin serve` ended: " + read(folder + "/serve.log"))
        targets = dict(line.split() for line in read(ports).splitlines())
        control = targets.pop("control")
        with open(folder + "/prometheus.yml", "w", encoding="utf-8") as file:
            file.write(configuration(os.path.abspath(system), targets))
        address = f"127.0.0.1:{free_port()}"
        started = running.enter_context(process(
            ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
             f"--web.listen-address={address}"], folder + "/prometheus.log"))
        prometheus = Prometheus("http://" + address)
        wait_for("Prometheus' start", lambda: prometheus.is_ready() or started.poll() is not None)
        if started.poll() is not None:
            fail("prometheus ended: " + read(folder + "/prometheus.log"))
        check(prometheus, targets, control)
        if complaints(folder + "/prometheus.log"):
            fail("prometheus complains:\n" + "\n".join(complaints(folder + "/prometheus.log")))
    print("Prometheus scrapes every target and runs every rule")
    return 0


if __name__ == "__main__":
    sys.exit(main())
