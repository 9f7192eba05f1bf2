#!/usr/bin/env python3
"""Random configurations, alerts and silences: the real Alertmanager's notifications against Tocsin's.

Usage: compare_alertmanager.py TOCSIN [--cases N] [--seed S] [--keep FILE]

What the real one sends (TOCSIN_ALERTMANAGER, or alertmanager or prometheus-alertmanager in PATH) becomes the
expectation of a case that `tocsin test routes` must pass. Alerts are posted on whole seconds and groups are looked at
on half ones, so that a slow machine does not change the outcome. Without an Alertmanager the test is skipped (77).
"""
import argparse
import concurrent.futures
import http.server
import json
import os
import pathlib
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

SKIPPED = 77
LENGTH_S = 9
AT_ONCE = 4
EARLY_S, LATE_S = 0.45, 0.35
# At the end nothing is compared: whether a tick still counts would depend on the machine.
END_S = 0.75
SINKS = ["one", "two", "three"]


def find_alertmanager():
    named = os.environ.get("TOCSIN_ALERTMANAGER")
    return named or shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")


def version_of(binary):
    shown = subprocess.run([binary, "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"version (\d+)\.(\d+)", shown.stdout + shown.stderr)
    return (int(found[1]), int(found[2])) if found else None


class Generator:
    """One random case. Older Alertmanagers get nothing that newer ones do otherwise."""

    def __init__(self, seed, modern):
        self.random = random.Random(seed)
        self.modern = modern

    def labels(self):
        pick = self.random.choice
        labels = {"alertname": pick("AB"), "i": pick("123")}
        if self.random.random() < 0.7:
            labels["severity"] = pick(["critical", "warning"])
        if self.random.random() < 0.5:
            labels["job"] = pick(["j1", "j2"])
        return labels

    def matcher(self):
        return self.random.choice(['severity="critical"', 'severity=~"crit.*|warning"', 'job!=""', 'alertname="A"',
                                   'i!~"1|2"', 'job="j1"', 'severity!="critical"'])

    def route(self, depth):
        pick = self.random.choice
        route = {"matchers": [self.matcher()]}
        if self.random.random() < 0.8:
            route["receiver"] = pick(SINKS)
        if self.random.random() < 0.4:
            route["continue"] = True
        if self.random.random() < 0.4:
            route["group_by"] = pick([["alertname"], ["..."], ["job", "i"]])
        if self.random.random() < 0.3:
            route["group_interval"] = pick(["1s", "2s", "3s"])
        if depth and self.random.random() < 0.4:
            route["routes"] = [self.route(depth - 1)]
        return route

    def config(self):
        pick = self.random.choice
        receivers = [{"name": name, "webhook_configs": [{"url": f"http://@{name}@/",
                                                         "send_resolved": self.random.random() < 0.8}]}
                     for name in SINKS]
        if self.random.random() < 0.3:
            receivers[0]["webhook_configs"][0]["max_alerts"] = 1
        config = {"global": {"resolve_timeout": pick(["3s", "1h"]) if self.modern else "1h"},
                  "route": {"receiver": "one", "group_by": pick([[], ["alertname"], ["severity", "job"]]),
                            "group_wait": pick(["500ms", "1500ms"]), "group_interval": pick(["1s", "2s"]),
                            "repeat_interval": pick(["2700ms", "1300ms", "1h"]),
                            "routes": [self.route(2) for _ in range(self.random.randint(0, 3))]},
                  "receivers": receivers}
        if self.random.random() < 0.5:
            equal = pick([["alertname"], ["job"], [], ["i", "job"]]) if self.modern else []
            source = 'severity="critical"' if self.modern else 'i="1"'
            config["inhibit_rules"] = [{"source_matchers": [source, 'alertname="A"'],
                                        "target_matchers": ['severity="warning"'], "equal": equal}]
            if not self.modern:
                config["inhibit_rules"][0]["source_matchers"] += ['severity="critical"', 'job="j1"']
        return config

    def steps(self):
        steps = []
        firing, posted, ended = {}, {}, set()
        for at in range(1, LENGTH_S - 1):
            chance = self.random.random()
            if not self.modern:
                # A group that was emptied lingers there: first everything begins, then some of it ends.
                chance = chance * 0.5 if at < 5 else 0.55 + chance * 0.45
            if chance < 0.55 or at == 1:
                alerts = []
                for labels in [self.labels() for _ in range(self.random.randint(1, 3))]:
                    key = json.dumps(labels, sort_keys=True)
                    if key in ended and not self.modern:
                        continue
                    # One that has timed out begins anew: in a batch, an old start would race with the others.
                    if at - posted.get(key, at) >= 3:
                        firing.pop(key, None)
                    posted[key] = at
                    starts = firing.setdefault(key, (labels, at))[1]
                    alerts.append({"labels": labels, "starts": starts, "annotations": {"n": str(at)}})
                if alerts:
                    steps.append({"at": at, "post": alerts})
            elif chance < 0.8 and firing:
                key = self.random.choice(sorted(firing))
                labels, starts = firing.pop(key)
                ended.add(key)
                steps.append({"at": at, "post": [{"labels": labels, "starts": starts, "ends": at}]})
            else:
                name = self.random.choice(["severity", "alertname", "i"])
                value = {"severity": "critical", "alertname": "A", "i": "1|2"}[name]
                steps.append({"at": at, "silence": {"ref": f"s{at}", "starts": at, "ends": at + 3, "matchers": [
                    {"name": name, "value": value, "isRegex": True}]}})
        return steps

    def case(self, name):
        sinks = {}
        if self.random.random() < 0.3:
            begin = self.random.randint(1, 5)
            sinks["two"] = {"fail_window": [begin, begin + 2], "status": 400}
        return {"id": name, "kind": "timeline", "tolerance": 0.35, "config": json.dumps(self.config(), indent=1),
                "sinks": sinks, "steps": self.steps(), "until": LENGTH_S}


class Real:
    """One run of the real Alertmanager."""

    def __init__(self, binary, case):
        self.binary, self.case = binary, case
        self.seen, self.refused = [], {}
        self.lock = threading.Lock()

    def sink(self, name):
        run = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                at = time.time() - run.begin
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                window = run.case["sinks"].get(name, {}).get("fail_window")
                failed = window is not None and window[0] <= at <= window[1]
                if not failed:
                    with run.lock:
                        run.seen.append((at, name, body))
                self.send_response(400 if failed else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server

    def call(self, path, body):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/api/v2/{path}", json.dumps(body).encode(),
                                         {"Content-Type": "application/json"})
        urllib.request.urlopen(request, timeout=10).read()

    def time_text(self, at):
        whole = self.begin + at
        return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole)) + f".{int(whole % 1 * 1000):03}Z"

    def step(self, step):
        if "post" in step:
            alerts = []
            for alert in step["post"]:
                posted = {"labels": alert["labels"], "annotations": alert.get("annotations", {}),
                          "startsAt": self.time_text(alert["starts"])}
                if "ends" in alert:
                    posted["endsAt"] = self.time_text(alert["ends"])
                alerts.append(posted)
            self.call("alerts", alerts)
        else:
            silence = step["silence"]
            self.call("silences", {"matchers": silence["matchers"], "startsAt": self.time_text(silence["starts"]),
                                   "endsAt": self.time_text(silence["ends"]), "createdBy": "t", "comment": "t"})

    def wait_ready(self, process):
        for _ in range(600):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=5).read()
                return
            except (urllib.error.URLError, OSError):
                if process.poll() is not None:
                    raise RuntimeError("Alertmanager ended") from None
                time.sleep(0.05)
        raise RuntimeError("Alertmanager does not become ready")

    def run(self):
        servers = {name: self.sink(name) for name in SINKS}
        with tempfile.TemporaryDirectory() as folder:
            config = self.case["config"]
            for name, server in servers.items():
                config = config.replace(f"@{name}@", f"127.0.0.1:{server.server_address[1]}")
            path = pathlib.Path(folder) / "alertmanager.yml"
            path.write_text(config)
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                self.port = probe.getsockname()[1]
            process = subprocess.Popen(
                [self.binary, f"--config.file={path}", f"--storage.path={folder}/data",
                 f"--web.listen-address=127.0.0.1:{self.port}", "--cluster.listen-address="],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                self.begin = time.time() + 1e6  # nothing is sent before
                self.wait_ready(process)
                self.begin = time.time()
                self.late = 0
                for step in self.case["steps"]:
                    time.sleep(max(0, self.begin + step["at"] - time.time()))
                    self.step(step)
                    self.late = max(self.late, time.time() - self.begin - step["at"])
                time.sleep(max(0, self.begin + self.case["until"] - time.time()))
            finally:
                process.kill()
                process.wait()
                for server in servers.values():
                    server.shutdown()
                    server.server_close()
        return self.expectations()

    def offset(self, text):
        base = time.mktime(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone
        return base + float("0" + (re.search(r"\.\d+", text) or ["0"])[0]) - self.begin

    def expectations(self):
        expected = []
        for at, sink, body in self.seen:
            alerts = []
            for alert in body["alerts"]:
                wanted = {"labels": alert["labels"], "annotations": alert["annotations"],
                          "starts": round(self.offset(alert["startsAt"]), 3)}
                if alert["status"] == "resolved":
                    wanted["ends"] = round(self.offset(alert["endsAt"]), 3)
                alerts.append(wanted)
            if at <= self.case["until"] - END_S:
                expected.append({"sink": sink, "window": [round(at - EARLY_S, 3), round(at + LATE_S, 3)],
                                 "status": body["status"], "group_key": body["groupKey"], "ordered": True,
                                 "common_labels": body["commonLabels"], "truncated": body["truncatedAlerts"],
                                 "alerts": alerts})
        return expected


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tocsin")
    parser.add_argument("--cases", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep")
    options = parser.parse_args()
    binary = find_alertmanager()
    version = version_of(binary) if binary else None
    if version is None:
        print("skipped: no Alertmanager here")
        return SKIPPED

    def one(seed):
        case = Generator(seed, version >= (0, 32)).case(f"seed-{seed}")
        real = Real(binary, case)
        case["expect"] = real.run()
        case["until"] = case["until"] - END_S
        return case, real.late

    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        done = list(pool.map(one, range(options.seed, options.seed + options.cases)))
    cases = [case for case, late in done if late < 0.4]
    if len(cases) < len(done):
        print(f"{len(done) - len(cases)} cases were too late to say anything")
    if not cases:
        print("skipped: the machine is too busy")
        return SKIPPED
    text = json.dumps({"cases": cases}, indent=1)
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(options.keep or f"{folder}/cases.yaml")
        path.write_text(text)
        ended = subprocess.run([options.tocsin, "test", "routes", path], capture_output=True, text=True, check=False)
    print(ended.stdout + ended.stderr)
    notifications = sum(len(case["expect"]) for case in cases)
    print(f"{len(cases)} cases with {notifications} notifications of Alertmanager {version[0]}.{version[1]}")
    return ended.returncode if notifications else 1


if __name__ == "__main__":
    sys.exit(main())
