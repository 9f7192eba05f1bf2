#pragma once

#include <string>
#include <string_view>

#include "harness/base/time.h"

namespace tocsin::cli {

/// stdout is a terminal and NO_COLOR is not set (no-color.org).
bool colour_wanted();

/// stdout is the product, stderr says how it is going.
void print(std::string_view text);
void complain(std::string_view text);

/// A bar on stderr that overwrites itself; nothing at all when stderr is no terminal. Clears
/// itself.
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
