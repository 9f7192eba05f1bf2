#pragma once

#include <string>

#include "reports/summary.h"

namespace CLI {
class App;
}

namespace tocsin::cli {

/// Which report files to write; an empty path is none.
struct ReportFiles {
  std::string folder;  ///< report.json, junit.xml and report.md
  std::string json;
  std::string junit;
  std::string markdown;
  bool strict_inconclusive = false;
};

void add_report_options(CLI::App& command, ReportFiles& files);

/// Says where they lie; false, after complaints, when one could not be written.
bool write_reports(const reports::RunSummary& summary, const ReportFiles& files);

}  // namespace tocsin::cli
