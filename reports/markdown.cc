#include "harness/base/markdown.h"

#include <fmt/format.h>

#include "reports/formats.h"

namespace tocsin::reports {
namespace {

using assertions::Judgement;
using assertions::Outcome;

/// GitHub cuts a step's summary at 1 MiB; whole scenarios are left out before that.
constexpr std::size_t kLongest = 900'000;

/// Inside a fenced block only the fence itself matters.
std::string fenced(std::string_view text) {
  std::string safe(text);
  for (std::size_t at = safe.find("```"); at != std::string::npos; at = safe.find("```", at)) {
    safe.replace(at, 3, "'''");
  }
  for (char& c : safe) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  return safe;
}

std::string_view sign(Outcome outcome) {
  switch (outcome) {
    case Outcome::kPass:
      return "✅";
    case Outcome::kFail:
      return "❌";
    case Outcome::kInconclusive:
      return "❔";
  }
  return "❔";
}

std::string details(const ScenarioSummary& scenario) {
  std::string out = fmt::format("\n<details><summary>{} {}</summary>\n\n",
                                sign(outcome_of(scenario)), markdown_text(scenario.run.scenario));
  const std::string& reason = scenario.trouble.empty() ? scenario.verdict.reason : scenario.trouble;
  if (!reason.empty()) out += fmt::format("Inconclusive: {}\n\n", markdown_text(reason));
  for (const Judgement& judgement : scenario.verdict.judgements) {
    if (judgement.outcome == Outcome::kPass) continue;
    out +=
        fmt::format("**{} {}: {}**<br>seen: {}", judgement.kind, markdown_text(judgement.subject),
                    markdown_text(judgement.claim), markdown_text(judgement.seen));
    if (judgement.pos.line > 0)
      out += fmt::format("<br>{}", markdown_text(to_string(judgement.pos)));
    out += "\n\n";
    if (judgement.around.empty()) continue;
    out += "```text\n";
    for (const std::string& line : judgement.around) out += fenced(line) + '\n';
    out += "```\n\n";
  }
  if (!scenario.timeline.empty()) {
    constexpr std::size_t kTimelineShown = 100;
    out += "```text\n";
    for (std::size_t i = 0; i < std::min(kTimelineShown, scenario.timeline.size()); ++i) {
      const TimelineEntry& entry = scenario.timeline[i];
      out += fmt::format("{:>10}  {:<8} {}\n", format_duration(entry.at), entry.kind,
                         fenced(entry.text));
    }
    out += "```\n";
  }
  return out + "\n</details>\n";
}

}  // namespace

std::string render_markdown(const RunSummary& run) {
  const std::size_t failed = run.count(Outcome::kFail);
  const std::size_t inconclusive = run.count(Outcome::kInconclusive);
  const Outcome outcome = failed > 0         ? Outcome::kFail
                          : inconclusive > 0 ? Outcome::kInconclusive
                                             : Outcome::kPass;
  std::string out = fmt::format("## {} Tocsin: {} of {} scenarios pass\n\n", sign(outcome),
                                run.count(Outcome::kPass), run.scenarios.size());
  if (run.interrupted) out += "The run was interrupted; this report is partial.\n\n";
  out += "| | system | scenario | expectations |\n| --- | --- | --- | --- |\n";
  for (const ScenarioSummary& scenario : run.scenarios) {
    out += fmt::format("| {} | {} | {} | {} of {} |\n", sign(outcome_of(scenario)),
                       markdown_text(scenario.run.system), markdown_text(scenario.run.scenario),
                       scenario.verdict.count(Outcome::kPass), scenario.verdict.judgements.size());
  }
  std::size_t left_out = 0;
  for (const ScenarioSummary& scenario : run.scenarios) {
    if (outcome_of(scenario) == Outcome::kPass) continue;
    const std::string more = details(scenario);
    if (out.size() + more.size() > kLongest) {
      ++left_out;
    } else {
      out += more;
    }
  }
  if (left_out > 0) out += fmt::format("\n{} more in report.json.\n", left_out);
  return out;
}

}  // namespace tocsin::reports
