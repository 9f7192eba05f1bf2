#include "harness/cli/artefacts.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include <CLI/CLI.hpp>

#include "harness/cli/terminal.h"
#include "harness/metrics/openmetrics_file.h"
#include "harness/run/evidence_file.h"

namespace tocsin::cli {
namespace {

namespace fs = std::filesystem;

/// "../shop/night.yaml" becomes "shop_night".
std::string flat_name(const std::string& file) {
  std::string name = fs::path(file).replace_extension().string();
  std::replace(name.begin(), name.end(), '/', '_');
  const std::size_t begin = name.find_first_not_of("._");
  return begin == std::string::npos ? "scenario" : name.substr(begin);
}

bool is_folder(const std::string& path) {
  std::error_code ignored;
  return path.ends_with('/') || fs::is_directory(path, ignored);
}

template <class Written>
bool complain_of(const Written& written) {
  if (!written.has_error()) return true;
  complain(render(written.error()));
  return false;
}

}  // namespace

void add_artefact_options(CLI::App& command, ArtefactOptions& options) {
  command
      .add_option("--samples", options.samples,
                  "Write all samples as OpenMetrics; a folder for several scenarios")
      ->type_name("FILE");
  command
      .add_option("--evidence", options.evidence,
                  "Write evidence for `tocsin judge`; a folder for several scenarios")
      ->type_name("FILE");
}

Artefacts::Artefacts(const ArtefactOptions& options, const std::vector<std::string>& scenario_files)
    : options_(options) {
  std::set<std::string> taken;
  for (const std::string& file : scenario_files) {
    const std::string flat = flat_name(file);
    std::string name = flat;
    for (int n = 2; !taken.insert(name).second; ++n) name = flat + "-" + std::to_string(n);
    names_.push_back(std::move(name));
  }
}

std::string Artefacts::path(const std::string& given, std::size_t scenario,
                            const char* suffix) const {
  if (names_.size() == 1 && !is_folder(given)) return given;
  return (fs::path(given) / (names_[scenario] + suffix)).string();
}

bool Artefacts::keep(std::size_t scenario, const Evidence& evidence) const {
  bool good = true;
  if (!options_.samples.empty()) {
    good &= complain_of(
        metrics::export_openmetrics(*evidence.samples, path(options_.samples, scenario, ".om")));
  }
  if (!options_.evidence.empty()) {
    good &= complain_of(
        run::save_evidence(evidence, path(options_.evidence, scenario, ".evidence.gz")));
  }
  return good;
}

}  // namespace tocsin::cli
