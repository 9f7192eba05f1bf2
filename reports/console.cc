#include <fmt/format.h>

#include "harness/base/units.h"
#include "harness/base/utf8.h"
#include "reports/formats.h"

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
  return fmt::format("\n{}; {} of {} expectations hold. {}\n", paint.outcome(outcome, text),
                     run.judgements(Outcome::kPass), claims,
                     paint.dim("Took " + format_latency(run.took) + "."));
}

}  // namespace tocsin::reports
