#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/base/time.h"

/// JUnit XML as Jenkins' junit-10.xsd and GitLab read it.

namespace tocsin::junit {

enum class Outcome { kPassed, kFailed, kError, kSkipped };

struct Case {
  std::string class_name;  ///< parts with dots between them, each made by class_part()
  std::string name;
  Outcome outcome = Outcome::kPassed;
  std::string message = {};  ///< unless passed: one line
  std::string type = {};     ///< of a failure or error
  std::string text = {};     ///< of a failure or error, several lines; may be empty
};

struct Suite {
  std::string name;
  Nanos took{0};
  std::vector<Case> cases;
  std::vector<std::pair<std::string, std::string>> properties = {};  ///< shown by some readers
};

struct Document {
  std::string name;
  Nanos took{0};
  std::vector<Suite> suites;
};

/// Jenkins makes packages of dots, so a part of a class name may hold none.
std::string class_part(std::string_view text);

/// Counts are added up here. Readers take class and name as a key: of cases that share both, all
/// but the first get a number behind the name. What XML cannot hold becomes "?".
std::string render(const Document& document);

}  // namespace tocsin::junit
