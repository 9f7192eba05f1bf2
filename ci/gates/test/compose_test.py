#!/usr/bin/env python3
"""The docker-compose stack without containers: the same commands and configurations on loopback ports, with short
intervals. Every target is up, every panel of the dashboard has data, and the README's example of a fault reaches the pager.
Configurations are first shown to the programs that they are for. Skipped (77) without prometheus and prometheus-alertmanager.
Usage: compose_test.py TOCSIN"""
import contextlib
import json
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

import bench
import commands
import lint_compose
from documents import Tree

PROGRAMS = ("prometheus", "promtool", "prometheus-alertmanager", "amtool")
PATIENCE_S = 60
TOCSIN = pathlib.Path(sys.argv[1]).resolve()
FAILURES = bench.Failures()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def process(command, log):
    with open(log, "wb") as out:
        running = subprocess.Popen([str(word) for word in command], stdout=out, stderr=subprocess.STDOUT)
    try:
        yield running
    finally:
        running.terminate()
        try:
            running.wait(20)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()


def ask(url, body=None):
    with urllib.request.urlopen(urllib.request.Request(url, body), timeout=10) as answer:
        return json.loads(answer.read())


def wait_for(what, attempt):
    """Repeats until it gives something; None after all patience."""
    deadline = time.monotonic() + PATIENCE_S
    trouble = None
    while time.monotonic() < deadline:
        try:
            found = attempt()
            if found:
                return found
        except OSError as error:
            trouble = error
        time.sleep(0.1)
    FAILURES.expect(False, f"{what} ({trouble})")
    return None


class Stack:
    """compose.yaml's services as processes."""

    def __init__(self, tree, folder):
        self.compose = lint_compose.Compose(tree, commands.Commands(TOCSIN))
        self.folder = pathlib.Path(folder)
        self.addresses = {}
        self.system = tree.root / self.compose.inside("tocsin", self.compose.services["tocsin"]["command"][1])
        self.job_ports = lint_compose.system_ports(tree, str(self.system.relative_to(tree.root)))
        self.prometheus = f"127.0.0.1:{free_port()}"
        self.alertmanager = f"127.0.0.1:{free_port()}"

    def serve(self, stack):
        """The service's own words, but for folder, address and ports."""
        ports = self.folder / "ports"
        words = list(self.compose.services["tocsin"]["command"])
        words[1] = self.system
        words[words.index("0.0.0.0")] = "127.0.0.1"
        words[words.index("--control-port"):words.index("--control-port") + 2] = ["--free-ports"]
        receivers_port = words[words.index("--receivers") + 1]
        words[words.index("--receivers") + 1] = "0"
        stack.enter_context(process([TOCSIN, *words, "--port-file", ports], self.folder / "serve.log"))
        lines = wait_for("tocsin serve is up", lambda: ports.exists() and ports.read_text().split("\n")[:-1])
        names = dict(line.split(" ") for line in lines)
        self.control = names.pop("control")
        self.receivers = (f"http://tocsin:{receivers_port}/", names.pop("receivers") + "/")
        # In the port file the service stands under this name, an exporter under its own.
        jobs = ["service", *list(self.job_ports)[1:]]
        for name, port in zip(jobs, self.job_ports.values()):
            self.addresses[f"tocsin:{port}"] = names[name].removeprefix("http://")
        load = [str(word) for word in self.compose.services["load"]["command"]]
        url = load[1].removeprefix("http://")
        address = url.split("/")[0]
        load[1] = f"http://{self.addresses[address]}{url[len(address):]}"
        stack.enter_context(process([TOCSIN, *load], self.folder / "load.log"))

    def configure(self, name):
        """With other addresses, and short intervals."""
        text = (bench.GATES / "compose" / name).read_text()
        for old, new in {**self.addresses, "alertmanager:9093": self.alertmanager, "localhost:9090": self.prometheus}.items():
            text = text.replace(f'"{old}"', f'"{new}"')
        text = text.replace(*self.receivers)
        text = re.sub(r"(evaluation_interval|group_wait): \d+s", r"\1: 1s", text)
        # celery-exporter takes two seconds for an answer.
        text = re.sub(r"(scrape_interval|scrape_timeout): \d+s", r"\1: 4s", text)
        text = text.replace("scenarios/avalanche", str(self.system))
        file = self.folder / name
        file.write_text(text)
        return file

    def start(self, stack):
        self.serve(stack)
        stack.enter_context(process(
            ["prometheus-alertmanager", f"--config.file={self.configure('alertmanager.yml')}", f"--storage.path={self.folder}/am",
             f"--web.listen-address={self.alertmanager}", "--cluster.listen-address="], self.folder / "alertmanager.log"))
        stack.enter_context(process(
            ["prometheus", f"--config.file={self.configure('prometheus.yml')}", f"--storage.tsdb.path={self.folder}/data",
             f"--web.listen-address={self.prometheus}"], self.folder / "prometheus.log"))

    def query(self, expression):
        url = f"http://{self.prometheus}/api/v1/query?" + urllib.parse.urlencode({"query": expression})
        try:
            return ask(url)["data"]["result"]
        except urllib.error.HTTPError as error:
            if error.code == 503:  # not ready yet
                return []
            FAILURES.expect(False, f"{expression}: {error.read().decode()}")
            return [error]


def check_targets(stack):
    wanted = sorted([*stack.job_ports, "prometheus"])
    seen = wait_for("every target is up", lambda: sorted(one["metric"]["job"] for one in stack.query("up == 1")) == wanted)
    FAILURES.expect(seen, f"up: {stack.query('up')}, expected {wanted}")


def check_panels(stack, tree):
    dashboard = tree.json("ci/gates/compose/grafana/dashboards/avalanche.json")
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            expression = target["expr"].replace("$__rate_interval", "30s")
            found = wait_for(f'panel "{panel["title"]}" has data: {expression}', lambda: stack.query(expression))
            for name in re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]):
                # Of "or vector(0)" there is one without labels.
                with_label = [one for one in found or () if name in one["metric"]]
                FAILURES.expect(with_label or "vector(0)" in expression, f'panel "{panel["title"]}": no label {name}: {found}')


def check_fault(stack):
    """The second curl of the README."""
    match = re.search(r"curl -d '(.*)' http://127\.0\.0\.1:9900(/\S+)", (bench.GATES / "README.md").read_text())
    answer = ask(stack.control + match.group(2), match.group(1).encode())
    FAILURES.expect("name" in json.dumps(answer), f"fault: {answer}")
    alerts = wait_for("RedisDown reaches Alertmanager", lambda: [
        alert for alert in ask(f"http://{stack.alertmanager}/api/v2/alerts") if alert["labels"]["alertname"] == "RedisDown"])
    receivers = [receiver["name"] for alert in alerts or () for receiver in alert["receivers"]]
    FAILURES.same(receivers, ["pager"], "receivers of RedisDown")
    told = re.compile(r"pager pagerduty firing: .*RedisDown")
    wait_for("somebody is told of RedisDown", lambda: told.search((stack.folder / "serve.log").read_text()))


def check_configurations(tree):
    with tempfile.TemporaryDirectory() as folder:
        # As the container sees it: the scenarios beside the configuration.
        shutil.copy(bench.GATES / "compose/prometheus.yml", folder)
        (pathlib.Path(folder) / "scenarios").symlink_to(tree.root / "scenarios")
        for command in (["promtool", "check", "config", f"{folder}/prometheus.yml"],
                        ["amtool", "check-config", bench.GATES / "compose/alertmanager.yml"],
                        ["amtool", "check-config", bench.GATES / "example/shop/alertmanager.yml"],
                        [TOCSIN, "check", bench.GATES / "compose", bench.GATES / "example"]):
            done = subprocess.run(command, capture_output=True, text=True)
            FAILURES.expect(done.returncode == 0, f"{command}: {done.stdout}{done.stderr}")
    if shutil.which("docker-compose"):
        text = tree.text(lint_compose.PATH)
        if "docker-compose version 1." in subprocess.run(["docker-compose", "version"], capture_output=True, text=True).stdout:
            text = re.sub(r"^name:.*\n", "", text, flags=re.M)  # version 1 does not know this key
        command = ["docker-compose", "-f", "-", "--project-directory", bench.GATES / "compose", "config", "--quiet"]
        done = subprocess.run(command, input=text, capture_output=True, text=True)
        FAILURES.expect(done.returncode == 0, f"docker-compose config: {done.stderr}")
        done = subprocess.run(command, input=text.replace("healthcheck:", "healtcheck:"), capture_output=True, text=True)
        FAILURES.expect(done.returncode != 0 and "healtcheck" in done.stderr, "docker-compose takes anything")
    else:
        print("left out: docker-compose is not installed")


def main():
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        print(f"skipped: {', '.join(missing)} not installed")
        return 77
    tree = Tree(bench.ROOT)
    check_configurations(tree)
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as processes:
        stack = Stack(tree, folder)
        stack.start(processes)
        check_targets(stack)
        check_panels(stack, tree)
        check_fault(stack)
        if FAILURES.texts:
            for log in pathlib.Path(folder).glob("*.log"):
                print(f"--- {log.name}\n{log.read_text()[-2000:]}")
    return FAILURES.conclude()


sys.exit(main())
