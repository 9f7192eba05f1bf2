#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

#include "harness/base/markdown.h"
#include "harness/base/utf8.h"
#include "harness/prove/report.h"

namespace tocsin::prove {

std::string documented_threshold(const contract::Alert& alert) {
  if (!alert.threshold) return {};
  return fmt::format("{} {}", symbol(alert.is), alert.threshold_text);
}

std::string measured_threshold(const Proof& proof) {
  if (!proof.threshold) return {};
  return format_quantity({*proof.threshold, proof.alert->threshold->dimension});
}

std::string span_text(const std::optional<Span>& span) {
  if (!span) return {};
  // Phases are a millisecond off the scrapes; nobody wants to read that.
  const auto whole = [](Duration d) {
    return format_duration(std::chrono::round<std::chrono::seconds>(d));
  };
  const std::string min = whole(span->min);
  const std::string max = whole(span->max);
  return min == max ? min : min + ".." + max;
}

std::string summary_line(const Report& report) {
  std::set<const contract::Alert*> alerts;
  for (const Proof& proof : report.proofs) alerts.insert(proof.alert);
  const std::size_t agree = report.count(Verdict::kAgrees);
  const auto counted = [](std::size_t count, std::string_view noun) {
    return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
  };
  std::string line = fmt::format("{}, {}: {} as documented", counted(alerts.size(), "alert"),
                                 counted(report.proofs.size(), "cause"), agree);
  const auto also = [&](Verdict verdict, std::string_view what) {
    const std::size_t count = report.count(verdict);
    if (count > 0) line += fmt::format(", {} {}", count, what);
  };
  also(Verdict::kDiffers, "otherwise");
  also(Verdict::kNotDriven, "not driven");
  also(Verdict::kNotRun, "not run");
  return line;
}

namespace {

constexpr std::size_t kColumns = 8;
using Row = std::array<std::string, kColumns>;

constexpr std::array<std::string_view, kColumns> kHeads = {
    "alert", "cause", "documented", "measured", "for", "severity", "fires after", "resolves after"};

std::string hold_text(const Proof& proof) {
  const std::string documented = format_duration(proof.alert->hold);
  if (!proof.hold || *proof.hold == proof.alert->hold) return documented;
  return documented + " / " + format_duration(*proof.hold);
}

std::string severity_text(const Proof& proof) {
  const std::string& documented = proof.alert->severity;
  if (!proof.severity || *proof.severity == documented) return documented;
  return documented + " / " + (proof.severity->empty() ? "none" : *proof.severity);
}

Row row_of(const Proof& proof) {
  return {proof.alert->name,         proof.cause->describe(),   documented_threshold(*proof.alert),
          measured_threshold(proof), hold_text(proof),          severity_text(proof),
          span_text(proof.firing),   span_text(proof.resolving)};
}

std::string_view word_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::kAgrees:
      return "ok";
    case Verdict::kDiffers:
      return "DIFFERS";
    case Verdict::kNotDriven:
      return "NOT DRIVEN";
    case Verdict::kNotRun:
      break;
  }
  return "not run";
}

std::string coloured_word(Verdict verdict, std::size_t width, bool colour) {
  std::string word(word_of(verdict));
  word.resize(std::max(width, word.size()), ' ');
  if (!colour) return word;
  const std::string_view code = verdict == Verdict::kAgrees   ? "\x1b[32m"
                                : verdict == Verdict::kNotRun ? "\x1b[33m"
                                                              : "\x1b[31m";
  return fmt::format("{}{}\x1b[0m", code, word);
}

/// Rows of one system with their widths.
struct ProofTable {
  std::vector<std::pair<const Proof*, Row>> rows;
  std::array<std::size_t, kColumns> widths{};
};

ProofTable table_of(const Report& report, std::size_t system) {
  ProofTable table;
  for (std::size_t c = 0; c < kColumns; ++c) table.widths[c] = kHeads[c].size();
  for (const Proof& proof : report.proofs) {
    if (proof.system != system) continue;
    table.rows.emplace_back(&proof, row_of(proof));
    for (std::size_t c = 0; c < kColumns; ++c) {
      std::string& cell = table.rows.back().second[c];
      cell = printable(cell);
      table.widths[c] = std::max(table.widths[c], utf8_length(cell));
    }
  }
  return table;
}

template <class Cells>
std::string console_row(const Cells& cells, const std::array<std::size_t, kColumns>& widths) {
  std::string line;
  for (std::size_t c = 0; c < kColumns; ++c) {
    std::string cell(cells[c]);
    const std::size_t length = utf8_length(cell);
    if (c + 1 < kColumns) cell.append(widths[c] - length + 2, ' ');
    line += cell;
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line + '\n';
}

std::string title_of(const ProvenSystem& system) {
  const contract::Contract& contract = *system.subject.contract;
  std::string title = contract.system;
  if (!contract.guide.empty()) title += ": " + contract.guide;
  return title;
}

}  // namespace

std::string render_console(const Report& report, bool colour) {
  constexpr std::size_t kWord = 10;
  std::string text;
  for (std::size_t s = 0; s < report.systems.size(); ++s) {
    const ProofTable table = table_of(report, s);
    text += printable(title_of(report.systems[s])) + "\n\n";
    text += "  " + std::string(kWord + 2, ' ') + console_row(kHeads, table.widths);
    for (const auto& [proof, row] : table.rows) {
      text += "  " + coloured_word(proof->verdict, kWord, colour) + "  " +
              console_row(row, table.widths);
      for (const Finding& finding : proof->findings) {
        text += fmt::format("{}{}: {}\n", std::string(kWord + 6, ' '), to_string(finding.kind),
                            printable(finding.text));
      }
    }
    text += '\n';
    for (const std::string& alert : report.systems[s].undocumented) {
      text += fmt::format("  note: the contract says nothing of the alert {}\n", printable(alert));
    }
    if (!report.systems[s].undocumented.empty()) text += '\n';
  }
  return text + summary_line(report) + ".\n";
}

std::string render_markdown(const Report& report) {
  std::string text = "# Documented alerts, measured\n\n" + summary_line(report) + ".\n";
  for (std::size_t s = 0; s < report.systems.size(); ++s) {
    text += "\n## " + markdown_text(title_of(report.systems[s])) + "\n\n| verdict |";
    for (const std::string_view head : kHeads) text += fmt::format(" {} |", head);
    text += "\n| --- |";
    for (std::size_t c = 0; c < kColumns; ++c) text += " --- |";
    text += '\n';
    std::string findings;
    for (const auto& [proof, row] : table_of(report, s).rows) {
      text += fmt::format("| {} |", word_of(proof->verdict));
      for (const std::string& cell : row) text += ' ' + markdown_text(cell) + " |";
      text += '\n';
      for (const Finding& finding : proof->findings) {
        findings += fmt::format("- {} ({}): {}\n", markdown_text(proof->alert->name),
                                to_string(finding.kind), markdown_text(finding.text));
      }
    }
    if (!findings.empty()) text += '\n' + findings;
  }
  return text;
}

}  // namespace tocsin::prove
