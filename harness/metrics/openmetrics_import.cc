// Reading OpenMetrics files into a store; sample_runs.h and run_import.h are its two halves.

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "harness/metrics/gzip.h"
#include "harness/metrics/openmetrics_file.h"
#include "harness/metrics/run_import.h"
#include "harness/metrics/sample_runs.h"

namespace tocsin::metrics {
namespace {

constexpr std::size_t kFirstBytes = 32 * 1024;

/// Cuts a stream of bytes into pieces of whole lines.
class LinePieces {
 public:
  /// Adds bytes; `piece` gets all whole lines so far, each with its break, perhaps none.
  void feed(std::string_view bytes, std::string& piece) {
    piece = std::move(partial_);
    partial_.clear();
    const std::size_t before = piece.size();
    piece += bytes;
    const std::size_t last_break = bytes.rfind('\n');
    if (last_break != std::string_view::npos) {
      partial_ = piece.substr(before + last_break + 1);
      piece.resize(before + last_break + 1);
    } else if (piece.size() > ExpositionLimits{}.line_bytes) {
      piece += '\n';  // it is going to be refused for its length
    } else {
      partial_ = std::move(piece);
      piece.clear();
    }
  }
  /// The last line, which may have no break.
  std::string finish() {
    if (!partial_.empty()) partial_ += '\n';
    return std::move(partial_);
  }

 private:
  std::string partial_;
};

/// A file's pieces, in order.
class FilePieces {
 public:
  FilePieces(std::FILE* file, std::string path, std::size_t piece_bytes)
      : file_(file), path_(std::move(path)), buffer_(piece_bytes) {}

  /// False at the end, with the last piece.
  Result<bool> next(std::string& piece) {
    piece.clear();
    while (piece.empty()) {
      if (broken_) return in_file(*broken_);
      // A little of a gzip stream may become much.
      const std::size_t wanted = first_ || gzip_ ? kFirstBytes : buffer_.size();
      const std::size_t got =
          std::fread(buffer_.data(), 1, std::min(wanted, buffer_.size()), file_);
      if (got == 0) return last(piece);
      const std::string_view bytes(buffer_.data(), got);
      if (first_ && looks_like_gzip(bytes)) gzip_.emplace();
      first_ = false;
      if (gzip_) {
        unpack(bytes, piece);
      } else {
        lines_.feed(bytes, piece);
      }
    }
    return true;
  }

 private:
  Result<bool> last(std::string& piece) {
    if (std::ferror(file_)) return io_error("cannot read " + path_ + ": " + std::strerror(errno));
    if (gzip_) {
      const Result<void> finished = gzip_->finish();
      if (finished.has_error()) return in_file(finished.error());
    }
    piece = lines_.finish();
    return false;
  }
  /// What was made of a broken stream comes before its error.
  void unpack(std::string_view bytes, std::string& piece) {
    unpacked_.clear();
    const Result<void> fed = gzip_->feed(bytes, [&](std::string_view part) -> Result<void> {
      unpacked_ += part;
      return {};
    });
    lines_.feed(unpacked_, piece);
    if (fed.has_error()) broken_ = fed.error();
  }
  Error in_file(Error error) const {
    error.pos.file = path_;
    return error;
  }

  std::FILE* file_;
  std::string path_;
  std::vector<char> buffer_;
  LinePieces lines_;
  std::optional<GzipReader> gzip_;
  std::string unpacked_;
  std::optional<Error> broken_;
  bool first_ = true;
};

/// Several threads take pieces of a file apart, each one at a time; what they found goes into the
/// store in the file's order.
class SideBySideImport {
 public:
  SideBySideImport(FilePieces& pieces, RunImport& import) : pieces_(pieces), import_(import) {}

  Result<void> run(unsigned threads) {
    {
      std::vector<std::jthread> others;
      for (unsigned i = 1; i < threads; ++i) others.emplace_back([this] { work(); });
      work();
    }
    if (exception_) std::rethrow_exception(exception_);
    if (error_) return *error_;
    return {};
  }

 private:
  void work() {
    try {
      SampleRuns runs;
      std::string text;
      while (take_next(runs, text)) continue;
    } catch (...) {
      const std::lock_guard lock(mutex_);
      exception_ = std::current_exception();
      stopped_ = true;
      turn_came_.notify_all();
    }
  }

  /// One piece; whether there are more.
  bool take_next(SampleRuns& runs, std::string& text) {
    std::size_t number = 0;
    std::optional<Error> trouble;
    {
      const std::lock_guard lock(reading_);
      if (read_all_) return false;
      number = next_++;
      const Result<bool> more = pieces_.next(text);
      if (more.has_error()) trouble = more.error();
      read_all_ = trouble || !*more;
    }
    if (!trouble) runs.read(text);
    std::unique_lock lock(mutex_);
    turn_came_.wait(lock, [&] { return stopped_ || turn_ == number; });
    if (stopped_) return false;
    if (!trouble) {
      const Result<void> taken = import_.take(runs);
      if (taken.has_error()) trouble = taken.error();
    }
    if (trouble) error_ = trouble;
    stopped_ = trouble.has_value();
    ++turn_;
    turn_came_.notify_all();
    return !stopped_;
  }

  FilePieces& pieces_;
  RunImport& import_;

  std::mutex reading_;  ///< of pieces_, next_, read_all_
  std::size_t next_ = 0;
  bool read_all_ = false;

  std::mutex mutex_;  ///< of import_ and what follows
  std::condition_variable turn_came_;
  std::size_t turn_ = 0;  ///< the piece that is to be taken
  bool stopped_ = false;
  std::optional<Error> error_;
  std::exception_ptr exception_;
};

}  // namespace

struct OpenMetricsImporter::Impl {
  Impl(Store& store, std::string name) : import(store, std::move(name)) {}

  Result<void> take() {
    runs.read(piece);
    return import.take(runs);
  }

  LinePieces lines;
  SampleRuns runs;
  RunImport import;
  std::string piece;
};

OpenMetricsImporter::OpenMetricsImporter(Store& store, std::string name)
    : impl_(std::make_unique<Impl>(store, std::move(name))) {}
OpenMetricsImporter::~OpenMetricsImporter() = default;

Result<void> OpenMetricsImporter::feed(std::string_view bytes) {
  impl_->lines.feed(bytes, impl_->piece);
  return impl_->take();
}

Result<ImportStats> OpenMetricsImporter::finish() {
  impl_->piece = impl_->lines.finish();
  TRY_VOID(impl_->take());
  return impl_->import.finish();
}

Result<ImportStats> import_openmetrics(const std::string& path, Store& store,
                                       const ImportOptions& options) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rbe"),
                                                             &std::fclose);
  if (!file) return io_error("cannot open " + path + ": " + std::strerror(errno));
  FilePieces pieces(file.get(), path, options.piece_bytes);
  RunImport import(store, path);
  TRY_VOID(SideBySideImport(pieces, import).run(options.threads));
  return import.finish();
}

}  // namespace tocsin::metrics
