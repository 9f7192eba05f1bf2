#include "harness/scenario/language.h"

/// System files, key by key, from the leaves to the top.

namespace tocsin::scenario {

// Tables that hold themselves.
extern const Table kStagesTable;
extern const Table kBodyTable;

namespace {

using enum Scalar;

constexpr Shape kQuantityShape = only(kQuantity);
constexpr Shape kShareShape = only(kShare);
constexpr Shape kNumberShape = only(kNumber);

constexpr Table kPercentilesTable{
    "percentiles", "Values by percentile: p50, p95, p99.9.", {}, &kQuantityShape, "percentile"};
constexpr Shape kDistribution = kQuantityShape | map_of(kPercentilesTable);

// signals

constexpr Key kSignalKeys[] = {
    {"value", only(kFormula), "a number, or a formula over other signals"},
    {"percentiles", map_of(kPercentilesTable), "instead of a value: a distribution"},
    {"mean", only(kFormula),
     "of a distribution that follows from other signals: its percentiles "
     "are as wide as they are, scaled so that this is the mean"},
    {"grows", only(kFormula), "by how much it rises each second, on top of its value"},
    {"noise", only(kShare), "standard deviation of each reading, as a share of the value"},
    {"min", kQuantityShape, "the least it can be"},
    {"max", kQuantityShape, "the most it can be"},
    {"derived", only(kBool), "true: it follows from others alone, and faults cannot move it"},
    {"help", only(kText), "what it means"},
};
constexpr Table kSignalTable{"a signal", "A named quantity over time.", kSignalKeys};
constexpr Shape kSignalShape = only(kFormula) | map_of(kSignalTable);
constexpr Table kSignalsTable{"signals", "", {}, &kSignalShape, "signal"};

// endpoints

constexpr std::string_view kSpanKinds[] = {"server", "client", "internal", "producer", "consumer"};
constexpr Key kStageKeys[] = {
    {"share", only(kShare), "of the time of what it is part of", Need::kRequired},
    {"kind", one_of(kSpanKinds), "of its span; internal if left out"},
    {"stages", map_of(kStagesTable), "parts of this part"},
};
constexpr Table kStageTable{"a stage", "Part of handling a request; becomes a span.", kStageKeys};
constexpr Shape kStageShape = map_of(kStageTable);

constexpr Table kStatusesTable{"statuses", "Shares of HTTP statuses.", {}, &kShareShape, "status"};
constexpr std::string_view kMethods[] = {"GET",    "HEAD",  "POST",   "PUT",
                                         "DELETE", "PATCH", "OPTIONS"};
constexpr Key kEndpointKeys[] = {
    {"method", one_of(kMethods), "GET if left out"},
    {"path", only(kText), "the endpoint's name if left out"},
    {"weight", only(kNumber), "relative share of requests; 1 if left out"},
    {"latency", kDistribution, "of answers, by percentile", Need::kRequired},
    {"status", map_of(kStatusesTable), "shares of HTTP statuses; all 200 if left out"},
    {"request_bytes", kDistribution, "size of request bodies, by percentile"},
    {"response_bytes", kDistribution, "size of answers, by percentile"},
    {"stages", map_of(kStagesTable), "parts of handling a request"},
};
constexpr Table kEndpointTable{"an endpoint", "What the load calls.", kEndpointKeys};
constexpr Shape kEndpointShape = map_of(kEndpointTable);
constexpr Table kEndpointsTable{"endpoints", "", {}, &kEndpointShape, "endpoint"};

// instruments

constexpr Table kSplitTable{
    "a split", "Values of the label and their shares.", {}, &kShareShape, "value"};
constexpr Shape kLabelShape = kTextShape | map_of(kSplitTable);
constexpr Table kLabelsTable{"labels of an instrument", "", {}, &kLabelShape, "label"};
constexpr Key kOnlyKeys[] = {
    {"endpoint", only(kText), "requests of this endpoint"},
    {"status", kTextList, "requests with these statuses: 404, 5xx"},
};
constexpr Table kOnlyTable{"a choice of requests", "", kOnlyKeys};
constexpr std::string_view kCountsWords[] = {"requests", "scrapes"};

// One binding; several stand in `series`.
constexpr auto kSeriesKeys = std::to_array<Key>({
    {"labels", map_of(kLabelsTable), "constants, $method, $endpoint, $status, or shares by value"},
    {"only", map_of(kOnlyTable), "counts these requests only"},
    {"counts", one_of(kCountsWords), "a counter of requests, or scrapes, answered"},
    {"observes", only(kText), "latency, request_bytes, response_bytes or a distribution"},
    {"value", only(kFormula), "of a gauge, at the scrape"},
    {"rate", only(kFormula), "events per second of a counter or histogram"},
    {"per_request", only(kFormula), "events for each request of a counter or histogram"},
    {"fractional", only(kBool), "true: the counter grows by real numbers, not by whole events"},
    {"when", only(kFormula), "exposed only while this is true (not zero)"},
});
constexpr Table kSeriesTable{"a series of an instrument", "", kSeriesKeys};
constexpr Shape kSeriesShape = map_of(kSeriesTable);
constexpr std::string_view kTypes[] = {"counter", "gauge", "histogram",
                                       "summary", "info",  "untyped"};
constexpr auto kInstrumentKeys =
    joined(std::to_array<Key>({
               {"type", one_of(kTypes), "the metric's type", Need::kRequired},
               {"help", only(kText), "its HELP line"},
               {"unit", only(kText), "its UNIT line (OpenMetrics)"},
               {"buckets", list_of(kQuantityShape),
                "upper bounds of a histogram, ascending, without +Inf"},
               {"quantiles", list_of(kNumberShape),
                "of a summary, between 0 and 1; percentages where all are above 1"},
               {"series", list_of(kSeriesShape), "several bindings, each with labels of its own"},
           }),
           kSeriesKeys);
constexpr Table kInstrumentTable{"an instrument", "A metric that is exported.", kInstrumentKeys};
constexpr Shape kInstrumentShape = map_of(kInstrumentTable);
constexpr Table kInstrumentsTable{"instruments", "", {}, &kInstrumentShape, "metric"};

// health

constexpr Shape kBodyShape = only(kJson) | map_of(kBodyTable) | list_of(kJsonShape);

constexpr Key kMessageKeys[] = {
    {"healthy", only(kText), "while it is healthy"},
    {"degraded", only(kText), "while it is degraded"},
    {"unhealthy", only(kText), "while it is unhealthy"},
};
constexpr Table kMessagesTable{"messages", "For $message, with {signal} or {signal:.1f} in them.",
                               kMessageKeys};
constexpr Key kCheckKeys[] = {
    {"degraded", only(kFormula), "true (not zero) while it is degraded"},
    {"unhealthy", only(kFormula), "true (not zero) while it is unhealthy; wins over degraded"},
    {"critical", only(kBool), "false: when it is unhealthy the whole is only degraded"},
    {"message", kTextShape | map_of(kMessagesTable), "for $message, by state"},
    {"body", only(kJson) | map_of(kBodyTable), "its object in the answer, or its one value"},
};
constexpr Table kCheckTable{"a health check", "", kCheckKeys};
constexpr Shape kCheckShape = map_of(kCheckTable);
constexpr Table kChecksTable{"health checks", "", {}, &kCheckShape, "check"};

constexpr Key kCodeKeys[] = {
    {"healthy", only(kCount), "200 if left out"},
    {"degraded", only(kCount), "200 if left out"},
    {"unhealthy", only(kCount), "503 if left out"},
};
constexpr Table kCodesTable{"codes", "HTTP status by state.", kCodeKeys};
constexpr Key kProbeKeys[] = {
    {"initial_delay", only(kDuration), "initialDelaySeconds; 0s if left out"},
    {"period", only(kDuration), "periodSeconds; 10s if left out"},
    {"timeout", only(kDuration), "timeoutSeconds; 1s if left out"},
    {"success_threshold", only(kCount), "successThreshold; 1 if left out"},
    {"failure_threshold", only(kCount), "failureThreshold; 3 if left out"},
};
constexpr Table kProbeTable{"a probe", "As Kubernetes has it.", kProbeKeys};
constexpr Key kHealthEndpointKeys[] = {
    {"codes", map_of(kCodesTable), "HTTP status by state"},
    {"latency", only(kDuration), "of each answer; 5ms if left out"},
    {"probe", map_of(kProbeTable), "how it is probed, as Kubernetes has it"},
    {"body", map_of(kBodyTable), "the JSON answer"},
    {"checks", map_of(kChecksTable), "what it looks at"},
};
constexpr Table kHealthEndpointTable{"a health endpoint", "", kHealthEndpointKeys};
constexpr Shape kHealthShape = map_of(kHealthEndpointTable);
constexpr Table kHealthEndpointsTable{"health endpoints", "", {}, &kHealthShape, "path"};

// admin

constexpr std::string_view kAdminMethods[] = {"POST", "PUT", "DELETE", "PATCH"};
constexpr Key kAdminEndpointKeys[] = {
    {"method", one_of(kAdminMethods), "POST if left out"},
    {"help", only(kText), "what it is for"},
    {"code", only(kCount), "HTTP status of the answer; 200 if left out"},
    {"latency", only(kDuration), "of the answer; 5ms if left out"},
    {"body", map_of(kBodyTable), "the JSON answer, as things are before the effect"},
    {"for", only(kDuration), "how long its effect lasts"},
    {"effect", map_of(kTargetFaultTable), "what a call does, written as in a fault"},
};
constexpr Table kAdminEndpointTable{"an admin endpoint",
                                    "What operators call to make the process do something.",
                                    kAdminEndpointKeys};
constexpr Shape kAdminShape = map_of(kAdminEndpointTable);
constexpr Table kAdminTable{"admin endpoints", "", {}, &kAdminShape, "path"};

// targets

constexpr Key kScrapingKeys[] = {
    {"interval", only(kDuration), "15s if left out"},
    {"timeout", only(kDuration), "10s, or the interval when that is shorter, if left out"},
    {"honor_labels", only(kBool), "exported labels win over the target's"},
};
constexpr Table kScrapingTable{"a scrape", "", kScrapingKeys};

constexpr std::string_view kCountersWords[] = {"reset", "kept"};
constexpr Key kBackendKeys[] = {
    {"up", only(kFormula), "true (not zero) while it runs; when it comes back it has restarted"},
    {"shown", only(kFormula), "its metrics are exposed only while this is true"},
    {"age", only(kDuration), "how long it has run when the run begins; 0s if left out"},
    {"counters", one_of(kCountersWords), "what a restart does to its counters; reset if left out"},
    {"takes_exporter", only(kBool), "true: the exporter's process restarts with it"},
    {"instruments", map_of(kInstrumentsTable), "its metrics"},
};
constexpr Table kBackendTable{
    "a backend", "What an exporter speaks for: a host, a database, a broker.", kBackendKeys};
constexpr Key kAnswerKeys[] = {
    {"delay", only(kFormula), "seconds until a scrape is answered"},
    {"hangs", only(kFormula), "true (not zero) while scrapes are not answered"},
    {"fails", only(kFormula), "true (not zero) while scrapes are answered with HTTP 500"},
    {"failure", only(kText), "the body of such an answer"},
};
constexpr Table kAnswerTable{"how scrapes are answered", "", kAnswerKeys};

constexpr auto kTargetKeys = std::to_array<Key>({
    {"include", kTextList, "files with keys of this map; keys here win"},
    {"job", only(kText), "label job; the target's name if left out"},
    {"instance", only(kText), "label instance; localhost and the port if left out"},
    {"port", only(kCount), "documented port"},
    {"metrics_path", only(kText), "/metrics if left out"},
    {"version", only(kText), "for bodies and info metrics"},
    {"labels", map_of(kTextMap), "further labels of the target"},
    {"scrape", map_of(kScrapingTable), "how often, how long"},
    {"signals", map_of(kSignalsTable), "named quantities, which faults may move"},
    {"endpoints", map_of(kEndpointsTable), "what the load calls"},
    {"instruments", map_of(kInstrumentsTable), "metrics that are exported"},
    {"health", map_of(kHealthEndpointsTable), "health endpoints"},
    {"admin", map_of(kAdminTable), "what operators, and faults, call"},
    {"backend", map_of(kBackendTable), "what an exporter speaks for, which dies apart from it"},
    {"answer", map_of(kAnswerTable), "how scrapes are answered, when that depends on signals"},
});
constexpr Shape kTargetShape = map_of(kTargetTable);

// exporters that are known

constexpr std::string_view kKinds[] = {"node", "postgres", "redis", "celery"};
constexpr Shape kCountShape = only(kCount);
constexpr Shape kSizeShape = only(kSize);
constexpr Key kFilesystemKeys[] = {
    {"size", kSizeShape, "100GB if left out"},
    {"device", only(kText), "/dev/sda1 if left out"},
    {"fstype", only(kText), "ext4 if left out"},
};
constexpr Table kFilesystemTable{"a filesystem", "", kFilesystemKeys};
constexpr Shape kFilesystemShape = kSizeShape | map_of(kFilesystemTable);
constexpr Table kFilesystemsTable{
    "filesystems", "Sizes by mountpoint.", {}, &kFilesystemShape, "mountpoint"};
constexpr Key kDatabaseKeys[] = {{"size", kSizeShape, "1GB if left out"}};
constexpr Table kDatabaseTable{"a database", "", kDatabaseKeys};
constexpr Shape kDatabaseShape = kSizeShape | map_of(kDatabaseTable);
constexpr Table kDatabasesTable{"databases", "Sizes by name.", {}, &kDatabaseShape, "database"};

constexpr auto kExporterKeys = joined(
    kTargetKeys,
    std::to_array<Key>({
        {"kind", one_of(kKinds), "the real exporter that it stands for, with all its metrics"},
        {"host", only(kText), "node, celery: the host's name; postgres: as in label server"},
        {"cores", kCountShape, "node: CPUs; 4 if left out"},
        {"memory", kSizeShape, "node: of the host, 16GB; redis: maxmemory, 1GB; 0 is no limit"},
        {"swap", kSizeShape, "node: 2GB if left out"},
        {"disks", list_of(kTextShape), "node: device names; [sda] if left out"},
        {"filesystems", list_of(kTextShape) | map_of(kFilesystemsTable),
         "node: mountpoints, or sizes by mountpoint; {/: 100GB} if left out"},
        {"networks", list_of(kTextShape), "node: network devices beside lo; [eth0] if left out"},
        {"units", list_of(kTextShape), "node: of the systemd collector"},
        {"collectors", list_of(kTextShape),
         "further ones; node: systemd, mdadm, bonding, hwmon, edac; postgres: stat_user_tables, "
         "postmaster, replication, bloat; redis: system"},
        {"databases", list_of(kTextShape) | map_of(kDatabasesTable),
         "postgres: names, or sizes by name; [app] if left out"},
        {"tables", list_of(kTextShape), "postgres: of the stat_user_tables collector"},
        {"max_connections", kCountShape, "postgres: 100 if left out"},
        {"max_clients", kCountShape, "redis: 10000 if left out"},
        {"replicas", list_of(kTextShape), "postgres, redis: addresses of streaming replicas"},
        {"replica_of", only(kText), "postgres, redis: host:port of the primary that it follows"},
        {"cluster", only(kBool), "redis: true shows the metrics of cluster mode"},
        {"queues", list_of(kTextShape), "celery: [celery] if left out"},
        {"workers", list_of(kTextShape), "celery: host names; [celery@worker-1] if left out"},
        {"tasks", list_of(kTextShape) | map_of(kTextMap),
         "celery: names of tasks, or queues by name; [tasks.process] if left out"},
        {"processes", kCountShape, "celery: of each worker; 4 if left out"},
    }));
constexpr Table kExporterTable{
    "an exporter", "A target that is one of the known exporters, or all its own.", kExporterKeys};
constexpr Shape kExporterShape = map_of(kExporterTable);
constexpr Table kExportersTable{"exporters", "", {}, &kExporterShape, "exporter"};

// alerts

constexpr std::string_view kPolledSeverities[] = {"info", "warning", "error", "critical"};
constexpr Key kPolledAlertKeys[] = {
    {"severity", one_of(kPolledSeverities), "warning if left out"},
    {"channels", kTextList, "who is told; those of its severity if left out"},
    {"cooldown", only(kDuration), "nothing is told again for so long; else as for all"},
};
constexpr Table kPolledAlertTable{"a polled alert", "", kPolledAlertKeys};
constexpr Shape kPolledAlertShape = map_of(kPolledAlertTable);
constexpr Table kPolledAlertListTable{"polled alerts by name",
                                      "Alerts of the rules that the service asks for itself.",
                                      {},
                                      &kPolledAlertShape,
                                      "alert"};
constexpr Key kSeverityChannelKeys[] = {
    {"info", kTextList, ""},
    {"warning", kTextList, ""},
    {"error", kTextList, ""},
    {"critical", kTextList, ""},
};
constexpr Table kSeverityChannelsTable{"channels by severity", "", kSeverityChannelKeys};
constexpr Key kPolledKeys[] = {
    {"every", only(kDuration), "from one poll to the next; 60s if left out"},
    {"cooldown", only(kDuration), "nothing is told again for so long; 300s if left out"},
    {"channels", map_of(kSeverityChannelsTable), "who is told of alerts that name no channels"},
    {"alerts", map_of(kPolledAlertListTable), "which alerts; no Alertmanager hears of them",
     Need::kRequired},
};
constexpr Table kPolledTable{"an alert manager inside of the service",
                             "It polls conditions and tells channels itself.", kPolledKeys};

constexpr Key kSystemKeys[] = {
    {"include", kTextList, "files whose keys are taken over; keys here win"},
    {"system", only(kText), "its name", Need::kRequired},
    {"title", only(kText), "its name in full"},
    {"guide", only(kText), "the document that it follows"},
    {"rules", kTextList, "rule files in Prometheus' format, relative to this file"},
    {"evaluation_interval", only(kDuration), "of rules; 15s if left out"},
    {"alertmanager", only(kText), "an alertmanager.yml, relative to this file"},
    {"external_labels", map_of(kTextMap), "of Prometheus: on every alert that it sends"},
    {"polled_alerts", map_of(kPolledTable), "alerts that the service tells of by itself"},
    {"service", kTargetShape, "the service under test", Need::kRequired},
    {"exporters", map_of(kExportersTable), "what else is scraped, by name"},
};

}  // namespace

constinit const Table kStagesTable{"stages", "", {}, &kStageShape, "stage"};
constinit const Table kBodyTable{
    "a body",
    "Texts, numbers, =formulas, $state, $ok, $timestamp, $uptime, $checks, $message.",
    {},
    &kBodyShape,
    "field"};
constinit const Table kTargetTable{"a target", "The service, or an exporter.", kTargetKeys};
constinit const Table kSystemTable{"a system", "A service, its exporters, and its rules.",
                                   kSystemKeys};

}  // namespace tocsin::scenario
