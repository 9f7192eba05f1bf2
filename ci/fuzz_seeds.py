#!/usr/bin/env python3
"""Makes seeds for the fuzz targets out of the tests' data: fuzz_seeds.py FOLDER.

One folder a target. Prometheus' own test scripts and rule tests join in where they are at hand
(TOCSIN_CONFORMANCE_DIR, or shared/conformance beside the project).
"""
import argparse
import json
import os
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent
CONFORMANCE = pathlib.Path(os.environ.get("TOCSIN_CONFORMANCE_DIR", ROOT.parent / "shared" / "conformance"))


def read(path):
    return (ROOT / path).read_text(errors="replace")


def expressions():
    for name in ("good.txt", "bad.txt"):
        for case in re.split(r"^expr ", read(f"harness/promql/testdata/parser/{name}"), flags=re.M)[1:]:
            lines = case.splitlines()
            more = [line[4:] for line in lines[1:] if line.startswith("... ")]
            yield "\n".join([lines[0], *more])


def cases(path):
    """Inputs of a case file: what stands before a line "=>" or "!!"."""
    for case in re.split(r"^----\n", read(path), flags=re.M):
        yield re.split(r"^(?:=>|!!)", re.sub(r"^(?:#.*|== .*)\n", "", case, flags=re.M), flags=re.M)[0]


def pages():
    for case in read("harness/metrics/testdata/exposition.cases").split("\n=== ")[1:]:
        yield case.split("\n---\n")[0].partition("\n")[2] + "\n"
    yield read("harness/metrics/testdata/node_exporter.txt")[:4000]
    yield "# TYPE a counter\na_total{b=\"c\"} 1 1700000000\na_total{b=\"c\"} 2 1700000015.5\n# EOF\n"


def files(folder, pattern, largest=4000):
    for path in sorted(folder.rglob(pattern)):
        if path.is_file() and path.stat().st_size <= largest:
            yield path.read_text(errors="replace")


def scripts():
    yield "load 1m\n  x{a=\"b\"} 1+1x5 _ stale\n\neval instant at 1m x\n  x{a=\"b\"} 2\n"
    yield "clear\neval range from 0 to 5m step 1m sum(x)\n  expect no_warn\n  {} 1 2 3\n"
    for path in sorted((CONFORMANCE / "promql").glob("*.test")):
        yield from re.split(r"\n(?=clear\n|load )", path.read_text())


def configurations():
    for raw in re.findall(r"^    raw: (.*)$", read("harness/routetest/testdata/configs.yaml"), flags=re.M):
        yield json.loads(raw)


def route_tests():
    for name in ("groups", "intake", "muting", "notifications"):
        for case in re.split(r"^(?=- id: )", read(f"harness/routetest/testdata/{name}.yaml"), flags=re.M)[1:]:
            yield "cases:\n" + case


def smtp_dialogues():
    """What the clients of the cases say, in pieces of a whole dialogue and of a byte."""
    for case in re.split(r"^== ", read("fakes/receivers/mail/testdata/dialogues.cases"), flags=re.M)[1:]:
        said = ""
        for raw, line in re.findall(r"^C([:>]) ?(.*)$", case, flags=re.M):
            line = line.replace("\\r", "\r").replace("\\n", "\n").replace("\\0", "\0")
            said += line if raw == ">" else line + "\r\n"
        yield "\x7f" + said
        yield "\0" + said


def mails():
    sent = read("harness/alerting/testdata/payloads/email.txt").split("\n\n", 1)[1]
    yield re.sub(r"^(?:MAIL|RCPT) .*\n", "", sent, flags=re.M).replace("\n", "\r\n")
    yield "Subject: =?utf-8?q?a_=C3=84?=\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" \
        "Content-Transfer-Encoding: base64\r\n\r\nZm9v\r\n--b\r\nContent-Type: text/html; charset=iso-8859-1\r\n\r\n" \
        "<strong>Labels</strong><br>a = b<br><a href='u'>Source</a>&lt;&#65;<!-- x --><style>y</style>\r\n--b--\r\n"


def payloads():
    """A service's number, a path, and a body that was captured."""
    kinds = ["webhook", "slack", "pagerduty", "opsgenie", "msteams", "msteamsv2", "discord", "telegram", "jira", "victorops",
             "incidentio", "pushover", "mattermost", "rocketchat", "sns", "webex", "wechat"]
    for path in sorted((ROOT / "harness/alerting/testdata/payloads").glob("*.txt")):
        kind = path.stem.split("-")[0]
        if kind not in kinds:
            continue
        sent = path.read_text().split("\n\n", 1)[1]
        for target, body in re.findall(r"^(?:POST|PUT) \w+://[^/\n]+/?(.*)\n(?:.+\n)*\n(.*)\n", sent, flags=re.M):
            yield chr(kinds.index(kind)) + target + "\n" + body


def checked_folders():
    """Files of the cases of `tocsin check`, each below its name; the target ignores what stands behind "=>"."""
    for path in sorted((ROOT / "harness/check/testdata").glob("*.folders")):
        for case in re.split(r"^----\n", path.read_text(), flags=re.M):
            yield re.sub(r"^(?:#.*|only .*|base .*|check .*)\n", "", case, flags=re.M).split("\n=>")[0]
    system = read("harness/check/testdata/vcf/system.yaml")
    for path in sorted((ROOT / "harness/check/testdata").glob("*.cases")):
        for case in cases(path.relative_to(ROOT)):
            rules = "".join("  " + line + "\n" for line in case.splitlines() if not re.match("only |system", line))
            yield f"== rules.yml\ngroups:\n- name: g\n  rules:\n{rules}\n== system.yaml\n{system}"


SEEDS = {
    "check_fuzz": checked_folders,
    "receivers_smtp_fuzz": smtp_dialogues,
    "receivers_mail_fuzz": mails,
    "receivers_payload_fuzz": payloads,
    "alertmanager_config_fuzz": configurations,
    "route_test_file_fuzz": route_tests,
    "promql_parser_fuzz": expressions,
    "promql_evaluator_fuzz": expressions,
    "promql_script_fuzz": scripts,
    "rule_file_fuzz": lambda: cases("harness/rules/testdata/rule_files.cases"),
    "template_fuzz": lambda: cases("harness/rules/testdata/templates.cases"),
    "rule_test_file_fuzz": lambda: files(CONFORMANCE / "rules", "*test*.y*ml"),
    "exposition_fuzz": pages,
}

parser = argparse.ArgumentParser(description="Makes seeds for the fuzz targets out of the tests' data.")
parser.add_argument("folder", type=pathlib.Path, help="gets a folder for each target")
into = parser.parse_args().folder
for target, seeds in SEEDS.items():
    folder = into / target
    folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds()):
        if len(seed) <= 4096:
            (folder / f"{number:04}").write_text(seed)
