#include <fmt/format.h>

#include "harness/base/units.h"
#include "harness/base/utf8.h"
#include "reports/formats.h"
#include "reports/page_load_text.h"

namespace tocsin::reports {
namespace {

using assertions::Judgement;
using assertions::Outcome;

constexpr std::size_t kTimelineLines = 80;

class Painter {
 public:
  explicit Painter(bool colour) : colour_(colour) {}
  std::string bold(std::string_view text) const { return paint("1", text); }
  std::string dim(std::string_view text) const { return paint("2", text); }
  std::string outcome(Outcome outcome, std::string_view text) const {
    switch (outcome) {
      case Outcome::kPass:
        return paint("32", text);
      case Outcome::kFail:
        return paint("1;31", text);
      case Outcome::kInconclusive:
        return paint("33", text);
    }
    return std::string(text);
  }

 private:
  std::string paint(std::string_view code, std::string_view text) const {
    return colour_ ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : std::string(text);
  }
  bool colour_;
};

std::string_view word(Outcome outcome) {
  switch (outcome) {
    case Outcome::kPass:
      return "PASS";
    case Outcome::kFail:
      return "FAIL";
    case Outcome::kInconclusive:
      return "????";
  }
  return "????";
}

std::string padded(std::string_view text, std::size_t width) {
  const std::size_t length = utf8_length(text);
  return std::string(text) + std::string(length < width ? width - length : 0, ' ');
}

void write_judgement(std::string& out, const Judgement& judgement, const Painter& paint) {
  out += fmt::format("\n  {}  {} {}: {}\n",
                     paint.outcome(judgement.outcome, word(judgement.outcome)), judgement.kind,
                     printable(judgement.subject), paint.bold(printable(judgement.claim)));
  out += fmt::format("        seen: {}\n", printable(judgement.seen));
  for (const std::string& line : judgement.around) {
    out += fmt::format("          {}\n", printable(line));
  }
  if (judgement.pos.line > 0) {
    out += fmt::format("        {}\n", paint.dim("claimed in " + to_string(judgement.pos)));
  }
}

void write_timeline(std::string& out, const ScenarioSummary& scenario) {
  out += "\n  Timeline\n";
  std::size_t shown = 0;
  for (const TimelineEntry& entry : scenario.timeline) {
    if (shown++ == kTimelineLines) {
      out += fmt::format("    … {} more lines in report.json\n",
                         scenario.timeline.size() - kTimelineLines);
      return;
    }
    out += fmt::format("    {:>10}  {:<8} {}\n", format_duration(entry.at), entry.kind,
                       printable(entry.text));
  }
}

void write_pages(std::string& out, const PageLoad& load) {
  const std::string others = other_notifications_text(load.total.counts);
  out += fmt::format("\n  Pages: {}{}{}; alerts told: {} of {} that fired\n",
                     pages_text(load.total.counts), others.empty() ? "" : ", ", others,
                     load.total.told, load.total.fired);
  for (const ReceiverLoad& one : load.receivers) {
    const std::string rest = other_notifications_text(one.counts);
    out +=
        fmt::format("    {} by {}: {}{}{}\n", printable(one.receiver), printable(one.integration),
                    pages_text(one.counts), rest.empty() ? "" : ", ", rest);
  }
  if (load.busiest) out += fmt::format("    busiest hour: {}\n", busiest_text(*load.busiest));
  if (load.slowest) out += fmt::format("    slowest: {}\n", printable(slowest_text(*load.slowest)));
}

/// What all scenarios together make of pages; nothing where nobody routes alerts.
std::string total_pages(const RunSummary& run, const Painter& paint) {
  const auto load = page_load(run);
  if (!load) return {};
  const PageTotals& total = load->total;
  const std::string others = other_notifications_text(total.counts);
  std::string out = fmt::format("\nPages: {}{}{}", paint.bold(pages_text(total.counts)),
                                others.empty() ? "" : ", ", others);
  out += fmt::format("; alerts told: {} of {} that fired; {}\n", total.told, total.fired,
                     rates_text(total));
  constexpr std::size_t kReceiversShown = 6;
  std::string receivers;
  for (std::size_t i = 0; i < std::min(kReceiversShown, load->receivers.size()); ++i) {
    const auto& [system, one] = load->receivers[i];
    receivers +=
        fmt::format("{}{} {} by {} ({})", i == 0 ? "" : ", ", one.counts.pages(),
                    printable(one.receiver), printable(one.integration), printable(system));
  }
  if (load->receivers.size() > kReceiversShown) {
    receivers += fmt::format(" and {} more", load->receivers.size() - kReceiversShown);
  }
  if (!receivers.empty()) out += fmt::format("  receivers: {}\n", receivers);
  const auto where = [](const ScenarioSummary& scenario) {
    return fmt::format("in \"{}\" ({})", printable(scenario.run.scenario),
                       printable(scenario.run.system));
  };
  if (load->busiest != nullptr) {
    out += fmt::format("  busiest hour: {} {}\n", busiest_text(*load->busiest->pages->busiest),
                       where(*load->busiest));
  }
  if (load->slowest != nullptr) {
    out +=
        fmt::format("  slowest: {} {}\n", printable(slowest_text(*load->slowest->pages->slowest)),
                    where(*load->slowest));
  }
  return out;
}

std::string how_it_ran(const ScenarioSummary& scenario) {
  if (scenario.run.mode == RunMode::kLive) {
    std::string text = "live in " + format_latency(scenario.took);
    if (scenario.run.time_scale != 1) {
      text += " at " + format_number(scenario.run.time_scale, 6) + "x";
    }
    return text;
  }
  return format_duration(scenario.run.planned) + " in " + format_latency(scenario.took);
}

}  // namespace

std::string render_console(const ScenarioSummary& scenario, const ConsoleOptions& options) {
  const Painter paint(options.colour);
  const Outcome outcome = outcome_of(scenario);
  const assertions::Verdict& verdict = scenario.verdict;
  const std::size_t passed = verdict.count(Outcome::kPass);
  std::string out = fmt::format("{}  {}  {}  {}  {}\n", paint.outcome(outcome, word(outcome)),
                                padded(printable(scenario.run.system), 10),
                                padded(printable(scenario.run.scenario), 58),
                                padded(fmt::format("{}/{}", passed, verdict.judgements.size()), 7),
                                paint.dim(how_it_ran(scenario)));
  if (!scenario.trouble.empty()) {
    return out + fmt::format("      {}\n", printable(scenario.trouble));
  }
  if (!verdict.reason.empty()) {
    out += fmt::format("      inconclusive: {}\n", printable(verdict.reason));
  }
  for (const std::string& warning : scenario.run.warnings) {
    out += fmt::format("      warning: {}\n", printable(warning));
  }
  for (const Judgement& judgement : verdict.judgements) {
    if (judgement.outcome != Outcome::kPass) write_judgement(out, judgement, paint);
  }
  if (outcome != Outcome::kPass || options.timelines_of_all) {
    if (scenario.pages) write_pages(out, *scenario.pages);
    write_timeline(out, scenario);
    out += fmt::format("\n  {}\n\n", paint.dim(fmt::format("seed {}, {}", scenario.run.seed,
                                                           printable(scenario.run.scenario_file))));
  }
  return out;
}

std::string render_console_total(const RunSummary& run, const ConsoleOptions& options) {
  const Painter paint(options.colour);
  const std::size_t failed = run.count(Outcome::kFail);
  const std::size_t inconclusive = run.count(Outcome::kInconclusive);
  const Outcome outcome = failed > 0         ? Outcome::kFail
                          : inconclusive > 0 ? Outcome::kInconclusive
                                             : Outcome::kPass;
  std::string text = fmt::format("{} scenario{}: {} passed, {} failed, {} inconclusive",
                                 run.scenarios.size(), run.scenarios.size() == 1 ? "" : "s",
                                 run.count(Outcome::kPass), failed, inconclusive);
  std::size_t claims = 0;
  for (const ScenarioSummary& scenario : run.scenarios) {
    claims += scenario.verdict.judgements.size();
  }
  return total_pages(run, paint) + fmt::format("\n{}; {} of {} expectations hold. {}\n",
                                               paint.outcome(outcome, text),
                                               run.judgements(Outcome::kPass), claims,
                                               paint.dim("Took " + format_latency(run.took) + "."));
}

}  // namespace tocsin::reports
