"""A real Prometheus and `tocsin serve --samples` over the same samples, each on a port that the kernel chose."""
import contextlib
import http.client
import os
import pathlib
import shutil
import subprocess
import sys
import time
import urllib.parse

TIME_LIMIT_S = 600


class Server:
    """A process that listens on a port the kernel chose; ends with the `with`."""

    def __init__(self, command, folder, log, stdin=subprocess.DEVNULL):
        self.log = open(folder / log, "wb")
        self.process = subprocess.Popen(command, cwd=folder, stdin=stdin, stdout=self.log, stderr=subprocess.STDOUT)
        self.name = pathlib.Path(command[0]).name
        self.connection = None

    def __enter__(self):
        try:
            self.port = self.wait_for(self.listening_port)
            self.wait_for(self.ready)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        if self.process.stdin:
            self.process.stdin.close()
        else:
            self.process.terminate()
        try:
            ended = self.process.wait(timeout=TIME_LIMIT_S)
            if ended != 0:
                sys.exit(f"{self.name} ended with {ended}: " + open(self.log.name).read()[-2000:])
        finally:
            self.process.kill()
            self.process.wait()
            self.log.close()

    def wait_for(self, condition):
        deadline = time.monotonic() + TIME_LIMIT_S
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                sys.exit(f"{self.name} ended: " + open(self.log.name).read()[-2000:])
            if found := condition():
                return found
            time.sleep(0.02)
        sys.exit(f"{self.name} was not ready in time")

    def listening_port(self):
        """Of the process's sockets, the one that listens (state 0A)."""
        inodes = set()
        for entry in os.scandir(f"/proc/{self.process.pid}/fd"):
            try:
                target = os.readlink(entry.path)
            except OSError:
                continue
            if target.startswith("socket:["):
                inodes.add(target[8:-1])
        for line in open("/proc/net/tcp").read().splitlines()[1:]:
            words = line.split()
            if words[3] == "0A" and words[9] in inodes:
                return int(words[1].split(":")[1], 16)
        return None

    def ready(self):
        try:
            return self.ask("GET", "/-/ready")[0] == 200
        except OSError:
            self.connection = None
            return False

    def ask(self, method, path, parameters=()):
        """Status and body."""
        encoded = urllib.parse.urlencode(parameters)
        headers, body = {}, None
        if method == "POST":
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            body = encoded
        elif encoded:
            path += "?" + encoded
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIME_LIMIT_S)
        try:
            self.connection.request(method, path, body, headers)
            answer = self.connection.getresponse()
            return answer.status, answer.read()
        except (http.client.HTTPException, ConnectionError):
            self.connection = None
            raise


def installed():
    return shutil.which("prometheus") and shutil.which("promtool")


@contextlib.contextmanager
def both(tocsin, folder, *more_for_prometheus):
    """Prometheus and Tocsin, as Prometheus 2 evaluates, over samples.om in the folder."""
    subprocess.run(["promtool", "tsdb", "create-blocks-from", "openmetrics", "samples.om", "data"], cwd=folder,
                   check=True, stdout=subprocess.DEVNULL, timeout=TIME_LIMIT_S)
    (folder / "prometheus.yml").write_text("{}\n")
    prometheus = Server(["prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=data",
                         "--storage.tsdb.retention.time=100y", "--web.listen-address=127.0.0.1:0",
                         *more_for_prometheus], folder, "prometheus.log")
    with prometheus:
        ours = Server([str(tocsin), "serve", "--samples", "samples.om", "--listen", "127.0.0.1:0", "--promql", "2"],
                      folder, "tocsin.log")
        with ours:
            yield prometheus, ours
