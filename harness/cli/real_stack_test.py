#!/usr/bin/env python3
"""`tocsin run --stack real` when something goes wrong: what is said, what is kept, and that nothing is left.

real_stack_test.py TOCSIN. Exit code 77 (skipped) where Prometheus or Alertmanager is not installed. Waits for
conditions, never for a while.
"""
import contextlib
import json
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse
import urllib.request

TOCSIN = pathlib.Path(sys.argv[1]).resolve()
PAGED = pathlib.Path(__file__).resolve().parent / "testdata/paged"
PATIENCE_S = 90
PROMETHEUS = shutil.which("prometheus")
ALERTMANAGER = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")


def wait_for(what, condition):
    deadline = time.monotonic() + PATIENCE_S
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not happen within {PATIENCE_S} s")
        time.sleep(0.05)


def stat_of(pid):
    """State and parent of a process; nothing when it is gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            state, parent = file.read().rpartition(")")[2].split()[:2]
            return state, int(parent)
    except OSError:
        return None


def is_gone(pid):
    stat = stat_of(pid)
    return stat is None or stat[0] == "Z"


def children_of(pid):
    """By program: {"prometheus": pid, …}."""
    found = {}
    for entry in os.listdir("/proc"):
        stat = entry.isdigit() and stat_of(entry)
        if not stat or stat[1] != pid:
            continue
        with contextlib.suppress(OSError):
            with open(f"/proc/{entry}/cmdline", "rb") as file:
                arguments = file.read().split(b"\0")
            found[os.path.basename(arguments[0].decode())] = (int(entry), [a.decode() for a in arguments])
    return found


class Running:
    """A tocsin with its children."""

    def __init__(self, process):
        self.process = process
        programs = wait_for("Prometheus' and Alertmanager's start", self.programs)
        self.prometheus, self.alertmanager = programs
        self.keeper = children_of(process.pid)["sh"][0]
        address = next(a for a in self.arguments if a.startswith("--web.listen-address="))
        self.url = "http://" + address.partition("=")[2]
        self.folder = os.path.dirname(
            next(a for a in self.arguments if a.startswith("--config.file=")).partition("=")[2])

    def programs(self):
        if self.process.poll() is not None:
            raise AssertionError("tocsin ended")
        children = children_of(self.process.pid)
        alertmanager = children.get(os.path.basename(ALERTMANAGER))
        if "prometheus" not in children or not alertmanager or "sh" not in children:
            return None
        self.arguments = children["prometheus"][1]
        if not any(a.startswith("--config.file=") for a in self.arguments):
            return None  # still asked for its version
        return children["prometheus"][0], alertmanager[0]

    def query(self, query):
        try:
            with urllib.request.urlopen(self.url + "/api/v1/query?" + urllib.parse.urlencode({"query": query}),
                                        timeout=5) as answer:
                return json.load(answer)["data"]["result"]
        except OSError:
            return []

    def wait_for_alert(self):
        wait_for("a firing alert", lambda: self.query('ALERTS{alertstate="firing"}'))

    def pids(self):
        return [self.process.pid, self.prometheus, self.alertmanager, self.keeper]


class RealStack(unittest.TestCase):
    def setUp(self):
        top = tempfile.TemporaryDirectory()
        self.addCleanup(top.cleanup)
        self.folder = pathlib.Path(top.name)
        self.temporary = self.folder / "tmp"
        self.temporary.mkdir()
        shutil.copytree(PAGED, self.folder / "paged")
        for name in ("incident.yaml", "endless.yaml"):
            os.symlink(PAGED / name, self.folder / name)

    def start(self, scenario, *arguments, **options):
        process = subprocess.Popen(
            [TOCSIN, "run", scenario, "--live", "--time-scale", "25", "--stack", "real", "--json", "report.json",
             *arguments],
            cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env={**os.environ, "TMPDIR": str(self.temporary)}, **options)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def finish(self, process, code):
        """What it printed."""
        printed, _ = process.communicate(timeout=PATIENCE_S)
        self.assertEqual(process.returncode, code, printed)
        return printed

    def report(self):
        report = json.loads((self.folder / "report.json").read_text())
        self.assertEqual(len(report["scenarios"]), 1)
        return report["scenarios"][0]

    @staticmethod
    def alerts(scenario):
        return [alert["alert"] for alert in scenario["alerts"]]

    def assert_nothing_left(self, running, logs=False):
        for pid in running.pids():
            wait_for(f"the end of process {pid}", lambda: is_gone(pid))
        with self.assertRaises(OSError):
            urllib.request.urlopen(running.url + "/-/ready", timeout=5)
        if logs:
            self.assertTrue(os.path.exists(running.folder + "/prometheus.log"))
        else:
            wait_for("an empty folder", lambda: not os.listdir(self.temporary))

    def test_a_run_that_goes_well(self):
        printed = self.finish(self.start("incident.yaml", "--evidence", "evidence.gz"), 0)
        self.assertNotIn("warning:", printed)
        self.assertEqual(os.listdir(self.temporary), [])

    def test_prometheus_is_killed(self):
        process = self.start("endless.yaml")
        running = Running(process)
        running.wait_for_alert()
        os.kill(running.prometheus, signal.SIGKILL)
        printed = self.finish(process, 3)
        self.assertIn("prometheus ended with killed by signal 9 (Killed)", printed)
        self.assertIn(running.folder, printed)
        scenario = self.report()
        self.assertEqual(scenario["outcome"], "inconclusive")
        # What was seen until then is kept.
        self.assertEqual(self.alerts(scenario), ["Queue"])
        self.assert_nothing_left(running, logs=True)

    def test_alertmanager_is_killed(self):
        process = self.start("endless.yaml")
        running = Running(process)
        running.wait_for_alert()
        os.kill(running.alertmanager, signal.SIGKILL)
        printed = self.finish(process, 3)
        self.assertIn("alertmanager ended with killed by signal 9 (Killed)", printed)
        self.assertEqual(self.alerts(self.report()), ["Queue"])
        self.assert_nothing_left(running, logs=True)

    def test_tocsin_is_killed(self):
        process = self.start("endless.yaml")
        running = Running(process)
        running.wait_for_alert()
        process.kill()
        process.wait()
        self.assert_nothing_left(running)

    def test_the_keeper_of_the_folder_is_killed(self):
        process = self.start("endless.yaml")
        running = Running(process)
        running.wait_for_alert()
        os.kill(running.keeper, signal.SIGKILL)
        process.send_signal(signal.SIGINT)
        self.finish(process, 3)
        self.assert_nothing_left(running)

    def test_interrupts(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            process = self.start("endless.yaml")
            running = Running(process)
            running.wait_for_alert()
            process.send_signal(number)
            printed = self.finish(process, 3)
            self.assertIn("interrupted", printed)
            self.assertEqual(self.alerts(self.report()), ["Queue"])
            self.assert_nothing_left(running)

    def test_interrupt_while_it_starts(self):
        process = self.start("endless.yaml")
        running = Running(process)
        process.send_signal(signal.SIGINT)
        self.finish(process, 3)
        self.assert_nothing_left(running)

    def test_prometheus_hangs(self):
        """It is neither waited for at its end nor left."""
        process = self.start("endless.yaml")
        running = Running(process)
        running.wait_for_alert()
        os.kill(running.prometheus, signal.SIGSTOP)
        printed = self.finish(process, 3)
        self.assertIn("Prometheus at", printed)
        self.assertIn("does not answer: timeout", printed)
        self.assert_nothing_left(running, logs=True)

    def refused(self, file, old, new, *words):
        """Nothing runs when the programs refuse their configuration."""
        path = self.folder / "paged" / file
        text = path.read_text()
        self.assertIn(old, text)
        path.write_text(text.replace(old, new))
        printed = self.finish(self.start("endless.yaml"), 3)
        for word in words:
            self.assertIn(word, printed)
        for entry in os.scandir(self.temporary):  # logs
            shutil.rmtree(entry)

    def test_rules_that_prometheus_refuses(self):
        # Tocsin reads Prometheus 3's rules, too.
        if " 3." in subprocess.run([PROMETHEUS, "--version"], capture_output=True, text=True).stdout:
            self.skipTest("this Prometheus takes all that Tocsin does")
        self.refused("rules.yml", "name: paged-cache", "name: paged-cache\n    query_offset: 5s",
                     "prometheus ended with exit code 1", "field query_offset not found")

    def test_configurations_that_alertmanager_refuses(self):
        version = subprocess.run([ALERTMANAGER, "--version"], capture_output=True, text=True).stdout
        if " 0.25" not in version:
            self.skipTest("this Alertmanager takes all that Tocsin does")
        self.refused("alertmanager.yml", "  - name: pager\n",
                     "  - name: pager\n    msteams_configs: [{webhook_url: 'https://teams.example.org/x'}]\n",
                     "alertmanager ended with exit code 1", "field msteams_configs not found")

    def test_programs_that_are_missing(self):
        folder = self.folder / "bin"
        folder.mkdir()
        process = subprocess.run(
            [TOCSIN, "run", "endless.yaml", "--live", "--stack", "real"], cwd=self.folder, capture_output=True,
            text=True, env={**os.environ, "PATH": str(folder)}, timeout=PATIENCE_S)
        self.assertEqual(process.returncode, 2)
        self.assertIn("Prometheus is not installed: no prometheus in PATH", process.stderr)
        self.assertIn("Debian's package is prometheus", process.stderr)
        os.symlink(PROMETHEUS, folder / "prometheus")
        process = subprocess.run(
            [TOCSIN, "run", "endless.yaml", "--live", "--stack", "real"], cwd=self.folder, capture_output=True,
            text=True, env={**os.environ, "PATH": str(folder)}, timeout=PATIENCE_S)
        self.assertEqual(process.returncode, 2)
        self.assertIn("Alertmanager is not installed", process.stderr)

    def wrapper(self, behaviour):
        """A Prometheus that does something else first; `$n` counts its starts."""
        path = self.folder / "prometheus"
        path.write_text(f"""#!/bin/sh
[ "$1" = --version ] && exec {PROMETHEUS} --version
n=$(cat {self.folder}/starts 2>/dev/null || echo 0); n=$((n + 1)); echo $n >{self.folder}/starts
{behaviour}
exec {PROMETHEUS} "$@"
""")
        path.chmod(0o755)
        return path

    TAKEN = "echo 'level=error err=\"listen tcp: bind: address already in use\"'; exit 1"

    def test_a_port_that_somebody_takes(self):
        """Another one is tried."""
        prometheus = self.wrapper(f"[ $n -lt 3 ] && {{ {self.TAKEN}; }}")
        self.finish(self.start("incident.yaml", "--prometheus-bin", prometheus), 0)
        self.assertEqual((self.folder / "starts").read_text(), "3\n")

    def test_ports_that_are_always_taken(self):
        prometheus = self.wrapper(self.TAKEN)
        printed = self.finish(self.start("incident.yaml", "--prometheus-bin", prometheus), 3)
        self.assertIn("address already in use", printed)

    def with_files_up_to(self, size):
        return {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))}

    def test_a_full_disk(self):
        """Files may not grow much beyond what the start needs: 20,001 bytes for a list of queries."""
        printed = self.finish(self.start("endless.yaml", **self.with_files_up_to(24 << 10)), 3)
        self.assertIn("file too large", printed)
        self.assertEqual(self.report()["outcome"], "inconclusive")

    def test_no_room_at_all(self):
        printed = self.finish(self.start("endless.yaml", **self.with_files_up_to(256)), 3)
        self.assertIn("File too large", printed)


if __name__ == "__main__":
    if PROMETHEUS is None or ALERTMANAGER is None:
        print("Prometheus or Alertmanager is not installed")
        sys.exit(77)
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]])
