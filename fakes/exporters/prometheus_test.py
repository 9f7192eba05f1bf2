#!/usr/bin/env python3
"""A real Prometheus scrapes the live mocks of all kinds at once, without a word of warning.

prometheus_test.py TOCSIN SYSTEM. Exit code 77 (skipped) where prometheus is not installed."""

import json
import pathlib
import re
import shutil
import sys
import tempfile
import time
import urllib.parse
import urllib.request

from real_exporters import PATIENCE_S, SKIP, free_port, mocks, page_of, process

# celery-exporter takes two seconds for an answer.
CONFIG = """
global: {{scrape_interval: 4s, scrape_timeout: 4s}}
scrape_configs:
{jobs}"""


def query(prometheus, expression):
    url = f"http://{prometheus}/api/v1/query?" + urllib.parse.urlencode({"query": expression})
    return json.loads(page_of(url))["data"]["result"]


def main():
    tocsin, system = sys.argv[1:]
    if shutil.which("prometheus") is None:
        print("skipped: prometheus is not installed")
        return SKIP
    with tempfile.TemporaryDirectory() as name:
        scratch = pathlib.Path(name)
        with mocks(tocsin, system, scratch) as urls:
            deadline = time.monotonic() + PATIENCE_S
            targets = {name: url.removeprefix("http://") for name, url in urls.items()
                       if name not in ("service", "control")}
            jobs = "".join(f"  - {{job_name: {job}, static_configs: [{{targets: ['{address}']}}]}}\n"
                           for job, address in targets.items())
            (scratch / "prometheus.yml").write_text(CONFIG.format(jobs=jobs))
            prometheus = f"127.0.0.1:{free_port()}"
            log = scratch / "prometheus.log"
            with process(["prometheus", f"--config.file={scratch}/prometheus.yml", f"--storage.tsdb.path={scratch}/data",
                          f"--web.listen-address={prometheus}"], log):
                while time.monotonic() < deadline and len(query(prometheus, "min_over_time(up[1m]) == 1")) < 4:
                    time.sleep(0.2)
                up = query(prometheus, "min_over_time(up[1m])")
                samples = query(prometheus, "scrape_samples_scraped > 50")
                problems = [line for line in log.read_text().splitlines() if re.search(r"level=(warn|error)", line)]
    for problem in problems:
        print("FAILED: " + problem)
    print({result["metric"]["job"]: result["value"][1] for result in samples})
    return 0 if len(targets) == 4 and len(up) == 4 and len(samples) == 4 and not problems else 1


if __name__ == "__main__":
    sys.exit(main())
