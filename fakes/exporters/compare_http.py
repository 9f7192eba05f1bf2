#!/usr/bin/env python3
"""The mock exporters' HTTP servers beside those of Debian's real exporters, request by request.

compare_http.py TOCSIN FOLDER KIND: FOLDER/http.requests has the requests, and says what is compared; node_exporter is
asked for each of its collectors, too. FOLDER/KIND/ holds what compare_with_real.py reads. Skipped (77) where the real programs are not installed."""

import gzip
import http.client
import pathlib
import re
import sys
import tempfile
import urllib.parse

from compare_with_real import families
from real_exporters import REAL, mocks, page_of

HEADERS = ("Content-Type", "Location", "Content-Encoding", "Vary")


def requests(path, kind):
    for line in path.read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        kinds, method, rest = line.split(None, 2)
        target, _, header = rest.partition("  ")
        if kinds in ("all", kind):
            yield method, target, dict([header.split(": ", 1)] if header else [])


def answer(url, method, target, headers):
    """What is compared, as lines; the families of a page of metrics apart."""
    where = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(where.hostname, where.port, timeout=30)
    connection.putrequest(method, target, skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    got = connection.getresponse()
    body = got.read()
    connection.close()
    lines = [f"status {got.status}"]
    lines += [f"{name}: {got.headers[name].lower()}" for name in HEADERS if got.headers[name]]
    if got.headers["Content-Encoding"] == "gzip":
        body = gzip.decompress(body)
    text = body.decode()
    if "\n# TYPE " in text:
        return lines + ["a page of metrics"], set(families(text))
    if "<html>" in text:
        return lines + ["a web page to " + " ".join(re.findall("href=[\"']([^\"']*)[\"']", text))], set()
    return lines + [text], set()


def main():
    tocsin, folder, kind = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]
    start, ready = REAL[kind]
    listed = (folder / kind / "differences.txt").read_text().splitlines()
    own = [line[2:] for line in listed if line.startswith("+ ")]
    lacking = {line[2:] for line in listed if line.startswith("- ")}
    problems, asked = [], 0
    with tempfile.TemporaryDirectory() as name:
        scratch = pathlib.Path(name)
        with start(scratch) as real, mocks(tocsin, folder / kind, scratch) as urls:
            page = page_of(real, lambda page: ready in page)
            collectors = re.findall(r'^node_scrape_collector_success{collector="(\w+)"', page, flags=re.M)
            all_requests = [*requests(folder / "http.requests", kind),
                            *(("GET", f"/metrics?collect[]={name}", {}) for name in collectors)]
            log = scratch / "redis.log"
            port = re.search(r"port=(\d+)|Port: (\d+)", log.read_text()) if log.exists() else None
            redis = f"redis://127.0.0.1:{port[1] or port[2]}" if port else "x"
            for method, target, headers in all_requests:
                asked += 1
                request = method, target.replace("{target}", redis), headers
                wanted, families_wanted = answer(real, *request)
                got, families_got = answer(urls[kind], *request)
                what = " ".join([method, target, *(f"{name}: {value}" for name, value in headers.items())])
                if got != wanted:
                    problems.append(f"{what}\n  the real one: {wanted}\n  the mock:     {got}")
                more = {name for name in families_got - families_wanted if not any(re.fullmatch(p, name) for p in own)}
                less = families_wanted - families_got - lacking
                if more or less:
                    problems.append(f"{what}\n  {len(more)} too many: {' '.join(sorted(more)[:9])}"
                                    f"\n  {len(less)} too few: {' '.join(sorted(less)[:9])}")
    for problem in problems:
        print("FAILED: " + problem)
    print(f"{kind}: {asked} requests, {len(problems)} differences")
    return 1 if problems or asked < 30 else 0


if __name__ == "__main__":
    sys.exit(main())
