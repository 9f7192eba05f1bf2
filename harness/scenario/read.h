#pragma once

#include <array>
#include <memory>
#include <string_view>
#include <vector>

#include "harness/faults/fault.h"
#include "harness/scenario/problems.h"
#include "harness/scenario/run_times.h"
#include "harness/scenario/scenario.h"
#include "harness/scenario/system.h"
#include "harness/traffic/traffic.h"

/// From checked trees (shape.h) to values, one file a noun. What is wrong is reported; what is
/// returned then is only fit for finding further problems.

namespace tocsin::scenario {

// Scenario files.
traffic::Traffic read_traffic(const yaml::Node& node, const System& system, RunTimes& times,
                              Problems& problems);
/// `traffic_end`: nothing when the scenario has no traffic.
std::vector<faults::Fault> read_faults(const yaml::Node& node, const System& system,
                                       std::optional<Duration> traffic_end, RunTimes& times,
                                       Problems& problems);

/// What stands under a target's name, added to `fault`.
void read_target_fault(const Target& target, const yaml::Node& node, Problems& problems,
                       faults::Fault& fault);
/// A fault that is a call has the length that its endpoint says.
void refuse_length_of_call(const yaml::Node& length, const faults::Fault& fault,
                           Problems& problems);
/// What stands under `receiver`, likewise.
void read_receiver_faults(const System& system, const yaml::Node& node, Problems& problems,
                          faults::Fault& fault);
/// What stands under `network`, likewise.
void read_network_fault(const yaml::Node& node, Problems& problems, faults::Fault& fault);
/// What stands under "run", "http" or "toxiproxy", likewise.
void read_action(std::string_view key, const yaml::Node& node, Problems& problems,
                 faults::Fault& fault);
inline constexpr std::array<std::string_view, 3> kActionKeys = {"run", "http", "toxiproxy"};
/// What a proxy does to connections, of several keys.
std::vector<faults::NetworkFault> read_connection_faults(const yaml::Node& node,
                                                         Problems& problems);
/// No ramp may take longer than its fault.
void check_ramps(const yaml::Node& node, const faults::Fault& fault, Problems& problems);

struct ExpectationContext {
  const System& system;
  const RunTimes& times;
  Problems& problems;
  const std::vector<SilenceSpec>& silences;
};
/// Alerts that no rule file defines are misspelt.
void check_alert_name(const yaml::Node& node, const ExpectationContext& context);
/// Their windows, too, may reach to the run's end.
std::vector<SilenceSpec> read_silences(const yaml::Node& node, const System& system,
                                       const RunTimes& times, Problems& problems);
/// Puts the run's length in place of kRunEnd; none may begin later.
void close_silences(Duration length, std::vector<SilenceSpec>& silences, Problems& problems);
/// Windows may reach to the run's end, which is known later: see when.h.
Expectations read_expectations(const yaml::Node& node, const ExpectationContext& context);
void read_alert_expectations(const yaml::Node& node, const ExpectationContext& context,
                             Expectations& out);
void read_metric_expectations(const yaml::Node& node, const ExpectationContext& context,
                              Expectations& out);
void read_health_expectations(const yaml::Node& node, const ExpectationContext& context,
                              Expectations& out);
void read_load_expectations(const yaml::Node& node, const ExpectationContext& context,
                            Expectations& out);
void read_scrape_expectations(const yaml::Node& node, const ExpectationContext& context,
                              Expectations& out);
void read_notification_expectations(const yaml::Node& node, const ExpectationContext& context,
                                    Expectations& out);

// System files.
System read_system(const yaml::Node& root, Problems& problems);
/// `service`: of exporters; null for the service itself.
Target read_target(std::string name, const yaml::Node& node, std::shared_ptr<const Target> service,
                   Problems& problems);
std::vector<Signal> read_signals(const yaml::Node& node, Problems& problems);
/// Checks formulas, fills in dimensions and finds signals that drive themselves; needs the target's
/// endpoints.
void link_signals(Target& target, const yaml::Node& node, Problems& problems);
std::vector<Endpoint> read_endpoints(const yaml::Node& node, Problems& problems);
enum class InstrumentsOf { kProcess, kBackend };
/// Appended to the target's.
void read_instruments(const yaml::Node& node, Target& target, InstrumentsOf whose,
                      Problems& problems);
std::vector<HealthEndpoint> read_health(const yaml::Node& node, const Target& target,
                                        Problems& problems);
/// The body of an answer that is about no health.
std::vector<HealthField> read_answer_body(const yaml::Node& node, const Target& target,
                                          Problems& problems);
/// After all else of the target: effects move its signals, and no two paths may be the same.
std::vector<AdminEndpoint> read_admin(const yaml::Node& node, const Target& target,
                                      Problems& problems);
/// Who is told of alerts: alertmanager, external_labels, polled_alerts. After the rules.
void read_alert_routing(const yaml::Node& root, System& system, Problems& problems);
/// A file that a system file names, as a path that can be opened; nothing after a problem.
std::optional<std::string> read_file_name(const yaml::Node& node, std::string_view what,
                                          Problems& problems);
/// The alerts that rule files define, as far as they can be read.
std::vector<std::string> read_alert_names(const std::vector<std::string>& rule_files);

// Shared by readers.
/// Why the signal cannot have this value; nothing when it can.
std::optional<std::string> out_of_bounds(const Signal& signal, double value);
/// A single value or percentiles. Without a dimension the first value decides it.
Distribution read_distribution(const yaml::Node& node, std::optional<Dimension>& dimension,
                               Problems& problems);
/// A formula over the target's signals; nothing after a problem.
struct DimensionedFormula {
  Formula formula;
  Dimension dimension = Dimension::kNumber;
};
std::optional<DimensionedFormula> read_formula(const yaml::Node& node, const Target& target,
                                               Problems& problems);
/// The same where `text`, as long as the node's or shorter, stands for the node's.
std::optional<DimensionedFormula> read_formula(const yaml::Node& node, std::string_view text,
                                               const Target& target, Problems& problems);

}  // namespace tocsin::scenario
