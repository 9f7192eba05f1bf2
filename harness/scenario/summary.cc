#include "harness/scenario/summary.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace tocsin::scenario {
namespace {

std::string show(const TimeWindow& window) {
  return format_duration(window.from) + ".." + format_duration(window.to);
}

std::string show(const ValueClaim& claim) {
  static constexpr std::string_view kKinds[] = {
      "near", "between", "<", "<=", ">", ">=", "==", "!="};
  std::string text = fmt::format("{} {}", kKinds[static_cast<std::size_t>(claim.kind)],
                                 format_number(claim.value, 12));
  if (claim.kind == ValueClaim::Kind::kBetween) text += ".." + format_number(claim.upper, 12);
  if (claim.kind == ValueClaim::Kind::kNear) text += " ± " + format_number(claim.tolerance, 12);
  return text;
}

struct ShowShape {
  std::string operator()(const traffic::ConstantRate& shape) const {
    return fmt::format("{}/s", format_number(shape.rate_hz, 12));
  }
  std::string operator()(const traffic::RampRate& shape) const {
    return fmt::format("{}/s..{}/s", format_number(shape.from_hz, 12),
                       format_number(shape.to_hz, 12));
  }
  std::string operator()(const traffic::StepRates& shape) const {
    std::string text = "steps";
    for (const auto& step : shape.steps) {
      text += fmt::format(" {}/s for {}", format_number(step.rate_hz, 12),
                          format_duration(step.length));
    }
    return text;
  }
  std::string operator()(const traffic::SpikeRate& shape) const {
    return fmt::format("{}/s, {}/s at {} for {}", format_number(shape.base_hz, 12),
                       format_number(shape.peak_hz, 12), format_duration(shape.at),
                       format_duration(shape.length));
  }
  std::string operator()(const traffic::SineRate& shape) const {
    return fmt::format("sine {}/s..{}/s every {}, peak at {}", format_number(shape.low_hz, 12),
                       format_number(shape.high_hz, 12), format_duration(shape.period),
                       format_duration(shape.peak_at));
  }
};

std::string show(const traffic::Phase& phase) {
  std::string text = fmt::format("phase {} for {}:", phase.name, format_duration(phase.length));
  if (phase.users) {
    text += fmt::format(" {} users thinking {}", phase.users->count,
                        format_duration(phase.users->think));
  } else {
    text += " " + std::visit(ShowShape(), phase.shape);
  }
  if (phase.count) text += fmt::format(" {} requests", *phase.count);
  if (phase.arrivals == traffic::Arrivals::kPaced) text += " paced";
  for (const traffic::MixEntry& entry : phase.mix) {
    text += fmt::format(" {}×{}", entry.endpoint, format_number(entry.weight, 12));
  }
  if (phase.warm_up) text += " (warm-up)";
  return text + "\n";
}

std::string show(const faults::HttpCall& call) {
  std::string text = fmt::format("{} {} wants {}", call.method, call.url, call.status);
  for (const auto& [name, value] : call.headers) text += fmt::format(", {}: {}", name, value);
  return text + (call.body.empty() ? "" : ", body " + call.body) + "\n";
}

std::string show(const faults::Action& action) {
  std::string text = fmt::format("  {} {}, at most {}\n", key_of(action), describe(action),
                                 format_duration(action.timeout));
  if (const auto* commands = std::get_if<faults::CommandAction>(&action.what)) {
    text += fmt::format("    undone by \"{}\"\n", commands->stop);
  } else if (const auto* calls = std::get_if<faults::CallAction>(&action.what)) {
    text += "    " + show(calls->start);
    text += calls->stop ? "    undone by " + show(*calls->stop) : "    not undone\n";
  }
  return text;
}

std::string show(const faults::Fault& fault) {
  std::string text = fmt::format("{}: at {} for {}", fault.name, format_duration(fault.at),
                                 format_duration(fault.length));
  if (fault.times > 1) {
    text += fmt::format(", {} times every {}", fault.times, format_duration(fault.every));
  }
  text += ", " + fault.target + (fault.call.empty() ? "" : " call " + fault.call) + "\n";
  static constexpr std::string_view kChanges[] = {"set", "factor", "offset"};
  for (const faults::SignalChange& change : fault.changes) {
    text += fmt::format("  {}{}{} {}", change.endpoint, change.endpoint.empty() ? "" : " ",
                        change.signal, kChanges[static_cast<std::size_t>(change.kind)]);
    if (change.from) text += fmt::format(" from {} to", format_number(*change.from, 12));
    text += " " + format_number(change.value, 12);
    if (change.over != Duration(0)) text += " over " + format_duration(change.over);
    text += "\n";
  }
  static constexpr std::string_view kTarget[] = {"down", "hang", "slow scrape", "malformed scrape",
                                                 "restart"};
  for (const faults::TargetFault& target : fault.target_faults) {
    text += fmt::format("  {} {}\n", kTarget[static_cast<std::size_t>(target.kind)],
                        format_duration(target.delay));
  }
  for (const faults::NetworkFault& network : fault.network_faults) {
    text += "  " + faults::describe(network) + "\n";
  }
  if (fault.action) text += show(*fault.action);
  for (const faults::ReceiverFault& receiver : fault.receiver_faults) {
    text += fmt::format(
        "  {} {} {} after {}{}\n", receiver.receiver, to_string(receiver.kind), receiver.status,
        format_duration(receiver.delay),
        receiver.retry_after ? " retry after " + format_duration(*receiver.retry_after) : "");
  }
  return text;
}

std::string show(const SilenceSpec& silence) {
  std::string text = fmt::format("silence {} {}:", silence.comment, show(silence.window));
  for (const auto& matcher : silence.matchers) text += " " + matcher.text;
  return text + "\n";
}

std::string show(const NotificationExpectation& told) {
  std::string text = fmt::format("notifications {} {} {}:", told.receiver, told.integration,
                                 fmt::join(told.alerts, "+"));
  for (const auto& [name, value] : told.labels) text += fmt::format(" {}={}", name, value);
  if (told.window) text += " within " + show(*told.window);
  if (told.never) text += " never";
  if (told.at) text += " first " + show(*told.at);
  if (told.within_firing) text += " firing + " + format_duration(*told.within_firing);
  if (told.within_resolving) text += " resolving + " + format_duration(*told.within_resolving);
  if (told.count) text += " count " + show(*told.count);
  if (told.pages) text += " pages " + show(*told.pages);
  if (told.attempts) text += " attempts " + show(*told.attempts);
  if (told.repeats) text += " repeats " + show(*told.repeats);
  if (told.together) text += " together";
  if (told.apart) text += " apart";
  if (!told.inhibited_by.empty()) text += " inhibited by " + told.inhibited_by;
  if (!told.silenced_by.empty()) text += " silenced by " + told.silenced_by;
  if (!told.muted_by.empty()) text += " muted by " + told.muted_by;
  for (const std::string& part : told.contains) text += fmt::format(" contains \"{}\"", part);
  if (told.runbook) text += " runbook";
  return text + "\n";
}

std::string show(const AlertExpectation& alert) {
  std::string text = fmt::format("alert {}:", alert.alert);
  for (const auto& [name, value] : alert.labels) text += fmt::format(" {}={}", name, value);
  for (const auto& [name, value] : alert.annotations) {
    text += fmt::format(" annotation {}={}", name, value);
  }
  if (alert.never_pending) text += " never pending";
  if (alert.never) text += " never fires";
  if (alert.pending) text += " pending " + show(*alert.pending);
  if (alert.fires) text += " fires " + show(*alert.fires);
  if (alert.resolves) text += " resolves " + show(*alert.resolves);
  if (alert.value) text += " value " + show(*alert.value);
  if (alert.times) text += fmt::format(" {} times", *alert.times);
  for (const AlertExpectation::StateAt& state : alert.states) {
    text += fmt::format(" {} at {}", state.state, format_duration(state.at.offset));
  }
  return text + "\n";
}

std::string show(const MetricExpectation& metric) {
  static constexpr std::string_view kHolds[] = {"at", "always", "eventually"};
  std::string text =
      fmt::format("metric {} {} {}", metric.expression.text,
                  kHolds[static_cast<std::size_t>(metric.hold)], show(metric.window));
  if (metric.is) text += " " + show(*metric.is);
  if (metric.absent) text += " absent";
  if (metric.series) text += fmt::format(" {} series", *metric.series);
  return text + "\n";
}

std::string show(const HealthExpectation& health) {
  std::string text = fmt::format("health {} {} {} {}", health.target, health.endpoint,
                                 health.eventually ? "eventually" : "always", show(health.window));
  if (health.state) text += " is " + *health.state;
  if (health.code) text += fmt::format(" code {}", *health.code);
  for (const auto& [pointer, value] : health.fields) text += fmt::format(" {}={}", pointer, value);
  if (health.latency) text += " latency " + show(*health.latency);
  if (health.considered_ok) text += *health.considered_ok ? " passing" : " failing";
  return text + "\n";
}

std::string show(const LoadExpectation& load) {
  std::string text = "load " + load.endpoint;
  if (load.window) text += " " + show(*load.window);
  if (load.throughput) text += " throughput " + show(*load.throughput);
  if (load.error_rate) text += " error rate " + show(*load.error_rate);
  if (load.requests) text += " requests " + show(*load.requests);
  for (const auto& [share, claim] : load.percentiles) {
    text += fmt::format(" p{} {}", format_number(share * 100, 12), show(claim));
  }
  return text + "\n";
}

std::string show(const ScrapeExpectation& scrape) {
  std::string text = "scrape " + scrape.target;
  for (const ScrapeExpectation::Up& up : scrape.up) {
    text += fmt::format(" {} {}", up.up ? "up" : "down", show(up.window));
  }
  for (const ScrapeExpectation::Family& family : scrape.families) {
    text += " " + family.name;
    if (family.type) text += fmt::format(" ({})", to_string(*family.type));
    for (const std::string& label : family.labels) text += " " + label;
  }
  if (scrape.lint) text += " lint clean";
  return text + "\n";
}

std::string show(const Distribution& distribution) {
  std::string text;
  for (const auto& [share, value] : distribution.percentiles) {
    text += fmt::format(" p{} {}", format_number(share * 100, 12), format_number(value, 12));
  }
  return text;
}

std::string show(const Stage& stage, int depth) {
  std::string text = fmt::format("{:{}}stage {} {} {}\n", "", 2 * depth, stage.name,
                                 format_number(stage.share, 12), stage.kind);
  for (const Stage& inner : stage.stages) text += show(inner, depth + 1);
  return text;
}

std::string show(const Endpoint& endpoint) {
  std::string text =
      fmt::format("  endpoint {}: {} {} weight {}, latency{}", endpoint.name, endpoint.method,
                  endpoint.path, format_number(endpoint.weight, 12), show(endpoint.latency));
  for (const auto& [status, share] : endpoint.statuses) {
    text += fmt::format(", {} {}", status, format_number(share, 12));
  }
  if (endpoint.request_bytes) text += ", request" + show(*endpoint.request_bytes);
  if (endpoint.response_bytes) text += ", response" + show(*endpoint.response_bytes);
  text += "\n";
  for (const Stage& stage : endpoint.stages) text += show(stage, 2);
  return text;
}

std::string show(const InstrumentSeries& series) {
  static constexpr std::string_view kBindings[] = {"requests",       "latency", "request bytes",
                                                   "response bytes", "value",   "rate",
                                                   "per request",    "scrapes"};
  std::string text = fmt::format("    {}", kBindings[static_cast<std::size_t>(series.binding)]);
  if (series.formula) text += " " + series.formula->text();
  if (!series.distribution.empty()) text += " of " + series.distribution;
  if (series.fractional) text += " fractional";
  static constexpr std::string_view kKinds[] = {"", "$method", "$endpoint", "$status", "split"};
  for (const InstrumentLabel& label : series.labels) {
    text += fmt::format(" {}={}{}", label.name, kKinds[static_cast<std::size_t>(label.kind)],
                        label.constant);
    for (const auto& [value, share] : label.split) {
      text += fmt::format(" {}×{}", value, format_number(share, 12));
    }
  }
  if (!series.only_endpoint.empty()) text += " only " + series.only_endpoint;
  for (const std::string& status : series.only_statuses) text += " only " + status;
  return text + "\n";
}

std::string show(const HealthField& field, int depth) {
  static constexpr std::string_view kKinds[] = {"text",   "number", "state",   "ok",   "timestamp",
                                                "uptime", "checks", "message", "json", "object"};
  std::string text = fmt::format("{:{}}{}: {} {}", "", 2 * depth, field.key,
                                 kKinds[static_cast<std::size_t>(field.kind)], field.text);
  if (field.number) text += field.number->text();
  if (field.decimals >= 0) text += fmt::format(" to {} decimals", field.decimals);
  text += "\n";
  for (const HealthField& child : field.children) text += show(child, depth + 1);
  return text;
}

std::string show(const HealthEndpoint& endpoint) {
  std::string text = fmt::format("  health {}", endpoint.path);
  for (const auto& [state, code] : endpoint.codes) {
    text += fmt::format(" {} {}", to_string(state), code);
  }
  text += fmt::format(", {}, every {}\n", format_duration(endpoint.latency),
                      format_duration(endpoint.probe.period));
  for (const HealthField& field : endpoint.body) text += show(field, 2);
  for (const HealthCheck& check : endpoint.checks) {
    text += fmt::format("    check {}{}", check.name, check.critical ? "" : " (not critical)");
    if (check.degraded) text += " degraded: " + check.degraded->text();
    if (check.unhealthy) text += " unhealthy: " + check.unhealthy->text();
    text += "\n";
    for (const auto& [state, message] : check.messages) {
      text += fmt::format("      {}: {}\n", to_string(state), message);
    }
    for (const HealthField& field : check.fields) text += show(field, 3);
    if (check.value) text += show(*check.value, 3);
  }
  return text;
}

std::string show(const AdminEndpoint& endpoint) {
  std::string text =
      fmt::format("  admin {} {} {}, {}, for {}\n", endpoint.method, endpoint.path, endpoint.code,
                  format_duration(endpoint.latency), format_duration(endpoint.length));
  for (const HealthField& field : endpoint.body) text += show(field, 2);
  for (const faults::SignalChange& change : endpoint.changes) {
    text += fmt::format("    {} {} {}\n", change.endpoint, change.signal, change.text);
  }
  for (const faults::TargetFault& fault : endpoint.target_faults) {
    text += fmt::format("    {}\n", faults::to_string(fault.kind));
  }
  return text;
}

std::string show(const Target& target) {
  std::string text = fmt::format(
      "{}: job {} instance {} port {} {} version {} every {} within {}{}\n", target.name,
      target.job, target.instance, target.port, target.metrics_path, target.version,
      format_duration(target.scrape_interval), format_duration(target.scrape_timeout),
      target.honor_labels ? " honor_labels" : "");
  for (const auto& [name, value] : target.labels) text += fmt::format("  {}={}\n", name, value);
  for (const Signal& signal : target.signals) {
    text += fmt::format("  signal {} ({}):", signal.name, to_string(signal.dimension));
    if (signal.value) text += " " + signal.value->text();
    if (signal.distribution) text += show(*signal.distribution);
    if (signal.noise > 0) text += fmt::format(" noise {}", format_number(signal.noise, 12));
    if (signal.derived) text += " derived";
    text += "\n";
  }
  for (const Endpoint& endpoint : target.endpoints) text += show(endpoint);
  for (const Instrument& instrument : target.instruments) {
    text +=
        fmt::format("  {} {} {}\n", to_string(instrument.family.type), instrument.family.name,
                    fmt::join(instrument.family.type == MetricType::kSummary ? instrument.quantiles
                                                                             : instrument.buckets,
                              " "));
    for (const InstrumentSeries& series : instrument.series) text += show(series);
  }
  for (const HealthEndpoint& endpoint : target.health) text += show(endpoint);
  for (const AdminEndpoint& endpoint : target.admin) text += show(endpoint);
  return text;
}

std::string show_routing(const System& system) {
  std::string text = fmt::format("alerts go by {} to {} (times {})\n", system.alertmanager_file,
                                 fmt::join(system.receiver_names, " "),
                                 fmt::join(system.time_interval_names, " "));
  for (const auto& [name, value] : system.external_labels) {
    text += fmt::format("  {}={}\n", name, value);
  }
  if (!system.polled_alerts) return text;
  text += fmt::format("  polled every {}\n", format_duration(system.polled_alerts->every));
  for (const auto& [severity, channels] : system.polled_alerts->channels) {
    text += fmt::format("    {} to {}\n", severity, fmt::join(channels, " "));
  }
  for (const PolledAlerts::Alert& alert : system.polled_alerts->alerts) {
    text += fmt::format("    {} {} to {}, cooldown {}\n", alert.name, alert.severity,
                        fmt::join(alert.channels, " "), format_duration(alert.cooldown));
  }
  return text;
}

}  // namespace

std::string summary(const Scenario& scenario) {
  std::string text = fmt::format(
      "{} on {}, {} from {}, seed {}, noise {}, {}, time scale {}, {} connections\n", scenario.name,
      scenario.system->name, format_duration(scenario.length), format_rfc3339(scenario.start),
      scenario.seed, scenario.noise == Noise::kNone ? "none" : "random",
      scenario.live ? "live" : "simulated", format_number(scenario.time_scale, 12),
      scenario.connections);
  for (const traffic::Phase& phase : scenario.traffic.phases) text += show(phase);
  for (const faults::Fault& fault : scenario.faults) text += show(fault);
  for (const SilenceSpec& silence : scenario.silences) text += show(silence);
  for (const AlertExpectation& alert : scenario.expect.alerts) text += show(alert);
  if (scenario.expect.others_none) {
    text += fmt::format("others: none but {}\n", fmt::join(scenario.expect.others_allowed, " "));
  }
  for (const NotificationExpectation& told : scenario.expect.notifications) text += show(told);
  if (scenario.expect.all_notified) text += "all notified\n";
  for (const MetricExpectation& metric : scenario.expect.metrics) text += show(metric);
  for (const HealthExpectation& health : scenario.expect.health) text += show(health);
  for (const LoadExpectation& load : scenario.expect.load) text += show(load);
  for (const ScrapeExpectation& scrape : scenario.expect.scrape) text += show(scrape);
  for (const std::string& warning : scenario.warnings) text += "warning: " + warning + "\n";
  return text;
}

std::string summary(const System& system) {
  std::string text =
      fmt::format("{} ({}), {}, rules {} every {}\n", system.name, system.title, system.guide,
                  fmt::join(system.rule_files, " "), format_duration(system.evaluation_interval));
  if (system.routes_alerts()) text += show_routing(system);
  text += show(system.service);
  for (const Target& exporter : system.exporters) text += show(exporter);
  return text;
}

}  // namespace tocsin::scenario
