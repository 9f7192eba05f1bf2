#include <fmt/format.h>

#include "harness/check/report.h"

namespace tocsin::check {

std::string render_list() {
  std::string text;
  for (const Check* check : all_checks()) {
    text += fmt::format("{} ({})\n  {}\n  {}\n  {}\n", check->id, to_string(check->severity),
                        check->title, check->why, check->way_out);
  }
  return text;
}

std::string render_list_markdown() {
  std::string text =
      "# Checks\n\n"
      "What `tocsin check` looks for; `tocsin check --list` prints the same. Findings are errors "
      "(it cannot do what it\nsays), warnings (very likely not what was meant) or info (style; "
      "shown with `--min-severity info`).\n\n"
      "A comment silences a check: `# tocsin:ignore ID: reason` on a line or above a block, "
      "`# tocsin:ignore-file ID: reason`\nfor a file. `# tocsin:known ID: reason` says that a "
      "finding "
      "is known: it is shown still, and counts no more,\nas when a document is quoted that "
      "somebody "
      "else has to correct. An id may end in `*`. Comments of pint count for\nthe checks that look "
      "for the same.\n\n"
      "What targets export is known of a system's targets; elsewhere, or beside them, of a page "
      "that "
      "one shows:\n`tocsin check rules.yml --metrics http://localhost:9100/metrics`. In a system's "
      "folder only the rules and configurations\nare checked that `system.yaml` names; others "
      "beside "
      "it (`rules.documented.yml`) are checked when they are given by name.\n";
  for (const Check* check : all_checks()) {
    text += fmt::format("\n## {}\n{}: {}.\n\n{}\n\n*What to do:* {}\n", check->id,
                        to_string(check->severity), check->title, check->why, check->way_out);
  }
  return text;
}

}  // namespace tocsin::check
