"""docker-compose, and what its services are configured with: Prometheus, Alertmanager, Grafana."""
import posixpath
import re

import lint_dockerfile
from documents import List, Map, Report, nearest

FOLDER = "ci/gates/compose"
PATH = FOLDER + "/compose.yaml"
TOP_KEYS = {"name", "services", "volumes", "networks", "configs", "secrets", "include"}
SERVICE_KEYS = {"image", "build", "command", "entrypoint", "environment", "env_file", "volumes", "ports", "expose",
                "healthcheck", "depends_on", "restart", "read_only", "cap_drop", "cap_add", "security_opt", "user", "tmpfs",
                "networks", "labels", "profiles", "working_dir", "stop_grace_period", "extra_hosts", "init", "deploy",
                "logging", "hostname"}
HEALTH_KEYS = {"test", "interval", "timeout", "retries", "start_period", "start_interval", "disable"}
CONDITIONS = {"service_started", "service_healthy", "service_completed_successfully"}
PUBLISHED = re.compile(r"^(?:(\d+\.\d+\.\d+\.\d+):)?(\d+):(\d+)(/udp)?$")


class Compose(Report):
    """compose.yaml, and where its services are found."""

    def __init__(self, tree, commands):
        super().__init__(PATH)
        self.tree = tree
        self.commands = commands
        self.document = tree.yaml(PATH)
        self.services = self.document.get("services") or Map()

    def lint(self):
        self.keys(self.document, TOP_KEYS, "the file", ("services",))
        published = {}
        for name, service in self.services.items():
            if not self.keys(service, SERVICE_KEYS, f'service "{name}"'):
                continue
            self.image(name, service)
            self.ports(service, published)
            self.volumes(service)
            self.depends(name, service)
            self.health(name, service)
            self.command(service)

    def image(self, name, service):
        image = service.get("image", "")
        if not re.search(r":[^/]+$", image) or image.endswith(":latest"):
            self.say(service.line_of("image"), f'service "{name}" needs an image with a version, not "{image}"')
        build = service.get("build")
        if build is not None:
            context = posixpath.normpath(posixpath.join(FOLDER, build["context"]))
            if not self.tree.exists(posixpath.normpath(posixpath.join(context, build["dockerfile"]))):
                self.say(build.line_of("dockerfile"), f'there is no {build["dockerfile"]} in {context}')

    def ports(self, service, published):
        for port, line in zip(service.get("ports") or (), service["ports"].lines if "ports" in service else ()):
            match = PUBLISHED.match(str(port))
            if not match:
                self.say(line, f'"{port}" is not ADDRESS:PORT:PORT')
                continue
            if match.group(1) != "127.0.0.1":
                self.say(line, f"{port} is open to the network: write 127.0.0.1:{match.group(2)}:{match.group(3)}")
            if match.group(2) in published:
                self.say(line, f"port {match.group(2)} is published twice")
            published[match.group(2)] = line

    def volumes(self, service):
        for volume, line in zip(service.get("volumes") or (), service["volumes"].lines if "volumes" in service else ()):
            source = volume.split(":")[0]
            if not source.startswith((".", "/")):
                if source not in (self.document.get("volumes") or ()):
                    self.say(line, f'volume "{source}" is not declared{nearest(source, self.document.get("volumes") or ())}')
            elif not self.tree.exists(posixpath.normpath(posixpath.join(FOLDER, source))):
                self.say(line, f"there is no {source}")
            elif not volume.endswith(":ro"):
                self.say(line, f"{source} of the repository must be mounted read-only, :ro")

    def depends(self, name, service):
        depends = service.get("depends_on") or Map()
        for other in depends:
            line = depends.line_of(other) if isinstance(depends, Map) else depends.line
            if other not in self.services:
                self.say(line, f'there is no service "{other}"{nearest(other, self.services)}')
                continue
            condition = depends[other].get("condition") if isinstance(depends, Map) else "service_started"
            if condition not in CONDITIONS:
                self.say(line, f'there is no condition "{condition}"{nearest(str(condition), CONDITIONS)}')
            if condition == "service_healthy" and "healthcheck" not in self.services[other]:
                self.say(line, f'"{name}" waits for the health of "{other}", which has no healthcheck')

    def health(self, name, service):
        health = service.get("healthcheck")
        if health is None or not self.keys(health, HEALTH_KEYS, "a healthcheck", ("test",)):
            return
        test = health["test"]
        if not isinstance(test, List) or test[0] not in ("CMD", "CMD-SHELL"):
            self.say(health.line_of("test"), f'healthcheck of "{name}" must begin with CMD or CMD-SHELL')
        elif test[1] == "tocsin":
            self.complain(test[2:], health.line_of("test"))

    def command(self, service):
        if service.get("image", "").split("/")[-1].startswith("tocsin:"):
            words = lint_dockerfile.entrypoint(self.tree)[1:] + list(service.get("command") or ())
            self.complain(words, service.line_of("command"))

    def complain(self, words, line):
        for complaint in self.commands.complaints([str(word) for word in words]):
            self.say(line, complaint)

    def inside(self, service, path):
        """The repository's file that a service sees there."""
        for volume in self.services.get(service, {}).get("volumes") or ():
            source, target = volume.split(":")[:2]
            if source.startswith(".") and (path == target or path.startswith(target + "/")):
                return posixpath.normpath(posixpath.join(FOLDER, source + path[len(target):]))
        return None


def system_ports(tree, folder):
    """Of a system: job to port, read from system.yaml and what the known exporters listen on."""
    system = tree.yaml(f"{folder}/system.yaml")
    known = {"node": 9100, "postgres": 9187, "redis": 9121, "celery": 9808}
    ports = {system["service"]["job"]: system["service"].get("port", 8080)}
    for name, exporter in (system.get("exporters") or {}).items():
        ports[exporter.get("job", name)] = exporter.get("port") or known[exporter.get("kind", name)]
    return ports


def lint_prometheus(compose, tree):
    path = f"{FOLDER}/prometheus.yml"
    report = Report(path)
    config = tree.yaml(path)
    command = compose.services["tocsin"]["command"]
    folder = compose.inside("tocsin", command[1])
    expected = system_ports(tree, folder)
    seen = {}
    for job in config["scrape_configs"]:
        for target in job["static_configs"][0]["targets"]:
            host, _, port = target.partition(":")
            if host == "tocsin":
                seen[job["job_name"]] = int(port)
                if expected.get(job["job_name"]) != int(port):
                    report.say(job.line, f'{folder} has no job "{job["job_name"]}" on port {port}: {expected}')
            elif host not in compose.services and host != "localhost":
                report.say(job.line, f'there is no service "{host}"{nearest(host, compose.services)}')
    for job in expected.keys() - seen.keys():
        report.say(config.line_of("scrape_configs"), f'nobody scrapes "{job}"')
    for manager in config["alerting"]["alertmanagers"]:
        for target in manager["static_configs"][0]["targets"]:
            if target.partition(":")[0] not in compose.services:
                report.say(manager.line, f'there is no service "{target}"')
    for rules in config["rule_files"]:
        found = compose.inside("prometheus", "/etc/prometheus/" + rules)
        if not found or not tree.exists(found):
            report.say(config.line_of("rule_files"), f"the container does not see {rules}")
        elif found != f"{folder}/rules.yml":
            report.say(config.line_of("rule_files"), f"{rules} is not of the system that is served, {folder}")
    return report.findings


def addresses_of(node):
    """Of a configuration, however deep they stand: (address, line)."""
    if isinstance(node, Map):
        for key, value in node.items():
            if isinstance(value, str) and re.match(r"https?://", value):
                yield value, node.line_of(key)
            else:
                yield from addresses_of(value)
    elif isinstance(node, List):
        for item in node:
            yield from addresses_of(item)


def lint_alertmanager(compose, tree):
    """Everybody is told who listens."""
    path = f"{FOLDER}/alertmanager.yml"
    report = Report(path)
    config = tree.yaml(path)
    command = [str(word) for word in compose.services["tocsin"]["command"]]
    port = command[command.index("--receivers") + 1] if "--receivers" in command else None
    known = {"url", "api_url", "webhook_url"}
    for address, line in addresses_of(config["receivers"]):
        host, _, rest = re.sub(r"^https?://", "", address).partition(":")
        if host not in compose.services:
            report.say(line, f'there is no service "{host}"{nearest(host, compose.services)}')
        elif host == "tocsin" and rest.partition("/")[0] != port:
            report.say(line, f"{address}: the receivers listen on {port or 'no port'}")
    for receiver in config["receivers"]:
        for kind, integrations in receiver.items():
            for integration in integrations if kind.endswith("_configs") else ():
                if not known & set(integration):
                    report.say(integration.line, f'"{receiver["name"]}" is told elsewhere than by a service of the file')
    return report.findings


def lint_grafana(compose, tree):
    path = f"{FOLDER}/grafana/provisioning/datasources/tocsin.yml"
    report = Report(path)
    sources = tree.yaml(path)["datasources"]
    uids = {}
    for source in sources:
        report.keys(source, {"name", "uid", "type", "access", "url", "isDefault", "jsonData", "editable"}, "a datasource",
                    ("name", "uid", "type", "url"))
        host = re.sub(r"^https?://([^:/]+).*", r"\1", str(source.get("url")))
        if host not in compose.services:
            report.say(source.line_of("url"), f'there is no service "{host}"{nearest(host, compose.services)}')
        if source.get("uid") in uids:
            report.say(source.line_of("uid"), f'two datasources have the uid "{source["uid"]}"')
        uids[source.get("uid")] = source.get("type")
    if sum(source.get("isDefault") is True for source in sources) != 1:
        report.say(sources.line, "one datasource must be the default")
    provider = tree.yaml(f"{FOLDER}/grafana/provisioning/dashboards/tocsin.yml")["providers"][0]
    folder = compose.inside("grafana", provider["options"]["path"])
    if folder is None:
        report.say(1, f'the container does not see {provider["options"]["path"]}')
        return report.findings
    home = compose.services["grafana"]["environment"].get("GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH")
    if home and not tree.exists(compose.inside("grafana", home) or "-"):
        report.say(1, f"the container does not see {home}")
    return report.findings + [finding for path in tree.files(folder, "*.json") for finding in lint_dashboard(tree, path, uids)]


def lint_dashboard(tree, path, uids):
    report = Report(path)
    dashboard = tree.json(path)
    ids = set()
    for panel in dashboard["panels"]:
        title = panel.get("title")
        if panel.get("id") in ids:
            report.say(1, f'panel "{title}": another one has the id {panel["id"]}')
        ids.add(panel.get("id"))
        place = panel["gridPos"]
        if place["x"] + place["w"] > 24:
            report.say(1, f'panel "{title}" is wider than the page')
        for one in [panel, *panel["targets"]]:
            source = one.get("datasource") or {}
            if uids.get(source.get("uid")) != source.get("type"):
                report.say(1, f'panel "{title}" asks the datasource {source}, and there are {uids}')
        if any(not target.get("expr") for target in panel["targets"]):
            report.say(1, f'panel "{title}" has a query without expr')
    return report.findings


def lint(tree, commands):
    compose = Compose(tree, commands)
    compose.lint()
    return compose.findings + lint_prometheus(compose, tree) + lint_alertmanager(compose, tree) + lint_grafana(compose, tree)
