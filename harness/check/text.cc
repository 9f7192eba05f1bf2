#include <algorithm>

#include <fmt/format.h>

#include "harness/base/utf8.h"
#include "harness/check/report.h"

namespace tocsin::check {
namespace {

constexpr std::size_t kWidest = 160;

std::string_view colour_of(Severity severity) {
  switch (severity) {
    case Severity::kInfo:
      return "\x1b[36m";
    case Severity::kWarning:
      return "\x1b[33m";
    case Severity::kError:
      break;
  }
  return "\x1b[31m";
}

/// The line, and marks under what is meant.
std::string excerpt_of(const Finding& finding) {
  if (finding.excerpt.empty() || finding.place.pos.column <= 0) return {};
  const std::vector<std::string_view> characters = utf8_characters(finding.excerpt);
  const auto from = static_cast<std::size_t>(finding.place.pos.column - 1);
  if (from > characters.size()) return {};
  std::size_t to = from + 1;
  const SourcePos& end = finding.place.end;
  if (end.line > finding.place.pos.line) to = characters.size();
  if (end.line == finding.place.pos.line) to = static_cast<std::size_t>(end.column - 1);
  to = std::clamp<std::size_t>(to, from + 1, std::max(characters.size(), from + 1));
  const std::size_t first = from > kWidest - 40 ? from - (kWidest - 40) : 0;
  const std::size_t last = std::min(characters.size(), first + kWidest);
  std::string line = "    ";
  std::string marks = "    ";
  for (std::size_t i = first; i < last; ++i) {
    const bool control =
        characters[i].size() == 1 && static_cast<unsigned char>(characters[i][0]) < 0x20;
    line += control ? std::string_view(" ") : characters[i];
    if (i < from) marks += ' ';
  }
  marks += '^';
  if (std::min(to, last) > from + 1) marks.append(std::min(to, last) - from - 1, '~');
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line + '\n' + marks + '\n';
}

std::string one_finding(const Finding& finding, const TextOptions& options) {
  std::string severity(to_string(finding.severity));
  if (options.colour) severity = fmt::format("{}{}\x1b[0m", colour_of(finding.severity), severity);
  std::string text = fmt::format("{}: {}: {} [{}]\n", printable(to_string(finding.place.pos)),
                                 severity, printable(finding.message), finding.check);
  text += excerpt_of(finding);
  if (!finding.about.empty()) text += fmt::format("  in {}\n", printable(finding.about));
  if (!finding.way_out.empty()) text += fmt::format("  help: {}\n", printable(finding.way_out));
  if (finding.silenced) {
    text += fmt::format("  {}{}{}\n", finding.known ? "known" : "silenced",
                        finding.silenced->empty() ? "" : ": ", printable(*finding.silenced));
  }
  return text;
}

std::string counted(std::size_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

}  // namespace

std::string render_text(const CheckReport& report, const TextOptions& options) {
  std::string text;
  std::string_view file;
  for (const Finding& finding : report.findings) {
    if (finding.severity < options.least ||
        (finding.silenced && !finding.known && !options.silenced))
      continue;
    if (!text.empty() && finding.place.pos.file != file) text += '\n';
    file = finding.place.pos.file;
    text += one_finding(finding, options);
  }
  const std::size_t errors = report.count(Severity::kError);
  const std::size_t warnings = report.count(Severity::kWarning) - errors;
  const std::size_t infos = report.count(Severity::kInfo) - errors - warnings;
  if (!text.empty()) text += '\n';
  text +=
      fmt::format("{}, {}: ", counted(report.files.size(), "file"), counted(report.rules, "rule"));
  if (errors + warnings == 0) {
    text += "nothing wrong";
  } else {
    text += fmt::format("{}, {}", counted(errors, "error"), counted(warnings, "warning"));
  }
  if (infos > 0) {
    text += fmt::format(", {}{}", counted(infos, "remark"),
                        options.least > Severity::kInfo ? " (--min-severity info shows them)" : "");
  }
  if (report.known() > 0) text += fmt::format(", {} known", report.known());
  if (report.silenced() > 0) text += fmt::format(", {} silenced", report.silenced());
  return text + '\n';
}

}  // namespace tocsin::check
