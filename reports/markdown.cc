#include "harness/base/markdown.h"

#include <fmt/format.h>

#include "reports/formats.h"
#include "reports/page_load_text.h"

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

std::string pages_of(const ScenarioSummary& scenario) {
  const PageLoad& load = *scenario.pages;
  const PageCounts& counts = load.total.counts;
  return fmt::format("| {} | {} | {} | {} | {} | {} | {} | {} of {} | {} | {} |\n",
                     markdown_text(scenario.run.system), markdown_text(scenario.run.scenario),
                     counts.pages(), counts.first, counts.updates, counts.repeats, counts.resolved,
                     load.total.told, load.total.fired,
                     load.busiest ? busiest_text(*load.busiest) : "",
                     load.slowest ? markdown_text(slowest_text(*load.slowest)) : "");
}

/// Who was told what, in the order of time.
std::string notifications_of(const ScenarioSummary& scenario) {
  constexpr std::size_t kShown = 100;
  std::string out = fmt::format("\n<details><summary>Notifications: {}</summary>\n\n```text\n",
                                markdown_text(scenario.run.scenario));
  const auto& entries = scenario.notifications;
  for (std::size_t i = 0; i < std::min(kShown, entries.size()); ++i) {
    out += fmt::format("{:>10}  {}{}\n", format_duration(entries[i].at), fenced(entries[i].text),
                       entries[i].title.empty() ? "" : ": " + fenced(entries[i].title));
  }
  const std::size_t all = entries.size() + scenario.notifications_left_out;
  if (all > kShown) out += fmt::format("… and {} more\n", all - kShown);
  return out + "```\n\n</details>\n";
}

/// Page loads and notifications; nothing where nobody routes alerts.
std::string pages(const RunSummary& run, std::size_t room) {
  const auto load = page_load(run);
  if (!load) return {};
  const std::string others = other_notifications_text(load->total.counts);
  std::string out = fmt::format("\n### Pages: {}\n\n", pages_text(load->total.counts));
  if (!others.empty()) out += fmt::format("Beside them: {}. ", others);
  out += fmt::format("Alerts told: {} of {} that fired; {}.\n\n", load->total.told,
                     load->total.fired, rates_text(load->total));
  out +=
      "| system | receiver | pages | first | updates | repeats | resolved | not delivered |\n"
      "| --- | --- | --- | --- | --- | --- | --- | --- |\n";
  for (const auto& [system, one] : load->receivers) {
    out += fmt::format("| {} | {} by {} | {} | {} | {} | {} | {} | {} |\n", markdown_text(system),
                       markdown_text(one.receiver), markdown_text(one.integration),
                       one.counts.pages(), one.counts.first, one.counts.updates, one.counts.repeats,
                       one.counts.resolved, one.counts.failed);
  }
  out +=
      "\n| system | scenario | pages | first | updates | repeats | resolved | alerts told | "
      "busiest hour | slowest |\n"
      "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n";
  std::size_t left_out = 0;
  const auto add = [&](const std::string& more) {
    if (out.size() + more.size() > room) {
      ++left_out;
    } else {
      out += more;
    }
  };
  const auto told_any = [](const ScenarioSummary& scenario) {
    return scenario.pages && !scenario.notifications.empty();
  };
  for (const ScenarioSummary& scenario : run.scenarios) {
    if (told_any(scenario)) add(pages_of(scenario));
  }
  for (const ScenarioSummary& scenario : run.scenarios) {
    if (told_any(scenario)) add(notifications_of(scenario));
  }
  if (left_out > 0) out += fmt::format("\n{} more in report.json.\n", left_out);
  return out;
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
  // What failed comes first, whatever the pages need.
  std::string failures;
  std::size_t left_out = 0;
  for (const ScenarioSummary& scenario : run.scenarios) {
    if (outcome_of(scenario) == Outcome::kPass) continue;
    const std::string more = details(scenario);
    if (out.size() + failures.size() + more.size() > kLongest) {
      ++left_out;
    } else {
      failures += more;
    }
  }
  if (left_out > 0) failures += fmt::format("\n{} more in report.json.\n", left_out);
  const std::size_t used = out.size() + failures.size();
  return out + failures + pages(run, used < kLongest ? kLongest - used : 0);
}

}  // namespace tocsin::reports
