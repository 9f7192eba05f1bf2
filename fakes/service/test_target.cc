#include "fakes/service/test_target.h"

#include <cmath>

#include "harness/scenario/formula.h"

namespace tocsin::fakes {

using scenario::InstrumentLabel;
using scenario::InstrumentSeries;

scenario::Formula formula(std::string_view text) {
  return scenario::Formula::parse(text).value();
}

scenario::Signal signal(std::string name, std::string_view value, double noise) {
  scenario::Signal made;
  made.name = std::move(name);
  made.value = formula(value);
  made.noise = noise;
  return made;
}

scenario::Signal distribution_signal(std::string name,
                                     std::vector<std::pair<double, double>> percentiles) {
  scenario::Signal made;
  made.name = std::move(name);
  made.distribution = scenario::Distribution{std::move(percentiles)};
  return made;
}

InstrumentLabel constant_label(std::string name, std::string value) {
  return {std::move(name), InstrumentLabel::Kind::kConstant, std::move(value), {}};
}

InstrumentLabel request_label(std::string name, InstrumentLabel::Kind kind) {
  return {std::move(name), kind, {}, {}};
}

InstrumentLabel split_label(std::string name, std::vector<std::pair<std::string, double>> shares) {
  return {std::move(name), InstrumentLabel::Kind::kSplit, {}, std::move(shares)};
}

scenario::Instrument instrument(std::string name, MetricType type,
                                std::vector<InstrumentSeries> series) {
  scenario::Instrument made;
  made.family = {.name = std::move(name), .type = type, .help = "For tests", .unit = ""};
  made.series = std::move(series);
  return made;
}

InstrumentSeries bound(InstrumentSeries::Binding binding, std::string_view text,
                       std::vector<InstrumentLabel> labels) {
  InstrumentSeries made;
  made.binding = binding;
  made.labels = std::move(labels);
  made.formula = formula(text);
  return made;
}

scenario::Target small_service() {
  scenario::Target target;
  target.name = "service";
  target.job = "small";
  target.instance = "localhost:8080";

  scenario::Endpoint chat;
  chat.name = chat.path = "/chat";
  chat.method = "POST";
  chat.weight = 3;
  chat.latency = {{{0.5, 0.3}, {0.95, 0.9}, {0.99, 1.6}}};
  chat.statuses = {{200, 0.97}, {404, 0.01}, {500, 0.015}, {503, 0.005}};
  chat.response_bytes = scenario::Distribution{{{0.5, 2000.0}, {0.99, 30000.0}}};
  scenario::Endpoint list;
  list.name = list.path = "/list";
  list.weight = 1;
  list.latency = {{{0.5, 0.02}, {0.99, 0.2}}};
  list.statuses = {{200, 0.99}, {500, 0.01}};
  target.endpoints = {chat, list};

  InstrumentSeries requests;
  requests.binding = InstrumentSeries::Binding::kRequests;
  requests.labels = {request_label("endpoint", InstrumentLabel::Kind::kEndpoint),
                     request_label("status", InstrumentLabel::Kind::kStatus)};
  InstrumentSeries latency;
  latency.binding = InstrumentSeries::Binding::kRequestLatency;
  latency.labels = {request_label("endpoint", InstrumentLabel::Kind::kEndpoint)};
  target.instruments = {instrument("requests_total", MetricType::kCounter, {requests}),
                        instrument("latency_seconds", MetricType::kHistogram, {latency})};
  target.instruments[1].buckets = {0.1, 0.5, 1, 2, 3, 5};
  return target;
}

traffic::Traffic steady(double rate_hz, Duration length, traffic::Arrivals arrivals) {
  traffic::Phase phase;
  phase.shape = traffic::ConstantRate{rate_hz};
  phase.length = length;
  phase.arrivals = arrivals;
  return {{phase}};
}

faults::Fault change(std::string signal, double value, Duration at, Duration length,
                     faults::SignalChange::Kind kind) {
  faults::Fault fault;
  fault.name = "fault";
  fault.target = "service";
  fault.at = at;
  fault.length = length;
  faults::SignalChange made;
  made.signal = std::move(signal);
  made.kind = kind;
  made.value = value;
  fault.changes.push_back(std::move(made));
  return fault;
}

faults::Fault target_fault(faults::TargetFaultKind kind, Duration at, Duration length) {
  faults::Fault fault;
  fault.name = "fault";
  fault.target = "service";
  fault.at = at;
  fault.length = length;
  fault.target_faults.push_back({.kind = kind});
  return fault;
}

std::map<std::string, double> read_page(TargetModel& model, Duration offset) {
  std::map<std::string, double> page;
  const auto values = model.read(offset);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!is_stale(values[i])) page[model.series()[i].to_string()] = values[i];
  }
  return page;
}

double value(const TargetModel& model, std::string_view series) {
  for (std::size_t i = 0; i < model.series().size(); ++i) {
    if (model.series()[i].to_string() == series) return model.values()[i];
  }
  return std::nan("");
}

double sum(const TargetModel& model, std::string_view prefix) {
  double total = 0;
  for (std::size_t i = 0; i < model.series().size(); ++i) {
    const bool meant = model.series()[i].to_string().starts_with(prefix);
    if (meant && !is_stale(model.values()[i])) total += model.values()[i];
  }
  return total;
}

}  // namespace tocsin::fakes
