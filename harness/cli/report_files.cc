#include "harness/cli/report_files.h"

#include <CLI/CLI.hpp>

#include "harness/base/file.h"
#include "harness/cli/terminal.h"
#include "reports/formats.h"

namespace tocsin::cli {

void add_report_options(CLI::App& command, ReportFiles& files) {
  command
      .add_option("--reports", files.folder,
                  "Write report.json, junit.xml and report.md into this folder")
      ->type_name("FOLDER");
  command.add_option("--json", files.json, "Write the JSON report")->type_name("FILE");
  command.add_option("--junit", files.junit, "Write JUnit XML")->type_name("FILE");
  command.add_option("--markdown", files.markdown, "Write Markdown")->type_name("FILE");
  command.add_flag("--strict-inconclusive", files.strict_inconclusive,
                   "JUnit: inconclusive is a failure, not a skipped test");
}

bool write_reports(const reports::RunSummary& summary, const ReportFiles& files) {
  bool good = true;
  const auto write = [&](const std::string& path, const std::string& bytes) {
    const auto written = write_file_atomically(path, bytes);
    if (!written.has_error()) return;
    complain(render(written.error()));
    good = false;
  };
  const reports::JunitOptions junit{files.strict_inconclusive};
  if (!files.folder.empty()) {
    const std::string folder = files.folder.ends_with('/') ? files.folder : files.folder + '/';
    write(folder + "report.json", reports::render_json(summary));
    write(folder + "junit.xml", reports::render_junit(summary, junit));
    write(folder + "report.md", reports::render_markdown(summary));
    if (good) print("Reports: " + folder + "{report.json,junit.xml,report.md}\n");
  }
  if (!files.json.empty()) write(files.json, reports::render_json(summary));
  if (!files.junit.empty()) write(files.junit, reports::render_junit(summary, junit));
  if (!files.markdown.empty()) write(files.markdown, reports::render_markdown(summary));
  return good;
}

}  // namespace tocsin::cli
