#!/usr/bin/env python3
"""SIGINT and SIGTERM: a partial report and exit 3; a later one ends the process at once.

Usage: interrupt_test.py TOCSIN. Waits for conditions, never for a while.
"""
import json
import pathlib
import os
import pty
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

TOCSIN = pathlib.Path(sys.argv[1]).resolve()
SHOP = pathlib.Path(__file__).resolve().parent / "testdata/shop"
TIME_LIMIT_S = 60
# So long that no machine comes to its end.
SCENARIO = """name: Endless
system: shop
traffic: {rate: 1000/s, for: 366d}
expect: {alerts: {others: none}}
"""


class Interrupted(unittest.TestCase):
    def setUp(self):
        top = tempfile.TemporaryDirectory()
        self.addCleanup(top.cleanup)
        self.folder = pathlib.Path(top.name)
        os.symlink(SHOP, self.folder / "shop")
        (self.folder / "endless.yaml").write_text(SCENARIO)

    def start(self, *arguments, **streams):
        process = subprocess.Popen([TOCSIN, *arguments], cwd=self.folder, stdout=subprocess.PIPE,
                                   text=True, **streams)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def start_on_terminal(self, *arguments):
        """The process and the terminal's end at which its progress can be read."""
        near, far = pty.openpty()
        process = self.start(*arguments, stderr=far)
        os.close(far)
        self.addCleanup(os.close, near)
        return process, near

    def wait_for(self, terminal, text):
        seen = b""
        while text not in seen:
            seen += os.read(terminal, 4096)

    def check_partial_report(self, process):
        printed, _ = process.communicate(timeout=TIME_LIMIT_S)
        self.assertEqual(process.returncode, 3, printed)
        report = json.loads((self.folder / "report.json").read_text())
        self.assertTrue(report["interrupted"])
        self.assertEqual([s["outcome"] for s in report["scenarios"]], ["inconclusive"])
        self.assertIn("interrupted", printed)

    def test_simulated(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            process = self.start("run", "endless.yaml", "--json", "report.json")
            self.wait_until_busy(process)
            process.send_signal(number)
            self.check_partial_report(process)

    def test_prove(self):
        """What was found so far is reported; the rest counts as not run."""
        system = self.folder / "long"
        system.mkdir()
        (system / "system.yaml").write_text(
            "system: long\nrules: [rules.yml]\nservice:\n  signals: {x: 1}\n"
            "  endpoints: {/: {latency: 10ms}}\n"
            "  instruments: {x: {type: gauge, help: X, value: x}}\n")
        (system / "rules.yml").write_text(
            "groups: [{name: g, rules: [{alert: Quick, expr: x > 10},"
            " {alert: Endless, expr: \"max_over_time(x[150d]) > 10\"}]}]\n")
        cause = "{threshold: 10, is: above, drive: {signal: x}}"
        (system / "contract.yaml").write_text(
            f"contract: long\nalerts:\n  Quick: {cause}\n  Endless: {cause}\n")
        process = self.start("prove", "long", "--jobs", "1", "--json", "proof.json", stderr=subprocess.PIPE)
        self.addCleanup(process.stderr.close)
        self.wait_until_busy(process)
        process.send_signal(signal.SIGINT)
        printed, complaints = process.communicate(timeout=TIME_LIMIT_S)
        self.assertEqual(process.returncode, 3, printed)
        self.assertIn("interrupted", complaints)
        proofs = json.loads((self.folder / "proof.json").read_text())["systems"][0]["proofs"]
        self.assertEqual([p["verdict"] for p in proofs], ["agrees", "not-run"])

    def wait_until_busy(self, process):
        """Until it has computed for longer than it takes to read a scenario."""
        times = pathlib.Path(f"/proc/{process.pid}/stat")
        while process.poll() is None:
            user_ticks = int(times.read_text().rsplit(")", 1)[1].split()[11])
            if user_ticks / os.sysconf("SC_CLK_TCK") > 0.2:
                return
        self.fail("ended before it was busy")

    def test_live(self):
        process, terminal = self.start_on_terminal("run", "endless.yaml", "--live", "--json", "report.json")
        self.wait_for(terminal, b" requests, ")
        process.send_signal(signal.SIGINT)
        self.check_partial_report(process)

    def test_load(self):
        server = self.start("serve", "shop", "--free-ports", "--port-file", "ports")
        self.assertIn("is up", server.stdout.readline())
        for line in iter(server.stdout.readline, ""):
            if "faults" in line:
                break
        ports = self.folder / "ports"
        while not ports.exists():
            self.assertIsNone(server.poll())
        url = dict(line.split() for line in ports.read_text().splitlines())["service"]
        process, terminal = self.start_on_terminal("load", url + "/health", "--for", "1d", "--rate", "50/s",
                                                   "--json", "report.json")
        self.wait_for(terminal, b" completed, ")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=TIME_LIMIT_S)
        self.assertEqual(process.returncode, 3)
        self.assertTrue(json.loads((self.folder / "report.json").read_text())["stopped"])
        with urllib.request.urlopen(url + "/metrics", timeout=TIME_LIMIT_S) as answer:
            self.assertIn(b"http_requests_total", answer.read())
        server.send_signal(signal.SIGTERM)
        self.assertEqual(server.wait(timeout=TIME_LIMIT_S), 0)

    def test_serve_receivers(self):
        """Each notification is printed as it comes; keys are not."""
        shutil.copytree(SHOP.parent / "paged", self.folder / "paged")
        server = self.start("serve", "paged", "--free-ports", "--receivers", "0", "--port-file", "ports",
                            "--write-alertmanager-config", "am.yml")
        for line in iter(server.stdout.readline, ""):
            if "am.yml" in line:
                break
        ports = self.folder / "ports"
        while not ports.exists():
            self.assertIsNone(server.poll())
        url = dict(line.split() for line in ports.read_text().splitlines())["receivers"]
        self.assertIn(url + "/pager/0/webhook", (self.folder / "am.yml").read_text())
        told = urllib.request.Request(url + "/team/0/slack/services/T/B/K3Y",
                                      b'{"attachments": [{"title": "[FIRING:1] Slow", "text": "by a lot\\u001b[31m"}]}')
        urllib.request.urlopen(told, timeout=TIME_LIMIT_S).read()
        self.assertRegex(server.stdout.readline(), r"^\d\d:\d\d:\d\d  team slack firing: \[FIRING:1\] Slow\n$")
        self.assertEqual(server.stdout.readline(), "    by a lot\\x1b[31m\n")
        with self.assertRaises(urllib.error.HTTPError):
            urllib.request.urlopen(urllib.request.Request(url + "/hooks/K3Y", b"x"), timeout=TIME_LIMIT_S)
        self.assertIn("POST /hooks/<secret>: 404 Not Found", server.stdout.readline())
        server.send_signal(signal.SIGTERM)
        rest, _ = server.communicate(timeout=TIME_LIMIT_S)
        self.assertEqual((server.returncode, rest), (0, ""))

    def test_while_input_is_read(self):
        # Nobody ever writes to the pipe, so nothing ends this but a signal.
        os.mkfifo(self.folder / "pipe.yaml")
        for number in (signal.SIGINT, signal.SIGTERM):
            process = self.start("run", "pipe.yaml", "--json", "report.json")
            self.wait_until_caught(process, number, True)
            process.send_signal(number)
            self.assertEqual(process.wait(timeout=TIME_LIMIT_S), 3)
            self.assertFalse((self.folder / "report.json").exists())

    def test_backtest(self):
        lines = "".join(f"x {i % 7} {i}\n" for i in range(20000))
        (self.folder / "samples.om").write_text(lines + "# EOF\n")
        smooth = "double_exponential_smoothing("
        (self.folder / "rules.yml").write_text(
            "groups: [{name: g, rules: [{alert: A, expr: x > 100}, "
            f"{{alert: B, expr: '{smooth}{smooth}x[5h:1s],0.5,0.5)[5h:100ms],0.5,0.5) > 100'}}]}}]")
        process = self.start("backtest", "--samples", "samples.om", "--json", "report.json", "--interval", "1s",
                             "rules.yml")
        self.wait_until_busy(process)
        process.send_signal(signal.SIGINT)
        printed, _ = process.communicate(timeout=TIME_LIMIT_S)
        self.assertEqual(process.returncode, 3, printed)
        self.assertTrue(json.loads((self.folder / "report.json").read_text())["interrupted"])
        self.assertIn("Interrupted: the evaluation of 1 rule was not finished.", printed)

    def test_serve_samples(self):
        """Answers until the signal, and a query that runs does not hold it up."""
        lines = "".join(f"x {i % 7} {i}\n" for i in range(20000))
        (self.folder / "samples.om").write_text(lines + "# EOF\n")
        server = self.start("serve", "--samples", "samples.om", "--listen", "127.0.0.1:0", "--port-file", "ports",
                            "--max-samples", "0", "--timeout", "1d")
        ports = self.folder / "ports"
        while not ports.exists():
            self.assertIsNone(server.poll())
        url = ports.read_text().split()[1]
        with urllib.request.urlopen(url + "/api/v1/query?query=x", timeout=TIME_LIMIT_S) as answer:
            self.assertEqual(json.load(answer)["data"]["result"][0]["value"], [19999, "0"])
        smooth = "double_exponential_smoothing({},0.5,0.5)"
        heavy = smooth.format(smooth.format("x[5h:1s]") + "[5h:100ms]")
        query = urllib.parse.urlencode({"query": heavy, "start": 0, "end": 20000, "step": 2})
        host, port = url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=TIME_LIMIT_S) as connection:
            connection.sendall(f"GET /api/v1/query_range?{query} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            self.wait_until_busy(server)
            server.send_signal(signal.SIGTERM)
            self.assertEqual(server.wait(timeout=TIME_LIMIT_S), 0)

    def test_second_signal_kills(self):
        # Nobody ever reads from the pipe, which holds less than this run's samples.
        (self.folder / "hour.yaml").write_text(SCENARIO.replace("366d", "6h"))
        for first, second in ((signal.SIGINT, signal.SIGINT), (signal.SIGTERM, signal.SIGINT)):
            reader, writer = os.pipe()
            self.addCleanup(os.close, reader)
            process = self.start("run", "hour.yaml", "--samples", f"/dev/fd/{writer}", pass_fds=[writer])
            os.close(writer)
            select.select([reader], [], [], TIME_LIMIT_S)
            process.send_signal(first)
            self.send_until_it_ends(process, second)
            self.assertEqual(process.returncode, -second)

    def send_until_it_ends(self, process, number):
        """What comes within a second of the first counts as the first."""
        deadline = time.monotonic() + TIME_LIMIT_S
        while process.poll() is None and time.monotonic() < deadline:
            process.send_signal(number)
            try:
                process.wait(timeout=0.1)
            except subprocess.TimeoutExpired:
                pass

    def test_what_comes_at_once_is_one_signal(self):
        # timeout(1) sends two: to the process, and to its group. Many, so that some come after the
        # first was taken.
        for number in (signal.SIGINT, signal.SIGTERM):
            process = self.start("run", "endless.yaml", "--json", "report.json")
            self.wait_until_busy(process)
            until = time.monotonic() + 0.2
            while process.poll() is None and time.monotonic() < until:
                process.send_signal(number)
            self.check_partial_report(process)

    def wait_until_caught(self, process, number, wanted):
        """Until the process has a handler for the signal, or has none any more."""
        status = pathlib.Path(f"/proc/{process.pid}/status")
        deadline = time.monotonic() + TIME_LIMIT_S
        while process.poll() is None and time.monotonic() < deadline:
            caught = next(l for l in status.read_text().splitlines() if l.startswith("SigCgt"))
            if bool(int(caught.split()[1], 16) & (1 << (number - 1))) == wanted:
                return
        self.fail("ended too early, or never took the signal")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
