#include "harness/cli/coverage_flags.h"

#include <charconv>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "harness/base/file.h"
#include "harness/base/units.h"
#include "harness/cli/flags.h"
#include "harness/cli/terminal.h"
#include "harness/cli/version.h"
#include "harness/ruletest/coverage_report.h"

namespace tocsin::cli {

bool CoverageFlags::wanted() const {
  return summary || minimum || !json.empty() || !junit.empty() || !markdown.empty();
}

void add_coverage_options(CLI::App& command, CoverageFlags& flags) {
  command.add_flag(
      "--coverage", flags.summary,
      "Show which points of each rule passed cases see: an alert firing; none firing; one pending, "
      "so that `for` matters; one firing through `keep_firing_for`; each label expected; a "
      "recorded "
      "value; each side of `or`, `and`, `unless` making a difference. The percentage is points "
      "that "
      "are seen of all points, also those of rules that no test reaches");
  command.add_option("--coverage-min", flags.minimum, "Fail when coverage of all rules is less")
      ->type_name("PERCENT");
  command
      .add_option("--coverage-json", flags.json,
                  "Write coverage as JSON, too (coverage.schema.json)")
      ->type_name("FILE");
  command
      .add_option("--coverage-junit", flags.junit,
                  "Write it as JUnit XML, too: a suite for each group of rules, a case for each "
                  "point; failures only when --coverage-min is not met")
      ->type_name("FILE");
  command.add_option("--coverage-markdown", flags.markdown, "Write it as Markdown, too")
      ->type_name("FILE");
}

Result<std::optional<double>> minimum_coverage(const CoverageFlags& flags) {
  if (!flags.minimum) return std::optional<double>();
  std::string_view digits = *flags.minimum;
  if (digits.ends_with('%')) digits.remove_suffix(1);
  double percent = 0;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), percent,
                                              std::chars_format::fixed);
  const bool number = problem == std::errc() && end == digits.data() + digits.size();
  if (number && percent >= 0 && percent <= 100) return std::optional<double>(percent);
  Error error = input_error({}, "\"" + *flags.minimum + "\" is not a percentage from 0% to 100%");
  error.hints.push_back("percentages are written like 80% or 99.5%");
  return flag_error("--coverage-min", std::move(error));
}

CoverageVerdict show_coverage(ruletest::Coverage coverage, std::optional<double> minimum,
                              const CoverageFlags& flags) {
  const ruletest::CoverageReport report{std::move(coverage), minimum};
  CoverageVerdict verdict;
  const auto write = [&](const std::string& path, const std::string& bytes) {
    const auto written = write_file_atomically(path, bytes);
    if (!written.has_error()) return;
    complain(render(written.error()));
    verdict.written = false;
  };
  if (!flags.json.empty()) write(flags.json, render_coverage_json(report, kVersion));
  if (!flags.junit.empty()) write(flags.junit, render_coverage_junit(report));
  if (!flags.markdown.empty()) write(flags.markdown, render_coverage_markdown(report));
  print(render_coverage_text(report, colour_wanted()));
  verdict.enough = report.enough();
  if (verdict.enough) return verdict;
  const ruletest::CoverageCount count = report.coverage.count();
  complain(count.points == 0
               ? std::string("error: there is no rule whose coverage could be measured\n")
               : fmt::format("error: coverage {} is less than --coverage-min {}%\n",
                             percent_text(count), format_number(*minimum)));
  return verdict;
}

}  // namespace tocsin::cli
