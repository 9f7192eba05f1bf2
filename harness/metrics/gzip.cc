#include "harness/metrics/gzip.h"

#include <algorithm>
#include <array>

#include <zlib.h>

#include "harness/base/check.h"

namespace tocsin::metrics {
namespace {

constexpr int kGzipOnly = 15 + 16;  // zlib's window bits: the largest window, gzip framing
constexpr std::size_t kPieceBytes = 64 * 1024;
constexpr int kLevel = 6;
constexpr int kMemoryLevel = 8;

Bytef* bytes_of(std::string_view text) {
  return const_cast<Bytef*>(reinterpret_cast<const Bytef*>(text.data()));  // zlib reads only
}

}  // namespace

bool looks_like_gzip(std::string_view bytes) {
  return bytes.starts_with("\x1f\x8b");
}

std::uint32_t crc32_of(std::string_view bytes) {
  return static_cast<std::uint32_t>(crc32_z(0, bytes_of(bytes), bytes.size()));
}

struct GzipReader::Impl {
  Impl() { TOCSIN_CHECK(inflateInit2(&stream, kGzipOnly) == Z_OK, "inflate starts"); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() { inflateEnd(&stream); }

  z_stream stream{};
  bool between_members = true;
  bool any_member = false;
};

GzipReader::GzipReader() : impl_(std::make_unique<Impl>()) {}
GzipReader::GzipReader(GzipReader&&) noexcept = default;
GzipReader& GzipReader::operator=(GzipReader&&) noexcept = default;
GzipReader::~GzipReader() = default;

Result<void> GzipReader::feed(std::string_view bytes, const Take& take) {
  z_stream& stream = impl_->stream;
  std::array<char, kPieceBytes> piece;
  while (!bytes.empty()) {
    const std::size_t part = std::min<std::size_t>(bytes.size(), 1 << 30);
    stream.next_in = bytes_of(bytes);
    stream.avail_in = static_cast<uInt>(part);
    bool full = true;
    while (stream.avail_in > 0 || full) {
      if (impl_->between_members) {
        if (stream.avail_in == 0) break;
        inflateReset(&stream);
        impl_->between_members = false;
      }
      stream.next_out = reinterpret_cast<Bytef*>(piece.data());
      stream.avail_out = kPieceBytes;
      const int status = inflate(&stream, Z_NO_FLUSH);
      if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR) {
        const std::string reason = stream.msg ? stream.msg : "corrupt data";
        return input_error({}, "not a good gzip stream: " + reason);
      }
      const std::size_t made = kPieceBytes - stream.avail_out;
      full = stream.avail_out == 0;
      if (made > 0) {
        const Result<void> taken = take(std::string_view(piece.data(), made));
        if (taken.has_error()) return taken;
      }
      if (status == Z_STREAM_END) {
        impl_->between_members = true;
        impl_->any_member = true;
      }
      if (status == Z_BUF_ERROR) break;
    }
    bytes.remove_prefix(part);
  }
  return {};
}

Result<void> GzipReader::finish() const {
  if (impl_->between_members && impl_->any_member) return {};
  return input_error({}, "not a good gzip stream: it ends in the middle");
}

Result<std::string> gzip_decompress(std::string_view bytes, std::size_t limit_bytes) {
  std::string out;
  GzipReader reader;
  const Result<void> fed = reader.feed(bytes, [&](std::string_view piece) -> Result<void> {
    if (piece.size() > limit_bytes - out.size()) {
      Error error = input_error(
          {}, "the gzip stream holds more than " + std::to_string(limit_bytes) + " bytes");
      error.kind = ErrorKind::kLimit;
      return error;
    }
    out += piece;
    return {};
  });
  if (fed.has_error()) return fed.error();
  const Result<void> finished = reader.finish();
  if (finished.has_error()) return finished.error();
  return out;
}

struct GzipWriter::Impl {
  Impl() {
    TOCSIN_CHECK(deflateInit2(&stream, kLevel, Z_DEFLATED, kGzipOnly, kMemoryLevel,
                              Z_DEFAULT_STRATEGY) == Z_OK,
                 "deflate starts");
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() { deflateEnd(&stream); }

  void run(std::string_view bytes, int flush, std::string& out) {
    std::array<char, kPieceBytes> piece;
    stream.next_in = bytes_of(bytes);
    stream.avail_in = static_cast<uInt>(bytes.size());
    do {
      stream.next_out = reinterpret_cast<Bytef*>(piece.data());
      stream.avail_out = kPieceBytes;
      deflate(&stream, flush);
      out.append(piece.data(), kPieceBytes - stream.avail_out);
    } while (stream.avail_out == 0);
  }

  z_stream stream{};
};

GzipWriter::GzipWriter() : impl_(std::make_unique<Impl>()) {}
GzipWriter::GzipWriter(GzipWriter&&) noexcept = default;
GzipWriter& GzipWriter::operator=(GzipWriter&&) noexcept = default;
GzipWriter::~GzipWriter() = default;

void GzipWriter::feed(std::string_view bytes, std::string& out) {
  for (; !bytes.empty(); bytes.remove_prefix(std::min<std::size_t>(bytes.size(), 1 << 30)))
    impl_->run(bytes.substr(0, 1 << 30), Z_NO_FLUSH, out);
}

void GzipWriter::finish(std::string& out) {
  impl_->run({}, Z_FINISH, out);
}

std::string gzip_compress(std::string_view bytes) {
  std::string out;
  GzipWriter writer;
  writer.feed(bytes, out);
  writer.finish(out);
  return out;
}

}  // namespace tocsin::metrics
