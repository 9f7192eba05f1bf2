#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/cli/command.h"
#include "harness/cli/sample_flags.h"

namespace tocsin::cli {

/// `tocsin serve --samples`: Prometheus' HTTP API over sample files, until interrupted.
struct ServeSamplesFlags {
  SampleFlags samples;
  std::string listen = "127.0.0.1:9090";
  std::vector<std::string> rule_files;
  std::string interval = "1m";
  std::string port_file;
};

ExitCode serve_samples(const ServeSamplesFlags& flags);

}  // namespace tocsin::cli
