#pragma once

#include <string>

#include "harness/prove/result.h"

/// A report of `tocsin prove` as text of some format.

namespace tocsin::prove {

/// `colour`: ANSI colours for terminals.
std::string render_console(const Report& report, bool colour);
std::string render_markdown(const Report& report);
/// As proof.schema.json has it.
std::string render_json(const Report& report);
/// Alerts that do not agree are failures; what was not run is skipped.
std::string render_junit(const Report& report);

// Shared by the formats.

/// "> 5%"; empty when the alert has no threshold.
std::string documented_threshold(const contract::Alert& alert);
/// "5%"; empty when none was measured.
std::string measured_threshold(const Proof& proof);
/// "8m15s..8m45s", or one of them when they are the same; empty for none.
std::string span_text(const std::optional<Span>& span);
/// "10 alerts, 12 causes: 11 as documented, 1 otherwise".
std::string summary_line(const Report& report);

}  // namespace tocsin::prove
