#include "harness/ruletest/rule_loader.h"

#include <algorithm>
#include <filesystem>

#include "harness/base/file.h"
#include "harness/ruletest/glob.h"

namespace tocsin::ruletest {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kStandardInput = "/dev/stdin";

/// Relative to the test file's folder, cleaned.
std::string beside(const std::string& test_file, const std::string& pattern) {
  if (pattern.empty() || fs::path(pattern).is_absolute()) return pattern;
  return (fs::path(test_file).parent_path() / pattern).lexically_normal().string();
}

}  // namespace

RuleLoader::RuleLoader(std::vector<std::string> instead, rules::UnknownKeys unknown_keys,
                       const promql::ParseOptions& language)
    : instead_(std::move(instead)), unknown_keys_(unknown_keys), language_(language) {}

Result<std::string> RuleLoader::read(const std::string& path) {
  std::error_code ignored;
  if (fs::is_regular_file(path, ignored)) return read_file(path, rules::kLargestRuleFile);
  const std::lock_guard lock(mutex_);
  const auto kept = kept_.find(path);
  if (kept != kept_.end()) return kept->second;
  TRY(std::string text, read_file(path, rules::kLargestRuleFile));
  return kept_[path] = std::move(text);
}

void RuleLoader::add(const std::string& path, RuleSet& set, Diagnostics& diagnostics) {
  const std::string name = path == kStandardInput ? "<stdin>" : path;
  const bool known = std::any_of(set.files.begin(), set.files.end(),
                                 [&](const rules::RuleFile& file) { return file.path == name; });
  if (known) return;
  const Result<std::string> text = read(path);
  if (text.has_error()) {
    diagnostics.add(text.error());
    return;
  }
  set.files.push_back(rules::parse_rule_file(name, *text, diagnostics, unknown_keys_, language_));
}

RuleSet RuleLoader::load(const TestFile& test, Diagnostics& diagnostics) {
  RuleSet set;
  for (const std::string& path : instead_) {
    add(path == "-" ? std::string(kStandardInput) : path, set, diagnostics);
  }
  if (!instead_.empty()) return set;
  for (const Written& pattern : test.rule_files) {
    if (pattern.text == "-") {
      add(std::string(kStandardInput), set, diagnostics);
      continue;
    }
    const Result<std::vector<std::string>> found = glob(beside(test.path, pattern.text));
    if (found.has_error()) {
      Error error = found.error();
      error.pos = pattern.pos;
      diagnostics.add(std::move(error));
      continue;
    }
    if (found->empty()) {
      set.missing.push_back(
          input_error(pattern.pos, "no rule file matches \"" + pattern.text + "\""));
    }
    for (const std::string& path : *found) add(path, set, diagnostics);
  }
  return set;
}

}  // namespace tocsin::ruletest
