#pragma once

#include <string>
#include <string_view>

#include "harness/check/check.h"
#include "harness/check/run.h"

/// Findings as people and programs read them.

namespace tocsin::check {

struct TextOptions {
  bool colour = false;
  Severity least = Severity::kWarning;
  bool silenced = false;  ///< show those too
};

/// Each with its line and marks under it; a last line that counts them.
std::string render_text(const CheckReport& report, const TextOptions& options);
/// As check.schema.json has it; everything, whatever its severity.
std::string render_json(const CheckReport& report, std::string_view tocsin_version);
/// SARIF 2.1.0 as GitHub's code scanning takes it. Silenced findings are suppressed results.
std::string render_sarif(const CheckReport& report, std::string_view tocsin_version,
                         Severity least);
/// GitLab's Code Quality report. Silenced findings are left out: it has no word for them.
std::string render_code_quality(const CheckReport& report, Severity least);
/// A suite a file, a case for each finding; a file without findings is one case that passes.
std::string render_junit(const CheckReport& report, Severity fails_at);

/// All checks, for `tocsin check --list`.
std::string render_list();
/// The same as CHECKS.md.
std::string render_list_markdown();

}  // namespace tocsin::check
