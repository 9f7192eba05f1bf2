#!/usr/bin/env python3
"""`tocsin run --live` with faults that commands and calls make, against a service that nobody here wrote.

outside_faults_test.py TOCSIN. What needs Node is skipped, with a word, where Node is missing. Waits for conditions,
never for a while.
"""
import gzip
import json
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

TOCSIN = pathlib.Path(sys.argv[1]).resolve()
TESTDATA = pathlib.Path(__file__).resolve().parent / "testdata"
NODE = shutil.which("node")
PATIENCE_S = 90

ENDLESS = """name: Endless
system: shop
traffic: {rate: 20/s, for: 30d}
faults: [{name: broken, at: 0s, for: 20d, run: {start: %s, stop: %s, timeout: 1m}}]
expect: {alerts: {others: any}}
"""


def wait_for(what, condition):
    deadline = time.monotonic() + PATIENCE_S
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not happen within {PATIENCE_S} s")
        time.sleep(0.02)


def is_gone(pid):
    """Or waits for somebody to collect it."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


class Outside(unittest.TestCase):
    def setUp(self):
        top = tempfile.TemporaryDirectory()
        self.addCleanup(top.cleanup)
        self.folder = pathlib.Path(top.name)
        shutil.copytree(TESTDATA / "shop", self.folder / "shop")

    def write(self, text, name="scenario.yaml"):
        (self.folder / name).write_text(text)

    def start(self, *arguments):
        process = subprocess.Popen(
            [TOCSIN, "run", "scenario.yaml", "--json", "report.json", *arguments], cwd=self.folder,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def finish(self, process, code):
        """What it printed, and its undo guard after it."""
        printed, _ = process.communicate(timeout=PATIENCE_S)
        self.assertEqual(process.returncode, code, printed)
        return printed

    def report(self):
        report = json.loads((self.folder / "report.json").read_text())
        self.assertEqual(len(report["scenarios"]), 1)
        return report["scenarios"][0]

    def text(self, name):
        path = self.folder / name
        return path.read_text() if path.exists() else ""


class Undone(Outside):
    """Whatever ends a run, the fault that is in force is undone."""

    def start_broken(self, start="echo broken >> log", stop="echo undone >> log"):
        self.write(ENDLESS % (start, stop))
        process = self.start("--live")
        wait_for("the fault", lambda: "broken" in self.text("log"))
        return process

    def test_interrupted(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            process = self.start_broken()
            process.send_signal(number)
            self.finish(process, 3)
            self.assertEqual(self.text("log"), "broken\nundone\n")
            self.assertTrue(self.report()["partial"])
            (self.folder / "log").unlink()

    def test_interrupted_while_it_begins(self):
        process = self.start_broken(start="echo broken >> log; sleep 1000")
        process.send_signal(signal.SIGTERM)
        self.finish(process, 3)
        self.assertEqual(self.text("log"), "broken\nundone\n")

    def test_killed(self):
        """Nobody can catch SIGKILL; the guard is another process."""
        process = self.start_broken()
        process.kill()
        printed = self.finish(process, -signal.SIGKILL)
        self.assertEqual(self.text("log"), "broken\nundone\n")
        self.assertIn('has ended too early; fault "broken" is undone: "echo undone >> log": exit code 0', printed)

    def test_killed_while_it_begins(self):
        process = self.start_broken(start="echo $$ > shell; echo broken >> log; exec sleep 1000")
        process.kill()
        self.finish(process, -signal.SIGKILL)
        self.assertEqual(self.text("log"), "broken\nundone\n")
        shell = int(self.text("shell"))
        wait_for("the command's end", lambda: is_gone(shell))

    def test_interrupted_again_while_it_is_undone(self):
        """A second signal ends the process at once, and the guard goes on."""
        process = self.start_broken(
            stop="echo undoing >> log; until test -e go || test ! -e log; do sleep 0.05; done; echo undone >> log")
        process.send_signal(signal.SIGINT)
        wait_for("the undoing", lambda: "undoing" in self.text("log"))
        deadline = time.monotonic() + PATIENCE_S
        while process.poll() is None and time.monotonic() < deadline:
            process.send_signal(signal.SIGINT)  # what comes within a second is the same wish
            time.sleep(0.05)
        self.assertEqual(process.returncode, -signal.SIGINT)
        (self.folder / "go").touch()
        printed = self.finish(process, -signal.SIGINT)
        self.assertIn("undone", self.text("log"))
        self.assertIn('has ended too early; fault "broken" is undone', printed)

    def test_that_fails_is_told_loudly(self):
        self.write(ENDLESS.replace("at: 0s, for: 20d", "at: 0s, for: 1s") % ('"true"', "echo stuck; exit 7"))
        printed = self.finish(self.start("--live"), 3)
        self.assertIn('THE FAULT "broken" IS NOT UNDONE: "echo stuck; exit 7": exit code 7', printed)
        self.assertIn("stuck", printed)

    def test_a_beginning_that_fails(self):
        self.write(ENDLESS % ("echo no such unit; exit 5", "echo undone >> log"))
        printed = self.finish(self.start("--live"), 3)
        self.assertIn('the fault "broken" could not be made: "echo no such unit; exit 5": exit code 5', printed)
        self.assertIn("no such unit", printed)
        self.assertEqual(self.text("log"), "undone\n")
        self.assertEqual(self.report()["outcome"], "inconclusive")

    def test_a_simulated_run_refuses(self):
        self.write(ENDLESS % ("a", "b"))
        printed = self.finish(self.start(), 2)
        self.assertIn('scenario.yaml:4:43: error: "run" works in live runs only', printed)
        self.assertIn("hint: add mode: live or run with --live", printed)

    def test_side_by_side_is_refused(self):
        self.write(ENDLESS % ("a", "b"))
        printed = self.finish(self.start("--live", "--live-jobs", "2"), 2)
        self.assertIn("--live-jobs does not go with faults by run, http or toxiproxy", printed)

    def test_a_simulated_run_makes_what_the_fault_says_of_the_model(self):
        self.write("system: shop\ntraffic: {rate: 20/s, for: 20m}\n"
                   "faults: {at: 5m, for: 5m, service: {error_rate: 20%}, run: {start: touch log, stop: none}}\n"
                   "expect: {alerts: {Errors: {fires: 2m..4m after fault}}}\n")
        self.finish(self.start(), 0)
        self.assertFalse((self.folder / "log").exists())


@unittest.skipUnless(NODE, "Node is not installed")
class Node(Outside):
    """A shop in Node, with Express and prom-client where npm can get them."""

    libraries = None

    @classmethod
    def setUpClass(cls):
        cls.libraries = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.libraries.cleanup)
        shutil.copy(TESTDATA / "node_service/server.js", cls.libraries.name)
        npm = shutil.which("npm")
        try:
            subprocess.run([npm, "install", "--no-audit", "--no-fund", "--prefer-offline", "--silent", "express@4",
                            "prom-client@15"], cwd=cls.libraries.name, timeout=60, check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        except (OSError, TypeError, subprocess.SubprocessError):
            shutil.rmtree(cls.libraries.name + "/node_modules", ignore_errors=True)

    def setUp(self):
        super().setUp()
        self.service = subprocess.Popen([NODE, "server.js"], cwd=self.libraries.name, stdout=subprocess.PIPE,
                                        text=True)
        self.addCleanup(self.service.stdout.close)
        self.addCleanup(self.service.wait)
        self.addCleanup(self.service.kill)
        port, self.variant = self.service.stdout.readline().split()
        print(f"a service of {self.variant}", file=sys.stderr)
        self.url = f"http://127.0.0.1:{port}"
        (self.folder / "pid").write_text(str(self.service.pid))

    def run_on_it(self, code, *arguments):
        return self.finish(self.start("--live", "--target", self.url, *arguments), code)

    def test_calls_break_it_and_mend_it(self):
        self.write("""name: Errors page
system: shop
time_scale: 40
traffic: {rate: 40/s, for: 14m}
faults:
  - at: 3m
    for: 5m
    service: {error_rate: 100%}
    http:
      start: {url: /chaos, body: '{"broken": true}', status: 204}
      stop: {url: /chaos, body: '{"broken": false}', status: 204}
expect:
  alerts: {Errors: {fires: 2m..3m30s after fault, resolves: within 4m of fault end}, others: none}
  load: {from: 10m, to: 14m, error_rate: 0%}
  scrape: {service: {up: true, families: [http_requests_total]}}
""")
        self.run_on_it(0)
        events = [e["text"] for e in self.report()["timeline"] if "begins" in e["text"]]
        self.assertTrue(any("http POST /chaos → answered 204" in e for e in events), events)

    def test_commands_stop_it_and_let_it_go_on(self):
        self.write("""name: A frozen process is noticed
system: shop
time_scale: 40
traffic: {rate: 10/s, for: 12m}
faults: {at: 3m, for: 3m, run: {start: kill -STOP $(cat pid), stop: kill -CONT $(cat pid)}}
expect:
  alerts: {Down: {fires: 1m..3m after fault, resolves: within 5m of fault end}, others: any}
""")
        self.run_on_it(0)

    def test_the_network_to_it_has_faults(self):
        self.write("""name: A slow network
system: shop
time_scale: 40
traffic: {rate: 40/s, for: 10m}
faults:
  - {at: 2m, for: 2m, network: {latency: 100ms}}
  - {at: 6m, for: 2m, network: {refuse: true}}
expect:
  alerts: {others: any}
  load:
    - {from: 0s, to: 2m, error_rate: 0%}
    - {from: 2m15s, to: 4m, p50: 100ms..1s, error_rate: 0%}
    - {from: 6m15s, to: 8m, error_rate: 100%}
    - {from: 8m15s, to: 10m, p50: < 100ms, error_rate: 0%}
  scrape: {service: {up: true}}
  health: {/health: {always: 0s..10m, code: 200}}
""")
        self.run_on_it(0)

    def test_it_is_killed_in_the_middle(self):
        self.write("system: shop\ntime_scale: 40\ntraffic: {rate: 40/s, for: 6m}\n"
                   "expect: {alerts: {others: any}}\n")
        process = self.start("--live", "--target", self.url, "--evidence", "evidence.json")
        wait_for("load", lambda: self.has_been_asked())
        self.service.kill()
        printed = self.finish(process, 3)
        self.assertIn(f"the target at {self.url} has not answered since ", printed)
        self.assertIn("(connection refused), and no fault explains that", printed)
        self.assertEqual(self.report()["outcome"], "inconclusive")
        with gzip.open(self.folder / "evidence.json", "rt") as file:
            evidence = json.loads(file.readline())
        self.assertTrue(evidence["scrapes"])

    def has_been_asked(self):
        with urllib.request.urlopen(self.url + "/metrics", timeout=PATIENCE_S) as answer:
            lines = answer.read().decode().splitlines()
        counts = [line for line in lines if line.startswith('http_requests_total{status="200"}')]
        return counts and float(counts[0].split()[1]) > 20

    def test_it_was_never_there(self):
        self.service.kill()
        self.service.wait()
        self.write("system: shop\ntime_scale: 40\ntraffic: {rate: 40/s, for: 1m}\nexpect: {alerts: {others: none}}\n")
        printed = self.run_on_it(3)
        self.assertIn(f"the target at {self.url} has never answered (connection refused)", printed)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
