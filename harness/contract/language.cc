#include "harness/contract/language.h"

#include "harness/scenario/language.h"

/// Contract files, key by key, from the leaves to the top.

namespace tocsin::contract {
namespace {

using scenario::Key;
using scenario::kTextList;
using scenario::kTextMap;
using scenario::kTextShape;
using scenario::list_of;
using scenario::map_of;
using scenario::Need;
using scenario::one_of;
using scenario::only;
using scenario::Shape;
using scenario::Table;
using enum scenario::Scalar;

// What most promises have.
constexpr Shape kCountItem = only(kCount);
constexpr Shape kLinesShape = list_of(kCountItem);
constexpr auto kOrigin = std::to_array<Key>({
    {"line", only(kCount), "of the guide"},
    {"lines", kLinesShape, "of the guide, when there are several"},
    {"note", only(kText), "whatever a reader should know"},
});

constexpr Key kGuideKeys[] = {
    {"title", only(kText), "of the document", Need::kRequired},
    {"date", only(kText), "of the document"},
    {"file", only(kText), "its name"},
};
constexpr Table kGuideTable{"the guide", "The document that promises all this.", kGuideKeys};

// alerts

constexpr std::string_view kComparisons[] = {"above", "at_least", "below", "at_most", "equal"};
constexpr std::string_view kAlertParts[] = {"threshold", "is",   "severity", "for",
                                            "window",    "name", "expr"};
constexpr Shape kAlertPart = one_of(kAlertParts);

constexpr Shape kChangeShape = only(kChange);
constexpr Table kChangesTable{"changes of signals", "", {}, &kChangeShape, "signal"};

constexpr Table kStateTable{
    "a state",
    "What is broken: targets, and what happens to them, as in a scenario's faults.",
    {},
    &scenario::kTargetFaultShape,
    "target"};

constexpr Key kCauseKeys[] = {
    {"signal", only(kText), "what is driven to the threshold"},
    {"target", only(kText), "whose signal; the service's if left out"},
    {"endpoint", only(kText), "the signal of this endpoint alone"},
    {"traffic", only(kBool), "true: the rate of requests is driven"},
    {"factor", only(kText), "the signal is so many times the threshold: 100, 1/300; 1 if left out"},
    {"fires_at", only(kQuantity), "a value well within the alert, in the threshold's unit"},
    {"silent_at", only(kQuantity), "a value just on the other side"},
    {"range", only(kText), "where the threshold is looked for: 0%..100%"},
    {"with", map_of(kChangesTable), "further changes of the same target meanwhile"},
    {"when", map_of(kStateTable), "instead of a signal: what is broken"},
    {"below", map_of(kStateTable), "a near state in which the alert must stay silent"},
    {"otherwise", map_of(kStateTable),
     "what is so before and after, when the alert fires in the normal state"},
    {"lasts", only(kDuration), "how long at most, when the alert ends by itself, as on a jump"},
};
constexpr Table kCauseTable{"a cause", "What makes the alert fire.", kCauseKeys};
constexpr Shape kCauseItem = map_of(kCauseTable);

constexpr auto kAlertKeys =
    joined(std::to_array<Key>({
               {"id", only(kText), "of the promise"},
               {"says", only(kText), "the guide's words"},
               {"severity", only(kText), "the label severity"},
               {"threshold", only(kQuantity), "the value at which it fires, with its unit"},
               {"is", one_of(kComparisons), "how the value compares with the threshold"},
               {"for", only(kDuration), "how long that must last; 0s if left out"},
               {"window", only(kDuration), "how far back the expression looks"},
               {"ours", list_of(kAlertPart), "which of these the guide does not give"},
               {"drive", kCauseItem | list_of(kCauseItem), "what makes it fire, and what else does",
                Need::kRequired},
               {"also", kTextList, "alerts that may fire along with it"},
           }),
           kOrigin);
constexpr Table kAlertTable{"a documented alert", "", kAlertKeys};
constexpr Shape kAlertShape = map_of(kAlertTable);
constexpr Table kAlertsTable{"documented alerts", "", {}, &kAlertShape, "alert"};

// metrics

constexpr std::string_view kTypes[] = {"counter", "gauge", "histogram", "summary", "info"};
constexpr std::string_view kMetricParts[] = {"name", "type", "labels", "unit"};
constexpr Shape kMetricPart = one_of(kMetricParts);
constexpr auto kMetricKeys =
    joined(std::to_array<Key>({
               {"type", one_of(kTypes), "the metric's type"},
               {"labels", list_of(kTextShape), "labels that it has"},
               {"unit", only(kText), "of its values"},
               {"target", only(kText), "who exports it; the service if left out"},
               {"ours", list_of(kMetricPart), "which of these the guide does not give"},
           }),
           kOrigin);
constexpr Table kMetricTable{"a documented metric", "", kMetricKeys};
constexpr Shape kMetricShape = map_of(kMetricTable);
constexpr Table kMetricsTable{"documented metrics", "", {}, &kMetricShape, "metric"};

// health

constexpr std::string_view kStates[] = {"healthy", "degraded", "unhealthy", "ready", "not ready"};
constexpr std::string_view kHealthParts[] = {"endpoint", "state",   "code",
                                             "fields",   "latency", "when"};
constexpr Shape kHealthPart = one_of(kHealthParts);
constexpr Shape kJsonItem = only(kJson);
constexpr Table kFieldsTable{"fields of a body", "", {}, &kJsonItem, "JSON pointer"};
constexpr auto kHealthKeys =
    joined(std::to_array<Key>({
               {"id", only(kText), "of the promise"},
               {"endpoint", only(kText), "its path", Need::kRequired},
               {"target", only(kText), "whose endpoint; the service's if left out"},
               {"state", one_of(kStates), "what the body says"},
               {"code", only(kCount), "HTTP status"},
               {"when", map_of(kStateTable), "what is broken then; nothing if left out"},
               {"fields", map_of(kFieldsTable), "values in the JSON body, by pointer"},
               {"latency", only(kClaim), "of each answer: < 100ms"},
               {"after", only(kDuration), "promised so long after the start of the process"},
               {"ours", list_of(kHealthPart), "which of these the guide does not give"},
           }),
           kOrigin);
constexpr Table kHealthTable{"a documented health state", "", kHealthKeys};
constexpr Shape kHealthShape = map_of(kHealthTable);

// the rest

constexpr auto kJobKeys = joined(std::to_array<Key>({
                                     {"port", only(kCount), "where it listens"},
                                     {"path", only(kText), "of the metrics; /metrics if left out"},
                                     {"interval", only(kDuration), "its own scrape interval"},
                                 }),
                                 kOrigin);
constexpr Table kJobTable{"a scrape job", "", kJobKeys};
constexpr Shape kJobShape = map_of(kJobTable);
constexpr Table kJobsTable{"scrape jobs", "", {}, &kJobShape, "job"};
constexpr std::string_view kScrapeParts[] = {"interval", "evaluation_interval", "jobs"};
constexpr Shape kScrapePart = one_of(kScrapeParts);
constexpr auto kScrapeKeys = joined(
    std::to_array<Key>({
        {"interval", only(kDuration), "from scrape to scrape"},
        {"evaluation_interval", only(kDuration), "from one evaluation of the rules to the next"},
        {"jobs", map_of(kJobsTable), "what is scraped, by job"},
        {"ours", list_of(kScrapePart), "which of these the guide does not give"},
    }),
    kOrigin);
constexpr Table kScrapeTable{"documented scraping", "", kScrapeKeys};

constexpr auto kCountKeys =
    joined(std::to_array<Key>({
               {"what", only(kText), "what is counted", Need::kRequired},
               {"documented", only(kText), "how many: 16, or 50+", Need::kRequired},
           }),
           kOrigin);
constexpr Table kCountTable{"a documented count", "", kCountKeys};
constexpr Shape kCountShape = map_of(kCountTable);

constexpr auto kSamplingKeys =
    joined(std::to_array<Key>({
               {"id", only(kText), "of the promise"},
               {"what", only(kText), "what is sampled", Need::kRequired},
               {"rate", only(kQuantity), "how much of it", Need::kRequired},
           }),
           kOrigin);
constexpr Table kSamplingTable{"a documented sampling rate", "", kSamplingKeys};
constexpr Shape kSamplingShape = map_of(kSamplingTable);

constexpr auto kBudgetKeys =
    joined(std::to_array<Key>({
               {"id", only(kText), "of the promise"},
               {"what", only(kText), "what costs it", Need::kRequired},
               {"limit", only(kQuantity), "at most this much", Need::kRequired},
               {"per", only(kText), "request, error, …"},
           }),
           kOrigin);
constexpr Table kBudgetTable{"a documented budget", "", kBudgetKeys};
constexpr Shape kBudgetShape = map_of(kBudgetTable);

constexpr std::string_view kMethods[] = {"GET", "POST", "PUT", "DELETE", "PATCH"};
constexpr auto kAdminKeys = joined(std::to_array<Key>({
                                       {"path", only(kText), "of the endpoint", Need::kRequired},
                                       {"method", one_of(kMethods), "GET if left out"},
                                       {"says", only(kText), "the guide's words"},
                                   }),
                                   kOrigin);
constexpr Table kAdminTable{"a documented endpoint", "", kAdminKeys};
constexpr Shape kAdminShape = map_of(kAdminTable);

constexpr auto kRunbookKeys = joined(std::to_array<Key>({
                                         {"id", only(kText), "of the promise"},
                                         {"title", only(kText), "its heading", Need::kRequired},
                                         {"says", only(kText), "the guide's words"},
                                         {"alerts", kTextList, "for which it is", Need::kRequired},
                                     }),
                                     kOrigin);
constexpr Table kRunbookTable{"a documented runbook", "", kRunbookKeys};
constexpr Shape kRunbookShape = map_of(kRunbookTable);

constexpr auto kPromiseKeys =
    joined(std::to_array<Key>({
               {"id", only(kText), "of the promise", Need::kRequired},
               {"says", only(kText), "what is promised", Need::kRequired},
               {"shown_by", kTextList, "files beside this one that show whether it is kept"},
           }),
           kOrigin);
constexpr Table kPromiseTable{"a further promise", "", kPromiseKeys};
constexpr Shape kPromiseShape = map_of(kPromiseTable);

constexpr Key kContractKeys[] = {
    {"include", kTextList, "files whose keys are taken over; keys here win"},
    {"contract", only(kText), "the system's name", Need::kRequired},
    {"guide", map_of(kGuideTable), "the document that promises all this"},
    {"traffic", only(kRate), "the normal load, at which alerts are driven; 50/s if left out"},
    {"alerts", map_of(kAlertsTable), "by the name of their rule"},
    {"metrics", map_of(kMetricsTable), "by name"},
    {"health", list_of(kHealthShape), "states of health endpoints"},
    {"scrape", map_of(kScrapeTable), "what is scraped, and how often"},
    {"counts", list_of(kCountShape), "how many of what the guide says there are"},
    {"sampling", list_of(kSamplingShape), "rates of sampling"},
    {"budgets", list_of(kBudgetShape), "limits of overhead"},
    {"admin", list_of(kAdminShape), "further endpoints"},
    {"runbooks", list_of(kRunbookShape), "what to do, by alert"},
    {"promises", list_of(kPromiseShape), "whatever else the guide promises, in words"},
    {"traces", map_of(kFreeTable), "spans, attributes, propagation and exporter: plain data"},
};

}  // namespace

constinit const Table kContractTable{"a contract", "What a system's documentation promises.",
                                     kContractKeys};

// Anything at all, any depth.
namespace {
constexpr Shape kFreeItem = only(kJson) | map_of(kFreeTable);
constexpr Shape kFreeShape = kFreeItem | list_of(kFreeItem);
}  // namespace
constinit const Table kFreeTable{"plain data", "", {}, &kFreeShape, "key"};

}  // namespace tocsin::contract
