#include <cstdio>

#include "harness/alerting/config.h"

/// Reads configurations, for tests that are no C++: `config_host FILE…` prints a line for each, its
/// path and "good" or what is wrong first.

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    tocsin::Diagnostics diagnostics;
    tocsin::alerting::load_config(argv[i], diagnostics);
    const std::string word = diagnostics.ok() ? "good" : diagnostics.sorted().front().message;
    std::printf("%s: %s\n", argv[i], word.c_str());
  }
  return 0;
}
