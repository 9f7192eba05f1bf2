"""What the tests share that run the receivers as a process of their own."""
import json
import pathlib
import subprocess
import tempfile
import time


class Receivers:
    """`with Receivers(binary, options) as receivers:`; its addresses are receivers["r/slack/0"] and the like."""

    def __init__(self, binary, options):
        self.binary, self.options = binary, options

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory()
        path = pathlib.Path(self.folder.name) / "options.json"
        path.write_text(json.dumps(self.options))
        self.process = subprocess.Popen([self.binary, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addresses = json.loads(self.process.stdout.readline())
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        code = self.process.wait(timeout=30)
        self.process.stdout.close()
        self.folder.cleanup()
        if code != 0:
            raise RuntimeError(f"the receivers ended with {code}")

    def __getitem__(self, name):
        return self.addresses[name]

    def ask(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def received(self):
        return self.ask("received")

    def take(self):
        return self.ask("take")

    def wait(self, condition, seconds=30):
        """Until condition(received) holds; what has been received then. TimeoutError otherwise."""
        end = time.monotonic() + seconds
        while True:
            all_of_it = self.received()
            if condition(all_of_it):
                return all_of_it
            if time.monotonic() > end:
                raise TimeoutError(f"in vain for {seconds} s")
            time.sleep(0.05)


class Checks:
    """Counts what holds and prints what does not."""

    def __init__(self):
        self.done = self.wrong = 0

    def equal(self, what, seen, expected):
        self.true(what, seen == expected, f"{seen!r} instead of {expected!r}")

    def true(self, what, holds, otherwise=""):
        self.done += 1
        if not holds:
            self.wrong += 1
            print(f"{what}: {otherwise or 'does not hold'}")

    def raises(self, what, kind, call):
        try:
            call()
        except kind as error:
            self.done += 1
            return error
        except Exception as error:  # pylint: disable=broad-except
            self.true(what, False, f"{error!r} instead of {kind.__name__}")
            return error
        self.true(what, False, f"no {kind.__name__}")
        return None

    def result(self):
        print(f"{self.done} checks, {self.wrong} wrong")
        return 1 if self.wrong or not self.done else 0
