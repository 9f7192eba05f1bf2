#include "harness/scenario/language.h"

/// Scenario files, key by key, from the leaves to the top.

namespace tocsin::scenario {
namespace {

using enum Scalar;

// traffic

constexpr Key kStepKeys[] = {
    {"rate", only(kRate), "requests per second, minute or hour", Need::kRequired},
    {"for", only(kDuration), "how long the step holds", Need::kRequired},
};
constexpr Table kStepTable{"a step", "A rate that holds for a while.", kStepKeys};
constexpr Shape kStepShape = map_of(kStepTable);

constexpr Key kSpikeKeys[] = {
    {"base", only(kRate), "the rate before and after", Need::kRequired},
    {"peak", only(kRate), "the rate of the spike", Need::kRequired},
    {"at", only(kDuration), "when it begins, from the start of the phase", Need::kRequired},
    {"for", only(kDuration), "how long it lasts", Need::kRequired},
};
constexpr Table kSpikeTable{"a spike", "A rate that jumps up and back.", kSpikeKeys};

constexpr Key kSineKeys[] = {
    {"low", only(kRate), "the lowest rate", Need::kRequired},
    {"high", only(kRate), "the highest rate", Need::kRequired},
    {"period", only(kDuration), "from peak to peak; 24h if left out"},
    {"peak_at", only(kDuration), "the first peak, from the start of the phase"},
};
constexpr Table kSineTable{"a sine", "A day curve.", kSineKeys};

constexpr Shape kWeight = only(kNumber);
constexpr Table kMixTable{"a mix", "Relative weights of endpoints.", {}, &kWeight, "endpoint"};

constexpr std::string_view kArrivalWords[] = {"paced", "poisson"};

constexpr Key kPhaseKeys[] = {
    {"name", only(kText), "for reports, and for times like \"2m after ramp start\""},
    {"for", only(kDuration), "how long the phase lasts"},
    {"rate", only(kRateRange), "requests per second, minute or hour; 10/s..50/s is a ramp"},
    {"steps", list_of(kStepShape), "rates one after another, each with its length"},
    {"spike", map_of(kSpikeTable), "a rate that jumps up and back"},
    {"sine", map_of(kSineTable), "a day curve"},
    {"users", only(kCount), "a closed loop: so many users, each waiting for its answers"},
    {"think", only(kDuration), "how long a user waits between answer and next request"},
    {"count", only(kCount), "exactly so many requests, spread by the shape"},
    {"arrivals", one_of(kArrivalWords), "paced: evenly spaced; poisson: independent users"},
    {"mix", map_of(kMixTable), "relative weights of endpoints; else the system's own"},
    {"warm_up", only(kBool), "true: left out of the load result"},
};
constexpr Table kPhaseTable{"a phase of traffic", "Load of one shape for a while.", kPhaseKeys};
constexpr Shape kPhaseShape = map_of(kPhaseTable);

// faults

constexpr Key kRepeatKeys[] = {
    {"every", only(kDuration), "from one start to the next", Need::kRequired},
    {"times", only(kCount), "how often in all; else until the traffic ends"},
};
constexpr Table kRepeatTable{"a repetition", "", kRepeatKeys};

constexpr Shape kChangeShape = only(kChange);
constexpr Table kEndpointChangesTable{"signals of one endpoint", "", {}, &kChangeShape, "signal"};
constexpr Shape kChangeOrEndpoint = kChangeShape | map_of(kEndpointChangesTable);

constexpr Key kTargetFaultKeys[] = {
    {"down", only(kBool), "refuses connections"},
    {"hang", only(kBool), "accepts connections and never answers"},
    {"slow_scrape", only(kDuration), "metrics are answered after so long"},
    {"malformed_scrape", only(kBool), "metrics are answered with text that is none"},
    {"restart", only(kBool), "the process starts anew: counters begin at zero"},
    {"call", only(kText), "an admin endpoint, by its path; its effect lasts as long as it says"},
};

// What a proxy does to connections.
constexpr std::string_view kDirectionWords[] = {"downstream", "upstream", "both"};
constexpr auto kConnectionKeys = std::to_array<Key>({
    {"latency", only(kDuration), "added to every answer"},
    {"jitter", only(kDuration), "of the latency, up or down"},
    {"bandwidth", only(kBandwidth), "at most so many bytes a second"},
    {"timeout", only(kDuration),
     "nothing passes; the connection is closed after so long (0: never)"},
    {"reset", only(kDuration), "the connection is reset after so long (0: at once)"},
    {"slow_close", only(kDuration), "connections close so much later"},
    {"slice", only(kSize), "data comes in pieces of this size"},
    {"cut_after", only(kSize), "each connection is closed after so many bytes"},
    {"direction", one_of(kDirectionWords),
     "what it does that to: downstream, the answers, if left out; upstream, the requests; or both"},
    {"share", only(kShare), "of connections that suffer; all if left out"},
});
constexpr auto kNetworkKeys = joined(
    kConnectionKeys,
    std::to_array<Key>({
        {"refuse", only(kBool), "connections are refused"},
        {"cut", only(kBool), "connections that stand when it begins are reset; new ones pass"},
    }));
constexpr Table kNetworkTable{"a network fault",
                              "Trouble between load and service, external ones (--target) among "
                              "them; live runs only. Scrapes and probes do not meet it.",
                              kNetworkKeys};

// What live runs do to the outside.

constexpr std::string_view kNoneWord[] = {"none"};
constexpr Key kCommandActionKeys[] = {
    {"start", only(kText), "when the fault begins: a command for /bin/sh, in this file's folder",
     Need::kRequired},
    {"stop", only(kText),
     "undoes it, at the fault's end and however else the run ends; none: there is nothing to undo",
     Need::kRequired},
    {"timeout", only(kDuration), "of each, in real time; 10s if left out"},
};
constexpr Table kCommandActionTable{"a pair of commands",
                                    "Commands that make a fault and undo it; live runs only.",
                                    kCommandActionKeys};

constexpr Key kHttpCallKeys[] = {
    {"method", only(kText), "POST if left out"},
    {"url", only(kText), "in full, or a path of the target: /admin/chaos", Need::kRequired},
    {"headers", map_of(kTextMap),
     "by name; ${NAME} in a value is the environment's; never shown in reports"},
    {"body", only(kText), "JSON unless the headers say otherwise; never shown in reports"},
    {"status", only(kCount), "that must answer; any from 200 to 299 if left out"},
};
constexpr Table kHttpCallTable{"an HTTP call", "", kHttpCallKeys};
constexpr Key kHttpActionKeys[] = {
    {"start", map_of(kHttpCallTable), "when the fault begins", Need::kRequired},
    {"stop", one_of(kNoneWord) | map_of(kHttpCallTable),
     "undoes it, at the fault's end and however else the run ends; none: there is nothing to undo",
     Need::kRequired},
    {"timeout", only(kDuration), "of each, in real time; 10s if left out"},
};
constexpr Table kHttpActionTable{"a pair of HTTP calls",
                                 "HTTP calls that make a fault and undo it; live runs only.",
                                 kHttpActionKeys};

constexpr auto kToxiproxyKeys =
    joined(std::to_array<Key>({
               {"url", only(kText), "of its API, like http://localhost:8474", Need::kRequired},
               {"proxy", only(kText), "the proxy's name there", Need::kRequired},
               {"down", only(kBool), "the proxy is disabled: connections are refused"},
           }),
           kConnectionKeys);
constexpr Table kToxiproxyTable{
    "trouble at a Toxiproxy",
    "Toxics of an existing Toxiproxy, removed at the fault's end; live runs only.", kToxiproxyKeys};

constexpr std::string_view kReceiverFaultWords[] = {"down", "hang", "drop", "refuse_recipients"};
constexpr Key kReceiverFaultKeys[] = {
    {"status", only(kCount), "answers with this HTTP status; a mail's receiver with SMTP's"},
    {"retry_after", only(kDuration), "with status: when it says to come again"},
    {"delay", only(kDuration), "answers after so long"},
    {"down", only(kBool), "refuses connections"},
    {"hang", only(kBool), "takes notifications and never answers"},
    {"drop", only(kBool), "takes notifications and closes the connection without an answer"},
    {"refuse_recipients", only(kBool), "of mails: no recipient is good"},
};
constexpr Table kReceiverFaultTable{"trouble at a receiver", "", kReceiverFaultKeys};
constexpr Shape kReceiverFaultShape = one_of(kReceiverFaultWords) | map_of(kReceiverFaultTable);
constexpr Table kReceiverFaultsTable{"trouble by receiver",
                                     "How receivers take notifications.",
                                     {},
                                     &kReceiverFaultShape,
                                     "receiver"};

constexpr Key kFaultKeys[] = {
    {"name", only(kText), "for reports, and for times like \"5m after outage\""},
    {"at", only(kPoint), "when it begins", Need::kRequired},
    {"for", only(kDuration), "how long it lasts; else until the traffic ends"},
    {"repeat", map_of(kRepeatTable), "again and again"},
    {"network", map_of(kNetworkTable), "trouble between load and service; live runs only"},
    {"run", map_of(kCommandActionTable), "commands that make it and undo it; live runs only"},
    {"http", map_of(kHttpActionTable), "HTTP calls that make it and undo it; live runs only"},
    {"toxiproxy", map_of(kToxiproxyTable), "toxics of an existing Toxiproxy; live runs only"},
    {"receiver", map_of(kReceiverFaultsTable), "trouble at receivers of notifications, by name"},
};
/// `service` and exporters by name.
constexpr Table kFaultTable{"a fault", "What goes wrong, and when.", kFaultKeys, &kTargetFaultShape,
                            "service or exporter"};
constexpr Shape kFaultShape = map_of(kFaultTable);

constexpr Key kFaultRequestKeys[] = {
    {"target", only(kText), "service or an exporter", Need::kRequired},
    {"changes", map_of(kTargetFaultTable), "what happens to it", Need::kRequired},
    {"for", only(kDuration), "how long it lasts; until it is cleared if left out"},
    {"name", only(kText), "by which it can be cleared"},
};

// silences

constexpr Key kSilenceKeys[] = {
    {"matchers", kTextList, "alerts that it silences, as in alertmanager.yml: severity=\"warning\"",
     Need::kRequired},
    {"at", only(kPoint), "when it is set", Need::kRequired},
    {"for", only(kDuration), "how long it lasts; else until the run's end"},
    {"comment", only(kText), "why, and its name in silenced_by; \"silence\" if left out"},
};
constexpr Table kSilenceTable{"a silence", "Set while the run goes on, as an operator would.",
                              kSilenceKeys};
constexpr Shape kSilenceShape = map_of(kSilenceTable);

// expectations

constexpr Key kFromToKeys[] = {
    {"from", only(kPoint), "when it begins; the run's start if left out"},
    {"to", only(kPoint), "when it ends; the run's end if left out"},
};
constexpr Table kFromToTable{"a time window", "", kFromToKeys};
constexpr Shape kWindowShape = only(kWindow) | map_of(kFromToTable);

constexpr std::string_view kAlertStateWords[] = {"inactive", "pending", "firing"};
constexpr Key kStateKeys[] = {
    {"at", only(kPoint), "when", Need::kRequired},
    {"is", one_of(kAlertStateWords), "the state then", Need::kRequired},
};
constexpr Table kStateTable{"a state", "An alert's state at a time.", kStateKeys};
constexpr Shape kStateShape = map_of(kStateTable);

constexpr Key kAlertKeys[] = {
    {"pending", kWindowShape, "goes pending in this window, or never"},
    {"fires", kWindowShape, "goes firing in this window, or never"},
    {"resolves", kWindowShape, "ends in this window"},
    {"labels", map_of(kTextMap), "only episodes with these labels count"},
    {"annotations", map_of(kTextMap), "exactly these, when it fires"},
    {"value", only(kClaim), "of the expression when it fires"},
    {"times", only(kCount), "how many episodes fire"},
    {"state", kStateShape | list_of(kStateShape), "its state at a time"},
};
constexpr Table kAlertTable{"an expectation of an alert", "", kAlertKeys};
constexpr Shape kAlertItem = map_of(kAlertTable);
constexpr std::string_view kNeverWord[] = {"never"};
constexpr Shape kAlertShape = one_of(kNeverWord) | map_of(kAlertTable) | list_of(kAlertItem);

constexpr std::string_view kOthersWords[] = {"none", "any"};
constexpr Key kOthersKeys[] = {
    {"allow", kTextList, "alerts that may fire, though nothing is expected of them",
     Need::kRequired},
};
constexpr Table kOthersTable{"an expectation of other alerts", "", kOthersKeys};
constexpr Key kAlertsKeys[] = {
    {"others", one_of(kOthersWords) | map_of(kOthersTable), "none: no alert fires but those named"},
};
constexpr Table kAlertsTable{"expectations of alerts", "", kAlertsKeys, &kAlertShape, "alert"};

// Keys that say when, the same for metrics, health and scrapes.
constexpr auto kWhenKeys = std::to_array<Key>({
    {"at", only(kPoint), "at one moment"},
    {"from", only(kPoint), "all the time, from …"},
    {"to", only(kPoint), "… to"},
    {"always", kWindowShape, "all the time in this window"},
});

constexpr auto kMetricKeys =
    joined(std::to_array<Key>({
               {"that", only(kPromql), "a PromQL expression", Need::kRequired},
               {"eventually", kWindowShape, "at least once in this window"},
               {"is", only(kClaim), "what every series of the result must satisfy, or absent"},
               {"series", only(kCount), "how many series the result has"},
           }),
           kWhenKeys);
constexpr Table kMetricTable{"an expectation of a metric", "", kMetricKeys};
constexpr Shape kMetricShape = map_of(kMetricTable);

constexpr std::string_view kHealthWords[] = {"healthy", "degraded", "unhealthy", "ready",
                                             "not ready"};
constexpr std::string_view kProbeWords[] = {"passing", "failing"};
constexpr Table kBodyFieldsTable{"fields of a body", "", {}, &kJsonShape, "JSON pointer"};
constexpr auto kHealthKeys =
    joined(std::to_array<Key>({
               {"endpoint", only(kText), "its path; in a list, where it is no key"},
               {"target", only(kText), "service (if left out) or an exporter"},
               {"eventually", kWindowShape, "at least once in this window"},
               {"is", one_of(kHealthWords), "what the body says"},
               {"code", only(kCount), "HTTP status"},
               {"body", map_of(kBodyFieldsTable),
                "values in the JSON body, by pointer: /checks/database/status"},
               {"latency", only(kClaim), "of each answer"},
               {"probe", one_of(kProbeWords), "what Kubernetes thinks"},
           }),
           kWhenKeys);
constexpr Table kHealthTable{"an expectation of a health endpoint", "", kHealthKeys};
constexpr Shape kHealthItem = map_of(kHealthTable);
constexpr Shape kHealthOneOrMore = kHealthItem | list_of(kHealthItem);
constexpr Table kHealthByPathTable{
    "expectations by health endpoint", "", {}, &kHealthOneOrMore, "path"};

constexpr Key kLoadClaimKeys[] = {
    {"from", only(kPoint), "measured from …"},
    {"to", only(kPoint), "… to"},
    {"is", only(kClaim), "what it must be then", Need::kRequired},
};
constexpr Table kLoadClaimTable{"a claim with its time", "", kLoadClaimKeys};
constexpr Shape kLoadClaimShape = only(kClaim) | map_of(kLoadClaimTable);

constexpr Key kLoadKeys[] = {
    {"endpoint", only(kText), "one endpoint; else all together"},
    {"from", only(kPoint), "measured from …"},
    {"to", only(kPoint), "… to"},
    {"always", kWindowShape, "measured in this window; else over the whole run after warm-up"},
    {"throughput", kLoadClaimShape, "answers per second"},
    {"error_rate", kLoadClaimShape, "5xx and failed, of all finished"},
    {"requests", kLoadClaimShape, "how many were scheduled"},
    {"p50", kLoadClaimShape, "median response time"},
    {"p75", kLoadClaimShape, "response time"},
    {"p90", kLoadClaimShape, "response time"},
    {"p95", kLoadClaimShape, "response time"},
    {"p99", kLoadClaimShape, "response time"},
    {"p99.9", kLoadClaimShape, "response time"},
    {"max", kLoadClaimShape, "longest response time"},
};
constexpr Table kLoadTable{"an expectation of load", "", kLoadKeys};
constexpr Shape kLoadItem = map_of(kLoadTable);

constexpr std::string_view kUpWords[] = {"up", "down"};
constexpr auto kUpKeys =
    joined(std::to_array<Key>({
               {"is", one_of(kUpWords), "whether scrapes succeed", Need::kRequired},
           }),
           kWhenKeys);
constexpr Table kUpTable{"an expectation of up", "", kUpKeys};
constexpr Shape kUpItem = map_of(kUpTable);
constexpr std::string_view kTypeWords[] = {"counter", "gauge", "histogram", "summary", "info"};
constexpr Key kFamilyKeys[] = {
    {"type", one_of(kTypeWords), "the metric's type"},
    {"labels", kTextList, "labels that at least one series has"},
};
constexpr Table kFamilyTable{"an expectation of a metric family", "", kFamilyKeys};
constexpr Shape kFamilyShape = map_of(kFamilyTable);
constexpr Table kFamiliesTable{"metric families", "", {}, &kFamilyShape, "metric"};
constexpr std::string_view kNamingWords[] = {"clean"};
constexpr Key kScrapeKeys[] = {
    {"up", only(kBool) | kUpItem | list_of(kUpItem), "whether scrapes succeed"},
    {"families", map_of(kFamiliesTable) | list_of(kTextShape), "metrics that must be exported"},
    {"naming", one_of(kNamingWords), "promtool check metrics finds nothing"},
};
constexpr Table kScrapeTable{"an expectation of scrapes", "", kScrapeKeys};
constexpr Shape kScrapeShape = map_of(kScrapeTable);
constexpr Table kScrapesTable{
    "expectations of scrapes", "", {}, &kScrapeShape, "service or exporter"};

constexpr std::string_view kNotifiedWord[] = {"notified"};
constexpr Key kNotificationKeys[] = {
    // which
    {"receiver", only(kText), "its name in alertmanager.yml; any if left out"},
    {"integration", only(kText), "slack, email …, where the receiver has several"},
    {"alert", only(kText), "an alert that they tell of"},
    {"alerts", list_of(kTextShape), "several alerts, any of which they tell of"},
    {"labels", map_of(kTextMap), "of the alerts"},
    {"from", only(kPoint), "sent from …"},
    {"to", only(kPoint), "… to"},
    {"window", kWindowShape, "sent in this window; else at any time"},
    // what of them
    {"at", kWindowShape, "the first that tells of firing comes in this window"},
    {"within", only(kText), "each alert is told so soon: 30s of firing, or 6m of resolving"},
    {"resolved", only(kText), "each alert's end is told so soon: within 6m of resolving"},
    {"count", only(kClaim), "how many notifications there are, of ends too"},
    {"pages", only(kClaim), "how many of them tell of firing alerts, repeats too"},
    {"never", only(kBool), "there is none"},
    {"together", only(kBool),
     "one notification tells of all the alerts; of one alert, of all instances"},
    {"apart", only(kBool),
     "no notification tells of two of the alerts, or of two instances of one"},
    {"repeats", only(kClaim), "time from one to the next while a group goes on firing"},
    {"attempts", only(kClaim), "how often the most troublesome one was sent"},
    {"contains", kTextList, "texts that each has in its title or text"},
    {"runbook", only(kBool), "each links the alerts' runbooks"},
    {"inhibited_by", only(kText), "the alert that keeps these from being told"},
    {"silenced_by", only(kText), "the comment of the silence that does"},
    {"muted_by", only(kText), "the time interval that does"},
    {"all", one_of(kNotifiedWord),
     "every alert that fires is told to someone who was chosen for it"},
};
constexpr Table kNotificationTable{"an expectation of notifications", "", kNotificationKeys};
constexpr Shape kNotificationShape = map_of(kNotificationTable);

constexpr Key kExpectKeys[] = {
    {"alerts", map_of(kAlertsTable), "what alerts do"},
    {"notifications", kNotificationShape | list_of(kNotificationShape), "who is told of alerts"},
    {"metrics", list_of(kMetricShape), "what queries give"},
    {"health", map_of(kHealthByPathTable) | list_of(kHealthItem), "what health endpoints answer"},
    {"load", kLoadItem | list_of(kLoadItem), "throughput, errors and latencies"},
    {"scrape", map_of(kScrapesTable), "what is exported"},
};
constexpr Table kExpectTable{"the expectations", "", kExpectKeys};

// from a contract

constexpr std::string_view kAllWord[] = {"all", "none"};
constexpr std::string_view kCaseWords[] = {"fires", "silent", "short"};
constexpr Shape kCaseItem = one_of(kCaseWords);
constexpr Key kFromContractKeys[] = {
    {"alerts", one_of(kAllWord) | list_of(kTextShape), "which alerts of it; all if left out"},
    {"cases", kCaseItem | list_of(kCaseItem),
     "fires: at the documented time; silent: beside the threshold; short: the cause ends too soon"},
    {"health", only(kBool), "false: without its health states"},
    {"metrics", only(kBool), "false: without its metrics"},
};
constexpr Table kFromContractTable{"what to take from the contract",
                                   "Scenarios made of the system's contract.yaml.",
                                   kFromContractKeys};

// the whole

constexpr std::string_view kNoiseWords[] = {"random", "none"};
constexpr std::string_view kModeWords[] = {"simulated", "live"};

constexpr Key kScenarioKeys[] = {
    {"include", kTextList, "files whose keys are taken over; keys here win"},
    {"name", only(kText), "what it shows; the file's name if left out"},
    {"description", only(kText), "more words"},
    {"system", only(kText), "the system's folder, by name or path", Need::kRequired},
    {"tags", kTextList, "for choosing scenarios"},
    {"start", only(kTimestamp), "virtual time of the start; 2026-01-05T00:00:00Z if left out"},
    {"seed", only(kCount), "of all random draws; 1 if left out"},
    {"noise", one_of(kNoiseWords), "none: expected values instead of random draws"},
    {"mode", one_of(kModeWords), "live: runs on real sockets only"},
    {"time_scale", only(kNumber), "live runs divide every duration by it"},
    {"connections", only(kCount), "of live load; 64 if left out"},
    {"traffic", kPhaseShape | list_of(kPhaseShape), "load, phase after phase"},
    {"faults", kFaultShape | list_of(kFaultShape), "what goes wrong, and when"},
    {"silences", kSilenceShape | list_of(kSilenceShape), "what operators silence, and when"},
    {"expect", map_of(kExpectTable), "what must be seen"},
    {"from_contract", map_of(kFromContractTable),
     "instead of faults and expect: many scenarios, made of the system's contract"},
    {"others_allowed", kTextList, "with from_contract: alerts that may fire in any of them"},
};

}  // namespace

constinit const Table kTargetFaultTable{"a fault of a target",
                                        "What happens to the service or an exporter.",
                                        kTargetFaultKeys, &kChangeOrEndpoint, "signal or endpoint"};

constinit const Table kScenarioTable{
    "a scenario", "Traffic and faults on a system, and what must be seen.", kScenarioKeys};

constinit const Table kFaultRequestTable{"this request", "", kFaultRequestKeys};

}  // namespace tocsin::scenario
