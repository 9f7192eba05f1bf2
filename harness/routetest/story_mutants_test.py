#!/usr/bin/env python3
"""Asks whether the stories of each documented system notice when its alertmanager.yml is changed.

One thing is changed at a time: a route is left out or leads elsewhere, its groups or times are others, a receiver loses an
integration or says something else, nothing is inhibited. Then a story of the folder must fail, or be refused because it claims
what cannot be any more. What no story can notice stands in BEYOND_STORIES with its reason; routes.test.yml notices that where
it is about routes.
Victor's own alert manager is changed likewise.
With --list it tells who notices what; --only takes changes whose name a pattern finds."""
import argparse
import concurrent.futures
import copy
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import yaml

UNITS = {"s": 1, "m": 60, "h": 3600}
TIMES = ("group_wait", "group_interval", "repeat_interval")
TEXTS = ("title", "text", "message", "html", "description")
# What an integration does when send_resolved is left out.
TELLS_ENDS = {"slack_configs": False, "email_configs": False, "pagerduty_configs": True, "webhook_configs": True}

# What no story can notice, by system and change, and why.
BEYOND_STORIES = [
    (r".*: root: leads to .*", "no alert of the rules falls to it"),
    (r".*: receiver unrouted, .*", "it gets alerts without a severity, and the rules have none"),
    (r".*: whatever is equal", "there is one instance of everything"),
    (r"avalanche: root: group_wait .*", "every route below has its own"),
    (r"victor: polled: every 6s", "the rules that are polled are evaluated once a minute"),
    (r"victor: polled: (info|error|critical) to .*", "of these severities no rule leaves its channels open"),
]


def seconds(text):
    return sum(int(n) * UNITS[unit] for n, unit in re.findall(r"(\d+)([smh])", text))


EXCUSED = set()


def excuse_of(mutant):
    for pattern, reason in BEYOND_STORIES:
        if re.fullmatch(pattern, mutant):
            EXCUSED.add(pattern)
            return reason
    return None


class Mutants:
    """Triples of a name, the file that is changed and what it holds then."""

    def __init__(self, file, config):
        self.file = file
        self.config = config
        self.found = []

    def add(self, name, change):
        mutant = copy.deepcopy(self.config)
        change(mutant)
        self.found.append((name, self.file, mutant))

    def of_routing(self):
        self.of_route("root", lambda config: config["route"])
        for i, rule in enumerate(self.config.get("inhibit_rules", [])):
            self.of_inhibit_rule(i, rule)
        for i, receiver in enumerate(self.config["receivers"]):
            self.of_receiver(i, receiver)
        return self.found

    def of_polled_alerts(self):
        polled = lambda system: system["polled_alerts"]
        for key in ("every", "cooldown"):
            self.of_time("polled", polled, key)
        for name, alert in polled(self.config)["alerts"].items():
            self.add(f"polled: not {name}", lambda system, name=name: polled(system)["alerts"].pop(name))
            get = lambda system, name=name: polled(system)["alerts"][name]
            self.add(f"polled: {name} is less severe", lambda system, get=get: get(system).update(severity="info"))
            self.of_channels(f"polled: {name}", get, "channels")
        for severity in polled(self.config)["channels"]:
            self.of_channels(f"polled: {severity}", lambda system: polled(system)["channels"], severity)
        return self.found

    def of_channels(self, name, get, key):
        channels = get(self.config).get(key, [])
        channels = channels if isinstance(channels, list) else [channels]
        for one in ("slack", "email", "webhook"):
            rest = [other for other in channels if other != one] if one in channels else [*channels, one]
            if channels:
                words = ", ".join(rest) or "nobody"
                self.add(f"{name} to {words}", lambda system, rest=rest: get(system).update({key: rest}))

    def of_time(self, name, get, key):
        length = seconds(get(self.config)[key])
        for many in (length * 10, max(1, length // 10)):
            self.add(f"{name}: {key} {many}s", lambda config, many=many: get(config).update({key: f"{many}s"}))

    def of_route(self, name, get):
        route = get(self.config)
        others = [one["name"] for one in self.config["receivers"] if one["name"] != route["receiver"]]
        for other in others:
            self.add(f"{name}: leads to {other}", lambda config, other=other: get(config).update(receiver=other))
        if "group_by" in route:
            self.add(f"{name}: each alert by itself", lambda config: get(config).update(group_by=["..."]))
            self.add(f"{name}: all in one group", lambda config: get(config).update(group_by=[]))
        for key in [key for key in TIMES if key in route]:
            self.of_time(name, get, key)
        if route.get("continue"):
            self.add(f"{name}: ends there", lambda config: get(config).pop("continue"))
        self.of_matchers(name, lambda config: get(config).get("matchers", []), route.get("matchers", []))
        for i, child in enumerate(route.get("routes", [])):
            words = ", ".join(child.get("matchers", [])) or f"route {i}"
            self.add(f"{words}: left out", lambda config, i=i: get(config)["routes"].pop(i))
            self.of_route(words, lambda config, i=i: get(config)["routes"][i])

    def of_matchers(self, name, get, matchers):
        for i, matcher in enumerate(matchers):
            label, _, value = matcher.partition("=~")
            words = value.strip('"').split("|")
            for word in words if len(words) > 1 else []:
                rest = "|".join(one for one in words if one != word)
                self.add(f"{name}: not {word}", lambda config, i=i, new=f'{label}=~"{rest}"': get(config).__setitem__(i, new))

    def of_inhibit_rule(self, i, rule):
        name = f"{', '.join(rule['source_matchers'])} inhibits {', '.join(rule['target_matchers'])}"
        self.add(f"{name}: left out", lambda config: config["inhibit_rules"].pop(i))
        self.of_matchers(name, lambda config: config["inhibit_rules"][i]["target_matchers"], rule["target_matchers"])
        if "equal" in rule:
            self.add(f"{name}: whatever is equal", lambda config: config["inhibit_rules"][i].pop("equal"))

    def of_receiver(self, i, receiver):
        for kind in [key for key in receiver if key.endswith("_configs")]:
            for k, one in enumerate(receiver[kind]):
                name = f"receiver {receiver['name']}, {kind}"
                get = lambda config, kind=kind, k=k: config["receivers"][i][kind][k]
                self.add(f"{name}: left out", lambda config, kind=kind, k=k: config["receivers"][i][kind].pop(k))
                tells = one.get("send_resolved", TELLS_ENDS[kind])
                flip = lambda config, get=get, tells=tells: get(config).update(send_resolved=not tells)
                self.add(f"{name}: {'silent' if tells else 'told'} of ends", flip)
                for text in TEXTS:
                    if text in one:
                        self.add(f"{name}: {text} says something else", lambda config, get=get, text=text: get(config).update({text: "x"}))
                for detail in one.get("details", {}):
                    change = lambda config, get=get, detail=detail: get(config)["details"].update({detail: "x"})
                    self.add(f"{name}: {detail} says something else", change)


def stories_of(folder):
    """Simulated scenarios that expect notifications, the shortest first."""
    found = []
    for path in sorted(folder.glob("*.yaml")):
        scenario = yaml.safe_load(path.read_text())
        if not isinstance(scenario, dict) or "notifications" not in (scenario.get("expect") or {}):
            continue
        if scenario.get("mode") != "live":
            length = sum(seconds(one["for"]) for one in scenario["traffic"])
            found.append((length, path.name))
    return [name for _, name in sorted(found)]


class System:
    def __init__(self, tocsin, folder):
        self.tocsin = tocsin
        self.folder = folder
        self.stories = stories_of(folder)
        self.last = None
        self.failures = []

    def run(self, *words):
        done = subprocess.run([self.tocsin, *map(str, words)], capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    def noticed_by(self, folder, stories):
        for story in stories:
            code, text = self.run("run", folder / story)
            if code not in (0, 1, 2):
                raise RuntimeError(f"{story}: exit code {code}\n{text}")
            # Refused is noticed where a claim cannot hold any more; another reason would be a mistake in a mutant.
            if code == 2 and "told when alerts are over" not in text:
                raise RuntimeError(f"{story} is refused:\n{text}")
            if code != 0:
                return story
        return None

    def in_turn(self):
        """The story that noticed the last change is likely to notice the next one, too."""
        return sorted(self.stories, key=lambda story: story != self.last)

    def try_one(self, mutant):
        name, file, config = mutant
        with tempfile.TemporaryDirectory() as scratch:
            copied = pathlib.Path(scratch) / self.folder.name
            shutil.copytree(self.folder, copied)
            (copied / file).write_text(yaml.safe_dump(config, sort_keys=False))
            # Refused would be noticed, too, but by everybody.
            code, text = self.run("test", "routes", copied / "routes.test.yml")
            if code == 2:
                raise RuntimeError(f"{name} is no configuration:\n{text}")
            story = self.noticed_by(copied, self.in_turn())
            # But the longest ones are slow.
            if story in self.stories[:-1]:
                self.last = story
            return name, story, code != 0

    def judge(self, name, story, by_routes):
        excuse = excuse_of(f"{self.folder.name}: {name}")
        if story is not None:
            if excuse:
                self.failures.append(f"{name}: {story} notices, it need not be excused")
            return story
        if not excuse:
            self.failures.append(f"{name}: no story notices{', routes.test.yml does' if by_routes else ''}")
        elif not by_routes and not name.startswith(("receiver ", "polled: ")):
            self.failures.append(f"{name}: routes.test.yml does not notice either")
        return f"beyond stories: {excuse}"

    def check(self, workers):
        if not self.stories:
            return f"{self.folder.name}: no story expects a notification"
        unchanged = self.noticed_by(self.folder, self.stories)
        if unchanged is not None:
            self.failures.append(f"{unchanged} fails as it is")
            return f"{self.folder.name}: not tried"
        load = lambda file: yaml.safe_load((self.folder / file).read_text())
        mutants = Mutants("alertmanager.yml", load("alertmanager.yml")).of_routing()
        if "polled_alerts" in load("system.yaml"):
            mutants += Mutants("system.yaml", load("system.yaml")).of_polled_alerts()
        mutants = [mutant for mutant in mutants if re.search(ONLY, mutant[0])]
        results = [(name, self.judge(name, *rest)) for name, *rest in workers.map(self.try_one, mutants)]
        noticed = sum(1 for _, by in results if not by.startswith("beyond"))
        lines = [f"  {name}: {by}" for name, by in results] if LIST else []
        return "\n".join([f"{self.folder.name}: {noticed} of {len(mutants)} changes noticed by {len(self.stories)} stories", *lines])


parser = argparse.ArgumentParser()
parser.add_argument("--list", action="store_true")
parser.add_argument("--only", default="")
parser.add_argument("tocsin")
parser.add_argument("scenarios")
parser.add_argument("systems", nargs="*")
arguments = parser.parse_args()
LIST, ONLY = arguments.list, arguments.only
failures = []
with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
    for path in sorted(pathlib.Path(arguments.scenarios).glob("*/alertmanager.yml")):
        if arguments.systems and path.parent.name not in arguments.systems:
            continue
        system = System(arguments.tocsin, path.parent)
        print(system.check(pool), flush=True)
        failures += [f"{path.parent.name}: {failure}" for failure in system.failures]
        if not system.stories:
            failures.append(f"{path.parent.name}: nothing to try")
if not ONLY and not arguments.systems:
    failures += [f"BEYOND_STORIES: {pattern} excuses nothing" for pattern, _ in BEYOND_STORIES if pattern not in EXCUSED]
for failure in failures:
    print(f"FAIL {failure}")
sys.exit(1 if failures else 0)
