#include "harness/routetest/run.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include <fmt/format.h>

#include "harness/alerting/schema.h"
#include "harness/base/file.h"
#include "harness/base/regex.h"
#include "harness/base/suggest.h"
#include "harness/routetest/case_reader.h"
#include "harness/yaml/parse.h"

namespace tocsin::routetest {
namespace {

class FileRunner {
 public:
  FileRunner(FileResult& file, const RunOptions& options, Diagnostics& diagnostics)
      : file_(file), options_(options), diagnostics_(diagnostics) {}

  void run(const yaml::Node& root) {
    if (!root.is_map()) {
      return fail(root, "a test file must be a mapping", "its keys are cases, or config and tests");
    }
    const yaml::Node* cases = root.find("cases");
    const yaml::Node* tests = root.find("tests");
    if (cases != nullptr && tests != nullptr) {
      return fail(*tests, "a file has either cases or tests", "");
    }
    if (cases != nullptr) return run_cases(root, *cases);
    if (tests != nullptr) return run_tests(root, *tests);
    fail(root, "this is no test of routes: it has neither cases nor tests",
         "tests: is a list of labels and receivers");
  }

 private:
  void fail(const yaml::Node& node, std::string message, std::string hint) {
    Error error = node.error(std::move(message));
    if (!hint.empty()) error.hints.push_back(std::move(hint));
    diagnostics_.add(std::move(error));
  }

  bool check_file_keys(const yaml::Node& root, const std::vector<std::string>& keys) {
    const std::size_t before = diagnostics_.size();
    for (const yaml::Node::Entry& entry : root.entries) {
      const std::string& key = entry.key->text;
      if (std::find(keys.begin(), keys.end(), key) != keys.end() || key.starts_with("x-")) continue;
      fail(*entry.key, fmt::format("unknown key \"{}\" in a test file", key),
           unknown_name_hint(key, keys));
    }
    return diagnostics_.size() == before;
  }

  bool wanted(const std::string& name) const {
    if (options_.run.empty()) return true;
    return std::any_of(options_.run.begin(), options_.run.end(), [&](const std::string& pattern) {
      const Result<bool> found = regex_search(pattern, name);
      return found.has_value() && *found;
    });
  }

  // --- cases ---

  void run_cases(const yaml::Node& root, const yaml::Node& cases) {
    if (!check_file_keys(root, {"format", "defaults", "cases"})) return;
    if (!cases.is_list() || cases.items.empty()) return fail(cases, "cases must be a list", "");
    const yaml::Node* defaults = alerting::find_value(root, "defaults");
    std::set<std::string> ids;
    for (const yaml::NodePtr& item : cases.items) {
      const std::string id = item->is_map() ? alerting::text_of(*item, "id") : "";
      if (id.empty()) {
        fail(*item, "a case needs an id", "");
      } else if (!ids.insert(id).second) {
        fail(*item->find("id"), fmt::format("the id {} is taken", id), "");
      }
    }
    if (!diagnostics_.ok()) return;
    for (const yaml::NodePtr& item : cases.items) {
      const std::string id = alerting::text_of(*item, "id");
      if (!wanted(id)) continue;
      CaseResult result{id, item->pos(), {}, {}};
      CaseBuilder builder(result);
      run_case(*item, defaults, builder);
      file_.cases.push_back(std::move(result));
    }
  }

  static void run_case(const yaml::Node& node, const yaml::Node* defaults, CaseBuilder& result) {
    const bool known = result.expect_keys(
        node,
        {"id",      "from",  "kind",   "about",   "config",  "sinks",      "steps", "checks",
         "expect",  "until", "min_am", "max_am",  "cluster", "ready_path", "flags", "tolerance",
         "queries", "runs",  "items",  "checked", "note",    "base",       "files", "live"},
        "a case");
    if (!known) return;
    const std::string kind = alerting::text_of(node, "kind");
    const std::string newest = alerting::text_of(node, "max_am");
    const std::string oldest = alerting::text_of(node, "min_am");
    if (is_older(newest)) return result.skip("describes Alertmanager up to " + newest);
    if (is_newer(oldest)) return result.skip("describes Alertmanager from " + oldest);
    if (node.find("cluster") != nullptr) return result.skip("clusters are not modelled");
    if (node.find("ready_path") != nullptr) return result.skip("URL prefixes are not modelled");
    if (kind == "amtool") return result.skip("amtool's command line is not modelled");
    if (kind == "timeline") return run_timeline(node, defaults, result);
    if (kind == "route") return run_route_case(node, result);
    if (kind == "interval") return run_interval_case(node, result);
    if (kind == "config") return run_config_case(node, result);
    const std::vector<std::string> kinds = {"timeline", "route", "interval", "config", "amtool"};
    Error error = node.error(fmt::format("unknown kind \"{}\"", kind));
    error.hints.push_back(unknown_name_hint(kind, kinds));
    result.fail(error);
  }

  // --- tests ---

  /// As written, or else of the alert that it is about.
  static std::string name_of(const yaml::Node& test) {
    if (!test.is_map()) return "";
    std::string name = alerting::text_of(test, "name");
    const yaml::Node* labels = test.find("labels");
    if (name.empty() && labels != nullptr && labels->is_map()) {
      name = alerting::text_of(*labels, "alertname");
    }
    return name;
  }

  void run_tests(const yaml::Node& root, const yaml::Node& tests) {
    if (!check_file_keys(root, {"config", "tests"})) return;
    if (!tests.is_list() || tests.items.empty()) {
      return fail(tests, "tests must be a list that is not empty", "");
    }
    const std::shared_ptr<const alerting::Config> config = load(root);
    if (!config || !diagnostics_.ok()) return;
    for (const Error& warning : config->warnings) {
      file_.warnings.push_back(to_string(warning) + " (" + warning.hints.front() + ')');
    }
    std::size_t number = 0;
    for (const yaml::NodePtr& item : tests.items) {
      std::string name = name_of(*item);
      if (name.empty()) name = fmt::format("unnamed#{}", number);
      ++number;
      if (!wanted(name)) continue;
      CaseResult result{name, item->pos(), {}, {}};
      CaseBuilder builder(result);
      if (item->is_map()) {
        run_routing_test(*item, *config, builder);
      } else {
        builder.fail(item->error("a test must be a mapping"));
      }
      file_.cases.push_back(std::move(result));
    }
  }

  std::shared_ptr<const alerting::Config> load(const yaml::Node& root) {
    if (!options_.config.empty()) return alerting::load_config(options_.config, diagnostics_);
    const yaml::Node* written = alerting::find_value(root, "config");
    if (written == nullptr || !written->is_scalar()) {
      fail(written == nullptr ? root : *written, "the file names no configuration",
           "write config: alertmanager.yml, or give --config");
      return nullptr;
    }
    const std::filesystem::path folder = std::filesystem::path(file_.path).parent_path();
    const std::string path = (folder / written->text).string();
    const std::size_t before = diagnostics_.size();
    if (!std::filesystem::exists(path)) {
      fail(*written, fmt::format("there is no file {}", path), "");
    }
    return diagnostics_.size() == before ? alerting::load_config(path, diagnostics_) : nullptr;
  }

  FileResult& file_;
  const RunOptions& options_;
  Diagnostics& diagnostics_;
};

}  // namespace

std::size_t FileResult::count(CaseResult::Outcome outcome) const {
  return static_cast<std::size_t>(std::count_if(
      cases.begin(), cases.end(), [&](const CaseResult& one) { return one.outcome == outcome; }));
}

FileResult run_text(const std::string& path, std::string text, const RunOptions& options) {
  FileResult file;
  file.path = path;
  Diagnostics diagnostics;
  yaml::Bounds bounds;
  bounds.largest_file = kLargestTestFile;
  bounds.most_values = kLargestTestFile / 4;
  const yaml::ForeignDocument document =
      yaml::parse_foreign(path, std::move(text), bounds, diagnostics);
  if (document.root != nullptr && diagnostics.ok()) {
    FileRunner(file, options, diagnostics).run(*document.root);
  } else if (diagnostics.ok()) {
    diagnostics.add(input_error({path, 1, 1}, "the file is empty"));
  }
  if (!diagnostics.ok()) file.refusal = diagnostics.render();
  return file;
}

FileResult run_file(const std::string& path, const RunOptions& options) {
  Result<std::string> text = read_file(path, kLargestTestFile);
  if (text.has_value()) return run_text(path, std::move(*text), options);
  FileResult file;
  file.path = path;
  file.refusal = render(text.error());
  return file;
}

}  // namespace tocsin::routetest
