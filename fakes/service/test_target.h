#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "fakes/service/model.h"
#include "harness/faults/fault.h"
#include "harness/scenario/system.h"
#include "harness/traffic/traffic.h"

/// A small service for tests, and the few things that tests ask of a model.

namespace tocsin::fakes {

/// Endpoints /chat (POST, weight 3; 200, 404, 500, 503) and /list (GET, weight 1; 200, 500);
/// requests_total by endpoint and status, latency_seconds by endpoint.
scenario::Target small_service();

scenario::Formula formula(std::string_view text);
scenario::Signal signal(std::string name, std::string_view value, double noise = 0);
scenario::Signal distribution_signal(std::string name,
                                     std::vector<std::pair<double, double>> percentiles);
scenario::InstrumentLabel constant_label(std::string name, std::string value);
scenario::InstrumentLabel request_label(std::string name, scenario::InstrumentLabel::Kind kind);
scenario::InstrumentLabel split_label(std::string name,
                                      std::vector<std::pair<std::string, double>> shares);
scenario::Instrument instrument(std::string name, MetricType type,
                                std::vector<scenario::InstrumentSeries> series);
/// A series bound to a formula.
scenario::InstrumentSeries bound(scenario::InstrumentSeries::Binding binding,
                                 std::string_view formula,
                                 std::vector<scenario::InstrumentLabel> labels = {});

traffic::Traffic steady(double rate_hz, Duration length,
                        traffic::Arrivals arrivals = traffic::Arrivals::kPaced);
faults::Fault change(std::string signal, double value, Duration at, Duration length,
                     faults::SignalChange::Kind kind = faults::SignalChange::Kind::kSet);
faults::Fault target_fault(faults::TargetFaultKind kind, Duration at, Duration length);

/// What a scrape then shows, by series.
std::map<std::string, double> read_page(TargetModel& model, Duration offset);
/// The value last read; NaN when there is no such series, stale_marker() when it is not shown.
double value(const TargetModel& model, std::string_view series);
/// Of all series whose text begins so, but for those not shown.
double sum(const TargetModel& model, std::string_view prefix);

}  // namespace tocsin::fakes
