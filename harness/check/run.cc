#include "harness/check/run.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "harness/base/file.h"
#include "harness/check/check.h"
#include "harness/check/file_kind.h"
#include "harness/check/load.h"
#include "harness/check/masked_line.h"

namespace tocsin::check {
namespace {

bool wanted(const CheckOptions& options, const Finding& finding) {
  return options.only.empty() ||
         std::any_of(options.only.begin(), options.only.end(),
                     [&](const std::string& pattern) { return names(pattern, finding.check); });
}

bool any_wanted(const CheckOptions& options, const CheckGroup& group) {
  // Whether a comment silences anything is known only when everything has been looked at.
  const bool silences =
      std::any_of(options.only.begin(), options.only.end(),
                  [](const std::string& pattern) { return names(pattern, "silence/unused"); });
  return options.only.empty() || silences ||
         std::any_of(group.checks.begin(), group.checks.end(), [&](const Check& check) {
           return std::any_of(options.only.begin(), options.only.end(),
                              [&](const std::string& pattern) { return names(pattern, check.id); });
         });
}

/// Lines to show, and comments to obey, of one file.
class SeenFile {
 public:
  explicit SeenFile(const std::string& path)
      : text_(read(path)), has_secrets_(may_have_secrets(path, text_)), silences_(path, text_) {
    std::string_view rest = text_;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      lines_.push_back(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  SeenFile(const SeenFile&) = delete;
  SeenFile& operator=(const SeenFile&) = delete;

  void complete(Finding& finding) {
    silences_.mark(finding);
    const auto index = static_cast<std::size_t>(finding.place.pos.line);
    if (finding.excerpt.empty() && index > 0 && index <= lines_.size()) {
      finding.excerpt = std::string(lines_[index - 1]);
    }
    if (has_secrets_) finding.excerpt = masked_line(finding.excerpt);
  }
  std::vector<Finding> complaints() const { return silences_.complaints(); }

 private:
  static std::string read(const std::string& path) {
    const auto text = read_file(path, rules::kLargestRuleFile);
    return text.has_error() ? "" : *text;
  }

  static bool may_have_secrets(const std::string& path, std::string_view text) {
    const FileKind kind = kind_of(path, text);
    return kind == FileKind::kAlertmanager || kind == FileKind::kPrometheus;
  }

  std::string text_;
  bool has_secrets_;
  std::vector<std::string_view> lines_;
  Silences silences_;
};

void sort_findings(std::vector<Finding>& findings, const std::vector<std::string>& files) {
  std::map<std::string, std::size_t> rank;
  for (const std::string& file : files) rank.emplace(file, rank.size());
  for (const Finding& finding : findings) rank.emplace(finding.place.pos.file, rank.size());
  const auto key = [&](const Finding& finding) {
    const SourcePos& pos = finding.place.pos;
    return std::tuple(rank.at(pos.file), pos.line, pos.column, -static_cast<int>(finding.severity),
                      std::string_view(finding.check), std::string_view(finding.message));
  };
  std::stable_sort(findings.begin(), findings.end(),
                   [&](const Finding& a, const Finding& b) { return key(a) < key(b); });
  const auto same = [&](const Finding& a, const Finding& b) { return key(a) == key(b); };
  findings.erase(std::unique(findings.begin(), findings.end(), same), findings.end());
}

}  // namespace

bool names(std::string_view pattern, std::string_view id) {
  if (!pattern.ends_with('*')) return pattern == id;
  return id.starts_with(pattern.substr(0, pattern.size() - 1));
}

std::size_t CheckReport::count(Severity at_least) const {
  return static_cast<std::size_t>(std::count_if(
      findings.begin(), findings.end(),
      [&](const Finding& finding) { return !finding.silenced && finding.severity >= at_least; }));
}

std::size_t CheckReport::silenced() const {
  return static_cast<std::size_t>(
      std::count_if(findings.begin(), findings.end(),
                    [](const Finding& finding) { return finding.silenced && !finding.known; }));
}

std::size_t CheckReport::known() const {
  return static_cast<std::size_t>(
      std::count_if(findings.begin(), findings.end(), [](const Finding& f) { return f.known; }));
}

CheckReport run_checks(const CheckOptions& options, Diagnostics& diagnostics) {
  Loaded loaded = load_subjects(options, diagnostics);
  CheckReport report;
  if (!diagnostics.ok()) return report;
  report.files = std::move(loaded.files);
  std::vector<Finding> all = std::move(loaded.findings);
  for (const Subject& subject : loaded.subjects) {
    report.rules += subject.rules.size();
    Findings findings;
    for (const CheckGroup* group : check_groups()) {
      if (any_wanted(options, *group)) group->run(subject, findings);
    }
    for (Finding& finding : findings.take()) {
      const std::string& file = finding.place.pos.file;
      const bool asked_for =
          std::find(report.files.begin(), report.files.end(), file) != report.files.end();
      if (asked_for) all.push_back(std::move(finding));
    }
  }
  std::map<std::string, SeenFile> seen;
  const auto file_of = [&](const std::string& path) -> SeenFile& {
    return seen.try_emplace(path, path).first->second;
  };
  for (const std::string& file : report.files) file_of(file);
  for (Finding& finding : all) file_of(finding.place.pos.file).complete(finding);
  for (const auto& [path, file] : seen) {
    for (Finding& finding : file.complaints()) all.push_back(std::move(finding));
  }
  std::erase_if(all, [&](const Finding& finding) { return !wanted(options, finding); });
  sort_findings(all, report.files);
  report.findings = std::move(all);
  return report;
}

}  // namespace tocsin::check
