#!/usr/bin/env python3
"""`tocsin run --live --prometheus URL --alertmanager URL`: against ones that run already, started here as staging.

staging_test.py TOCSIN. Exit code 77 (skipped) where Prometheus or Alertmanager is not installed. Waits for
conditions, never for a while.
"""
import contextlib
import gzip
import json
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

TOCSIN = pathlib.Path(sys.argv[1]).resolve()
PATIENCE_S = 90
PROMETHEUS = shutil.which("prometheus")
ALERTMANAGER = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")

SYSTEM = """
system: shop
rules: [rules.yml]
alertmanager: alertmanager.yml
evaluation_interval: 1s
service:
  job: shop
  instance: shop-1
  port: {service}
  scrape: {{interval: 1s, timeout: 900ms}}
  signals: {{queue: {{value: 10}}}}
  endpoints: {{/buy: {{latency: {{p50: 2ms, p99: 8ms}}, status: {{200: 100%}}}}}}
  instruments:
    requests_total: {{type: counter, help: Requests, counts: requests, labels: {{status: $status}}}}
    queue_length: {{type: gauge, help: Waiting jobs, value: queue}}
exporters:
  cache:
    instance: cache-1
    port: {cache}
    scrape: {{interval: 1s, timeout: 900ms}}
    instruments: {{cache_fill_ratio: {{type: gauge, help: Share in use, value: 0.5}}}}
"""
RULES = """
groups:
  - name: shop
    rules:
      - {record: "shop:requests:rate5s", expr: "sum(rate(requests_total[5s]))"}
      - alert: Queue
        expr: queue_length > 50
        for: 2s
        labels: {severity: warning}
        annotations: {summary: "{{ $value }} jobs wait"}
      - {alert: CacheDown, expr: 'up{job="cache"} == 0', labels: {severity: critical}}
      - {alert: Crowd, expr: queue_length > 1000, labels: {severity: warning}}
"""
POLLED = "polled_alerts: {every: 1s, cooldown: 1m, channels: {warning: slack}, alerts: {Crowd: {severity: warning}}}\n"
SCENARIO = """
name: A queue and a cache
system: system.yaml
noise: none
traffic: {rate: 100/s, for: 20s}
faults:
  - {name: jam, at: 4s, for: 8s, service: {queue: 80}}
  - {name: outage, at: 6s, for: 4s, cache: down}
expect:
  alerts:
    Queue: {fires: 1s..5s after jam, resolves: within 4s of jam end}
    CacheDown: {fires: within 4s of outage}
    others: none
  metrics:
    - {that: "shop:requests:rate5s", at: 15s, is: 60..140}
    - {that: queue_length, at: 9s, is: 80}
  notifications:
    - {receiver: pager, alert: CacheDown, within: 4s of firing}
    - {receiver: team, alert: Queue, within: 4s of firing, contains: ["80 jobs wait"]}
"""
ALERTMANAGER_YML = """
route:
  receiver: team
  group_by: [alertname]
  group_wait: 1s
  group_interval: 2s
  routes: [{{matchers: [severity="critical"], receiver: pager}}]
receivers:
  - name: team
    webhook_configs: [{{url: "http://127.0.0.1:{receivers}/team/0/webhook"}}]
  - name: pager
    webhook_configs: [{{url: "http://127.0.0.1:{receivers}/pager/0/webhook"}}]
"""
PROMETHEUS_YML = """
global: {{scrape_interval: 1s, scrape_timeout: 900ms, evaluation_interval: 1s}}
rule_files: [{rules}]
alerting: {{alertmanagers: [{{static_configs: [{{targets: ["127.0.0.1:{alertmanager}"]}}]}}]}}
scrape_configs:
  - job_name: shop
    static_configs: [{{targets: ["127.0.0.1:{service}"], labels: {{instance: shop-1}}}}]
  - job_name: cache
    static_configs: [{{targets: ["127.0.0.1:{cache}"], labels: {{instance: cache-1}}}}]
"""


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def answers(url):
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


def wait_for(what, condition):
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not happen within {PATIENCE_S} s")
        time.sleep(0.05)


class Staging:
    """A Prometheus and an Alertmanager that somebody else runs."""

    def __init__(self, folder, rules=RULES):
        self.folder = pathlib.Path(folder)
        self.ports = {name: free_port() for name in ("service", "cache", "prometheus", "alertmanager", "receivers")}
        for name, text in (("system.yaml", SYSTEM), ("alertmanager.yml", ALERTMANAGER_YML)):
            (self.folder / name).write_text(text.format(**self.ports))
        (self.folder / "rules.yml").write_text(RULES)
        (self.folder / "story.yaml").write_text(SCENARIO)
        theirs = self.folder / "theirs"
        theirs.mkdir()
        (theirs / "rules.yml").write_text(rules)
        (theirs / "prometheus.yml").write_text(PROMETHEUS_YML.format(rules=theirs / "rules.yml", **self.ports))
        self.log = open(theirs / "log", "wb")
        self.prometheus_url = f"http://127.0.0.1:{self.ports['prometheus']}"
        self.alertmanager_url = f"http://127.0.0.1:{self.ports['alertmanager']}"
        self.alertmanager = self.start(
            ALERTMANAGER, f"--config.file={self.folder / 'alertmanager.yml'}", f"--storage.path={theirs / 'am'}",
            f"--web.listen-address=127.0.0.1:{self.ports['alertmanager']}", "--cluster.listen-address=")
        self.prometheus = self.start(
            PROMETHEUS, f"--config.file={theirs / 'prometheus.yml'}", f"--storage.tsdb.path={theirs / 'data'}",
            f"--web.listen-address=127.0.0.1:{self.ports['prometheus']}")

    def start(self, *arguments):
        return subprocess.Popen(arguments, stdout=self.log, stderr=self.log)

    def wait(self):
        for url in (self.prometheus_url, self.alertmanager_url):
            wait_for(url + " ready", lambda url=url: answers(url + "/-/ready"))
        wait_for("the targets' discovery", lambda: len(json.loads(self.api("targets"))["data"]["activeTargets"]) == 2)
        wait_for("the rules' first evaluation", lambda: "lastEvaluation\":\"0001" not in self.api("rules"))

    def api(self, what):
        with urllib.request.urlopen(f"{self.prometheus_url}/api/v1/{what}", timeout=10) as answer:
            return answer.read().decode()

    def stop(self):
        for process in (self.prometheus, self.alertmanager):
            if process.poll() is None:
                process.kill()
            process.wait()
        self.log.close()

    def arguments(self, *more, receivers=True, scenario="story.yaml"):
        arguments = [TOCSIN, "run", self.folder / scenario, "--live", "--prometheus", self.prometheus_url,
                     "--alertmanager", self.alertmanager_url, *more]
        return arguments + (["--receivers-port", str(self.ports["receivers"])] if receivers else [])


@contextlib.contextmanager
def staging(rules=RULES):
    with tempfile.TemporaryDirectory(prefix="tocsin-staging-") as folder:
        stack = Staging(folder, rules)
        try:
            stack.wait()
            yield stack
        finally:
            stack.stop()


def run(arguments):
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=PATIENCE_S)
    return done.returncode, done.stdout + done.stderr


def evidence_of(path):
    with gzip.open(path, "rt", encoding="utf-8", newline="\n") as file:
        return json.loads(file.readline())


class StagingTest(unittest.TestCase):
    def test_tells_what_happens_there(self):
        with staging() as stack:
            kept = stack.folder / "evidence.gz"
            code, said = run(stack.arguments("--evidence", kept))
            self.assertEqual(code, 0, said)
            evidence = evidence_of(kept)
            self.assertEqual(sorted({e["alert"] for e in evidence["episodes"]}), ["CacheDown", "Queue"])
            self.assertEqual(evidence["run"]["warnings"], [])
            self.assertTrue({s["target"] for s in evidence["scrapes"]} == {"service", "cache"})
            # They are theirs: they go on.
            self.assertTrue(answers(stack.prometheus_url + "/-/ready"))
            self.assertTrue(answers(stack.alertmanager_url + "/-/ready"))

    def test_nobody_sees_who_is_told(self):
        with staging() as stack:
            code, said = run(stack.arguments(receivers=False))
            self.assertEqual(code, 3, said)
            self.assertIn("--receivers-port", said)
            self.assertIn("nobody routed alerts in this run", said)
            self.assertNotIn("FAIL", said)
            # Nor where the service tells of some alerts by itself.
            system = stack.folder / "system.yaml"
            system.write_text(system.read_text() + POLLED)
            code, said = run(stack.arguments(receivers=False))
            self.assertEqual(code, 3, said)
            self.assertNotIn("FAIL", said)

    def test_rules_that_are_not_there(self):
        with staging(RULES.replace("alert: Queue", "alert: Queues").replace("for: 2s", "for: 3s")) as stack:
            code, said = run(stack.arguments())
            self.assertEqual(code, 3, said)
            self.assertIn("has not loaded rules that the scenario makes claims on: "
                          "Queue (is not loaded; Queues is)", said)

    def test_rules_that_differ(self):
        theirs = RULES.replace("> 50", "> 40").replace("shop:requests:rate5s", "shop:requests:rate")
        with staging(theirs) as stack:
            (stack.folder / "brief.yaml").write_text(
                "name: brief\nsystem: system.yaml\ntraffic: {rate: 50/s, for: 4s}\nexpect: {alerts: {others: none}}\n")
            code, said = run(stack.arguments(scenario="brief.yaml"))
            self.assertEqual(code, 0, said)
            self.assertIn("alert Queue (group shop) has the expression queue_length > 40 instead of "
                          "queue_length > 50", said)
            self.assertIn("rule shop:requests:rate5s (group shop) is not loaded; shop:requests:rate is", said)

    def test_prometheus_dies(self):
        with staging() as stack:
            kept = stack.folder / "evidence.gz"
            process = subprocess.Popen(stack.arguments("--evidence", kept), stdout=subprocess.PIPE,
                                       stderr=subprocess.STDOUT, text=True)
            wait_for("a firing alert", lambda: '"state":"firing"' in stack.api("rules"))
            stack.prometheus.send_signal(signal.SIGKILL)
            said, _ = process.communicate(timeout=PATIENCE_S)
            self.assertEqual(process.returncode, 3, said)
            self.assertIn("Prometheus at " + stack.prometheus_url, said)
            self.assertTrue(evidence_of(kept)["episodes"])
            with socket.socket() as one:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                one.bind(("127.0.0.1", stack.ports["service"]))

    def test_a_target_of_somebody_else(self):
        """The service and its exporters run already, too: `tocsin serve` stands for them."""
        with staging() as stack:
            served = subprocess.Popen([TOCSIN, "serve", stack.folder / "system.yaml"], stdout=subprocess.DEVNULL)
            try:
                url = f"http://127.0.0.1:{stack.ports['service']}"
                wait_for("the service", lambda: answers(url + "/metrics"))
                (stack.folder / "calm.yaml").write_text(
                    "name: calm\nsystem: system.yaml\ntraffic: {rate: 50/s, for: 8s}\n"
                    "expect: {alerts: {others: none}, metrics: [{that: up, at: 6s, is: 1, series: 2}]}\n")
                wait_for("scrapes of both", lambda: self.scraped(stack) == {"up"})
                code, said = run(stack.arguments("--target", url, "--no-fakes", scenario="calm.yaml"))
                self.assertEqual(code, 0, said)
            finally:
                served.terminate()
                served.wait()

    @staticmethod
    def scraped(stack):
        return {target["health"] for target in json.loads(stack.api("targets"))["data"]["activeTargets"]}

    def test_nobody_answers(self):
        with tempfile.TemporaryDirectory() as folder, staging() as stack:
            port = free_port()
            code, said = run([TOCSIN, "run", stack.folder / "story.yaml", "--live", "--prometheus",
                              f"http://127.0.0.1:{port}"])
            self.assertEqual(code, 3, said)
            self.assertIn(f"Prometheus at http://127.0.0.1:{port}", said)
            code, said = run([TOCSIN, "run", stack.folder / "story.yaml", "--live", "--prometheus",
                              stack.alertmanager_url])
            self.assertEqual(code, 3, said)
            del folder


class FlagTest(unittest.TestCase):
    def refused(self, *arguments):
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            ports = {"service": 8, "cache": 9, "receivers": 10}
            (folder / "system.yaml").write_text(SYSTEM.format(**ports))
            (folder / "alertmanager.yml").write_text(ALERTMANAGER_YML.format(**ports))
            (folder / "rules.yml").write_text(RULES)
            (folder / "story.yaml").write_text(SCENARIO)
            code, said = run([TOCSIN, "run", folder / "story.yaml", *arguments])
            self.assertEqual(code, 2, said)
            return said

    def test_mistakes(self):
        url = ["--prometheus", "http://127.0.0.1:9"]
        self.assertIn("--time-scale 1", self.refused("--live", *url, "--time-scale", "10"))
        self.assertIn("exclude each other", self.refused("--live", *url, "--stack", "real"))
        self.assertIn("needs --prometheus", self.refused("--live", "--alertmanager", "http://127.0.0.1:9"))
        self.assertIn("--receivers-port is for --alertmanager",
                      self.refused("--live", *url, "--receivers-port", "9"))
        self.assertIn("--no-fakes needs --target", self.refused("--live", *url, "--no-fakes"))
        self.assertIn("no scenario is live", self.refused(*url))
        self.assertIn("--prometheus", self.refused("--live", "--prometheus", "ftp://x"))
        self.assertIn("must not have a query", self.refused("--live", "--prometheus", "http://x/?a=b"))
        said = self.refused("--live", *url, "--header", "s3cret")
        self.assertIn('expected "Name: value"', said)
        self.assertNotIn("s3cret", said)


if __name__ == "__main__":
    if PROMETHEUS is None or ALERTMANAGER is None:
        print("Prometheus or Alertmanager is not installed")
        sys.exit(77)
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]])
