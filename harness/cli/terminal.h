#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "harness/base/error.h"
#include "harness/base/time.h"

namespace tocsin::cli {

/// Streams that the caller closed lead nowhere; else the next file opened would take their place.
void open_standard_streams();

/// stdout is a terminal that knows colours (TERM is not "dumb"), and NO_COLOR is not set
/// (no-color.org).
bool colour_wanted();

/// Columns of the terminal that stdout is; 80 where it is none.
std::size_t output_width();

/// stdout is the product, stderr says how it is going.
void print(std::string_view text);
void complain(std::string_view text);
/// An error when something printed was lost (a full disk). A reader that left early, as `head`
/// does, has seen what it wanted.
Result<void> all_printed();

/// A bar on stderr that overwrites itself; nothing at all when stderr is no terminal, or a dumb
/// one. Clears itself.
class ProgressBar {
 public:
  ProgressBar();
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  void show(std::string_view title, Duration elapsed, Duration planned, std::string_view details);
  void clear();

 private:
  bool terminal_;
  bool shown_ = false;
};

}  // namespace tocsin::cli
