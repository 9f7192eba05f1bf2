#include "harness/ruletest/text.h"

#include <algorithm>

#include <fmt/format.h>

#include "harness/base/utf8.h"

namespace tocsin::ruletest {
namespace {

constexpr std::string_view kRed = "\x1b[31m";
constexpr std::string_view kGreen = "\x1b[32m";
constexpr std::string_view kPlain = "\x1b[0m";
constexpr std::string_view kNothing = "-";
/// Columns wider than this are not aligned with; their lines stick out.
constexpr std::size_t kWidestCell = 64;

std::string painted(std::string_view text, std::string_view colour, bool wanted) {
  return wanted ? std::string(colour) + std::string(text) + std::string(kPlain) : std::string(text);
}

/// A value on one line, as it can be told from another: control characters are escaped, and blanks
/// at the ends quoted.
std::string cell(const std::optional<std::string>& value) {
  if (!value) return std::string(kNothing);
  std::string text;
  for (const char c : *value) {
    if (c == '\n') {
      text += "\\n";
    } else if (c == '\t') {
      text += "\\t";
    } else {
      text += c;
    }
  }
  text = printable(text);
  const bool odd = text.empty() || text.front() == ' ' || text.back() == ' ' || text == kNothing;
  return odd ? '"' + text + '"' : text;
}

std::string padded(const std::string& text, std::size_t width) {
  const std::size_t length = utf8_length(text);
  return length < width ? text + std::string(width - length, ' ') : text;
}

struct Widths {
  std::size_t name = 0;
  std::size_t expected = 0;
};

Widths widths_of(const std::vector<Comparison>& comparisons) {
  constexpr std::string_view kExpected = "expected";
  Widths widths{0, kExpected.size()};
  const auto widen = [](std::size_t& width, std::size_t length) {
    if (length <= kWidestCell) width = std::max(width, length);
  };
  for (const Comparison& comparison : comparisons) {
    for (const Row& row : comparison.rows) {
      widen(widths.name, utf8_length(printable(row.name)));
      widen(widths.expected, utf8_length(cell(row.expected)));
    }
  }
  return widths;
}

std::string side_by_side(const std::vector<Comparison>& comparisons, bool colour) {
  const Widths widths = widths_of(comparisons);
  std::string text = fmt::format("        {}  {}  got\n", padded("", widths.name),
                                 padded("expected", widths.expected));
  for (const Comparison& comparison : comparisons) {
    if (!comparison.title.empty()) text += "      " + comparison.title + '\n';
    for (const Row& row : comparison.rows) {
      std::string line = fmt::format("      {} {}  {}  {}", row.same ? ' ' : '!',
                                     padded(printable(row.name), widths.name),
                                     padded(cell(row.expected), widths.expected), cell(row.got));
      text += (row.same ? line : painted(line, kRed, colour)) + '\n';
    }
  }
  return text;
}

std::string as_diff(const std::vector<Comparison>& comparisons, bool colour) {
  std::string text;
  for (const Comparison& comparison : comparisons) {
    if (!comparison.title.empty()) text += "      " + comparison.title + '\n';
    for (const Row& row : comparison.rows) {
      const std::string name = printable(row.name);
      if (row.same) {
        text += fmt::format("        {}: {}\n", name, cell(row.expected));
        continue;
      }
      if (row.expected) {
        text += painted(fmt::format("      - {}: {}", name, cell(row.expected)), kRed, colour);
        text += '\n';
      }
      if (row.got) {
        text += painted(fmt::format("      + {}: {}", name, cell(row.got)), kGreen, colour);
        text += '\n';
      }
    }
  }
  return text;
}

std::string details(const CaseResult& result, bool diff, bool colour) {
  if (result.comparisons.empty()) return {};
  return diff ? as_diff(result.comparisons, colour) : side_by_side(result.comparisons, colour);
}

std::string case_line(const CaseResult& result, const GroupResult& group, bool colour) {
  const bool passed = result.outcome == CaseResult::Outcome::kPassed;
  std::string line = painted(passed ? "PASS" : "FAIL", passed ? kGreen : kRed, colour);
  line += fmt::format("  {}: {}: {}", printable(to_string(result.pos)), printable(group.name),
                      printable(result.name));
  if (!result.reason.empty()) line += ": " + printable(result.reason);
  return line + '\n';
}

}  // namespace

std::string render_details(const CaseResult& result, bool diff) {
  return details(result, diff, false);
}

std::string render_text(const std::string& path, std::span<const GroupResult> results,
                        const TextOptions& options) {
  std::size_t passed = 0;
  std::size_t failed = 0;
  std::string text;
  for (const GroupResult& group : results) {
    passed += group.passed();
    failed += group.failed();
    for (const Error& failure : group.failures) {
      text += fmt::format("{}  {}: {}: a rule could not be evaluated\n",
                          painted("FAIL", kRed, options.colour), printable(to_string(group.pos)),
                          printable(group.name));
      text += render(failure);
    }
    for (const CaseResult& one : group.cases) {
      const bool ok = one.outcome == CaseResult::Outcome::kPassed;
      if (ok && !options.every_case) continue;
      text += case_line(one, group, options.colour) + details(one, options.diff, options.colour);
    }
  }
  const std::string verdict =
      painted(failed == 0 ? "PASS" : "FAIL", failed == 0 ? kGreen : kRed, options.colour);
  return fmt::format("{}  {}: {} passed, {} failed\n", verdict, printable(path), passed, failed) +
         text;
}

}  // namespace tocsin::ruletest
