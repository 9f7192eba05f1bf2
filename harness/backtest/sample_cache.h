#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/time.h"

namespace tocsin::backtest {

/// Answers of a Prometheus, kept in one file that grows by whole records, so that a fetch that
/// ended in the middle goes on where it was. A record that was cut off (a crash, a full disk) is
/// dropped when the file is opened.
///
///     tocsin-samples-cache 1 <URL>\n
///     <from ms> <to ms> <selector's bytes> <answer's bytes> <crc32 of both>\n<selector><answer>\n
///     …
class SampleCache {
 public:
  struct Record {
    std::string selector;
    Timestamp from = {};  ///< not included
    Timestamp to = {};    ///< included
    std::int64_t offset = 0;
    std::size_t bytes = 0;
  };

  /// A new or existing file; refuses one that is no cache, is of another server, or is in use.
  static Result<SampleCache> open(const std::string& path, const std::string& url);
  SampleCache(SampleCache&&) noexcept;
  SampleCache& operator=(SampleCache&&) noexcept;
  ~SampleCache();

  /// In the order of the file.
  const std::vector<Record>& records() const;
  Result<std::string> read(const Record& record) const;
  Result<void> append(const std::string& selector, Timestamp from, Timestamp to,
                      std::string_view answer);

 private:
  SampleCache();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin::backtest
