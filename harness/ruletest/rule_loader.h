#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "harness/rules/rule.h"
#include "harness/ruletest/test_file.h"

namespace tocsin::ruletest {

/// The rules that a test file is about.
struct RuleSet {
  std::vector<rules::RuleFile> files;
  std::vector<Error> missing;  ///< patterns that match no file
};

/// Reads rule files. What cannot be read twice (standard input, pipes) is read once and kept. May
/// be used by several threads.
class RuleLoader {
 public:
  /// With `instead`, every test file's own rule_files are left aside; "-" is standard input.
  RuleLoader(std::vector<std::string> instead, rules::UnknownKeys unknown_keys,
             const promql::ParseOptions& language = {});

  /// Each file once; patterns are relative to the test file's folder. Problems of rule files go to
  /// `diagnostics`.
  RuleSet load(const TestFile& test, Diagnostics& diagnostics);

 private:
  void add(const std::string& path, RuleSet& set, Diagnostics& diagnostics);
  Result<std::string> read(const std::string& path);

  std::vector<std::string> instead_;
  rules::UnknownKeys unknown_keys_;
  promql::ParseOptions language_;
  std::mutex mutex_;
  std::map<std::string, std::string> kept_;
};

}  // namespace tocsin::ruletest
