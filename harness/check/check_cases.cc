#include "harness/check/check_cases.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "harness/base/file.h"
#include "harness/base/scratch_folder.h"

namespace tocsin::check {
namespace {

namespace fs = std::filesystem;

const std::string kTestdata = std::string(TOCSIN_SOURCE_DIR) + "/harness/check/testdata/";
constexpr const char* kRulesAlone = "rules.yml";
constexpr int kLinesBefore = 3;
constexpr int kIndentation = 2;

std::vector<std::string> words_of_line(const std::string& line) {
  std::istringstream in(line);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

/// Reads one file of cases, line by line.
class CaseFile {
 public:
  explicit CaseFile(const fs::path& path) : path_(path), folders_(path.extension() == ".folders") {
    now_.rules_alone = !folders_;
  }

  std::vector<CheckCase> read() {
    std::ifstream lines(path_);
    std::string line;
    for (number_ = 1; std::getline(lines, line); ++number_) take(line);
    if (part_ != Part::kBetween) fail("the last case has no end");
    if (cases_.empty()) fail("there is no case");
    return std::move(cases_);
  }

 private:
  enum class Part { kBetween, kFiles, kExpected };

  [[noreturn]] void fail(const std::string& why) const {
    throw std::runtime_error(path_.filename().string() + ':' + std::to_string(number_) + ": " +
                             why);
  }

  void take(const std::string& line) {
    if (part_ == Part::kBetween) return take_between(line);
    if (line == "=>") {
      part_ = Part::kExpected;
    } else if (line == "----") {
      if (part_ != Part::kExpected) fail("a case without =>");
      cases_.push_back(now_);
      now_.files.clear();
      now_.check.clear();
      now_.expected.clear();
      now_.base.clear();
      part_ = Part::kBetween;
    } else if (part_ == Part::kExpected) {
      now_.expected += line + '\n';
    } else if (folders_ && line.starts_with("== ")) {
      file_ = line.substr(3);
      now_.files[file_];
    } else {
      now_.files[file_] += line + '\n';
    }
  }

  void take_between(const std::string& line) {
    if (line.empty() || line.starts_with('#')) return;
    std::vector<std::string> words = words_of_line(line);
    const std::vector<std::string> rest(words.begin() + 1, words.end());
    if (words[0] == "only") {
      now_.only = rest;
    } else if (words[0] == "system" && !folders_) {
      now_.system = rest.empty() ? "" : rest[0];
    } else if (words[0] == "base" && folders_) {
      now_.base = rest.at(0);
    } else if (words[0] == "check" && folders_) {
      now_.check = rest;
    } else {
      begin(line);
    }
  }

  void begin(const std::string& line) {
    now_.where = path_.filename().string() + ':' + std::to_string(number_);
    part_ = Part::kFiles;
    if (!folders_) {
      file_ = kRulesAlone;
    } else if (!line.starts_with("== ") && line != "=>") {
      fail("== FILE is expected");
    }
    take(line);
  }

  const fs::path path_;
  const bool folders_;
  int number_ = 0;
  Part part_ = Part::kBetween;
  CheckCase now_;
  std::string file_;
  std::vector<CheckCase> cases_;
};

/// Rules alone get the group that they lack.
std::string whole_file(const CheckCase& one, const std::string& text) {
  if (!one.rules_alone) return text;
  std::string whole = "groups:\n- name: g\n  rules:\n";
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    whole += std::string(kIndentation, ' ') + line + '\n';
  }
  return whole;
}

std::string line_of_finding(const CheckCase& one, const Finding& finding,
                            const std::string& folder) {
  const SourcePos& pos = finding.place.pos;
  std::string out;
  if (!one.rules_alone) out = pos.file.substr(std::min(folder.size() + 1, pos.file.size())) + ':';
  const int line = one.rules_alone ? pos.line - kLinesBefore : pos.line;
  const int column = one.rules_alone ? pos.column - kIndentation : pos.column;
  return out + std::to_string(line) + ':' + std::to_string(column) + ' ' + finding.check + ' ' +
         std::string(to_string(finding.severity)) + '\n';
}

}  // namespace

bool CheckCase::looks_for(std::string_view id) const {
  return std::any_of(only.begin(), only.end(),
                     [&](const std::string& pattern) { return names(pattern, id); });
}

std::set<std::string> CheckCase::found() const {
  std::set<std::string> ids;
  std::istringstream lines(expected);
  for (std::string line; std::getline(lines, line);) ids.insert(words_of_line(line).at(1));
  return ids;
}

std::vector<CheckCase> all_check_cases() {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(kTestdata)) {
    const std::string extension = entry.path().extension();
    if (extension == ".cases" || extension == ".folders") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::vector<CheckCase> all;
  for (const fs::path& file : files) {
    for (CheckCase& one : CaseFile(file).read()) all.push_back(std::move(one));
  }
  return all;
}

std::string seen_in(const CheckCase& one, std::string& problem) {
  const ScratchFolder folder;
  if (!one.base.empty()) {
    fs::copy(kTestdata + one.base, folder.path(), fs::copy_options::recursive);
  }
  for (const auto& [name, text] : one.files) {
    fs::create_directories(fs::path(folder.path(name)).parent_path());
    folder.write(name, whole_file(one, text));
  }
  CheckOptions options;
  options.only = one.only;
  if (!one.system.empty()) options.system = kTestdata + one.system;
  options.paths = {one.rules_alone ? folder.path(kRulesAlone) : folder.path()};
  if (!one.check.empty()) options.paths.clear();
  for (const std::string& name : one.check) options.paths.push_back(folder.path(name));
  Diagnostics diagnostics;
  const CheckReport report = run_checks(options, diagnostics);
  if (!diagnostics.ok()) problem = diagnostics.render();
  std::string out;
  for (const Finding& finding : report.findings) {
    if (!finding.silenced) out += line_of_finding(one, finding, folder.path());
  }
  return out;
}

}  // namespace tocsin::check
