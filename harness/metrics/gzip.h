#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "harness/base/error.h"

namespace tocsin::metrics {

/// Whether the bytes begin as a gzip file does.
bool looks_like_gzip(std::string_view bytes);

/// The checksum of gzip members.
std::uint32_t crc32_of(std::string_view bytes);

std::string gzip_compress(std::string_view bytes);

/// All members of a gzip stream. More than `limit_bytes` of output is an error of kind kLimit,
/// found before it is made; damaged or truncated input is an input error.
Result<std::string> gzip_decompress(std::string_view bytes, std::size_t limit_bytes);

/// The same in pieces, for streams of any length.
class GzipReader {
 public:
  GzipReader();
  GzipReader(GzipReader&&) noexcept;
  GzipReader& operator=(GzipReader&&) noexcept;
  ~GzipReader();

  using Take = std::function<Result<void>(std::string_view piece)>;
  /// Hands each piece of output to `take`, whose error ends the call.
  Result<void> feed(std::string_view bytes, const Take& take);
  /// An error when the stream ended in the middle.
  Result<void> finish() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Compresses in pieces.
class GzipWriter {
 public:
  GzipWriter();
  GzipWriter(GzipWriter&&) noexcept;
  GzipWriter& operator=(GzipWriter&&) noexcept;
  ~GzipWriter();

  /// Appends compressed bytes to `out`, if any are ready.
  void feed(std::string_view bytes, std::string& out);
  void finish(std::string& out);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin::metrics
