#pragma once

#include <string>
#include <vector>

#include "harness/model/evidence.h"

namespace CLI {
class App;
}

namespace tocsin::cli {

/// Where --samples and --evidence write; empty: nowhere.
struct ArtefactOptions {
  std::string samples;
  std::string evidence;
};

void add_artefact_options(CLI::App& command, ArtefactOptions& options);

/// What runs leave behind besides reports. One scenario writes to the path itself, unless that is a
/// folder; several write into a folder, each under a name made of its own file's path.
class Artefacts {
 public:
  Artefacts(const ArtefactOptions& options, const std::vector<std::string>& scenario_files);

  /// False, after complaints, when something could not be written. From any thread.
  bool keep(std::size_t scenario, const Evidence& evidence) const;

 private:
  std::string path(const std::string& given, std::size_t scenario, const char* suffix) const;

  const ArtefactOptions& options_;
  std::vector<std::string> names_;  ///< each once
};

}  // namespace tocsin::cli
