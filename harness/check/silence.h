#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/check/finding.h"

/// Comments that silence findings:
///
///     # tocsin:ignore rule/no-comparison, rule/missing-for: fires while the queue exists
///     - alert: …                          all of the rule, since it is indented more than this
///     line
///       expr: a > 1  # tocsin:ignore …    this line, and what is indented more
///     # tocsin:ignore-file rule/*         the whole file
///     # tocsin:known contract/count: the document is not ours to correct
///                                         as ignore; shown still, but counted no more
///
/// A reason after the ids is kept. pint's comments (`# pint disable promql/series`, `# pint
/// file/disable …`, `# pint ignore/line` and the like) count for the checks that look for the same.

namespace tocsin::check {

class Silences {
 public:
  /// What a file says. `text` is its whole content.
  Silences(std::string file, std::string_view text);

  /// Marks a finding that a comment silences or says to be known, with the reason; empty when it
  /// gives none.
  void mark(Finding& finding);
  /// Comments that name no check, or silence nothing: findings of their own. After all others.
  std::vector<Finding> complaints() const;

 private:
  struct Silence {
    int line = 0;  ///< of the comment
    int column = 0;
    std::string text;  ///< the line that it stands in
    int first = 0;     ///< lines that it covers
    int last = 0;
    std::string id;  ///< may end in "*"
    std::string reason;
    bool foreign = false;  ///< pint's
    bool known = false;    ///< tocsin:known
    bool used = false;
  };

  void read_line(std::string_view line, int number);
  void read_ids(std::string_view text, Silence silence);
  void read_pint(std::string_view text, Silence silence);
  /// Covers the block that begins at a line: it and what is indented more.
  void cover(Silence& silence, int line) const;

  std::string file_;
  std::vector<std::string_view> lines_;
  std::vector<Silence> silences_;
  std::optional<int> pint_ignores_from_;
};

}  // namespace tocsin::check
