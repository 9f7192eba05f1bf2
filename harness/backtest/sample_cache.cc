#include "harness/backtest/sample_cache.h"

#include <cerrno>
#include <charconv>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "harness/base/file.h"
#include "harness/metrics/gzip.h"

namespace tocsin::backtest {
namespace {

constexpr std::string_view kMagic = "tocsin-samples-cache 1 ";
constexpr std::size_t kLongestHead = 128;
constexpr std::size_t kLongestFirstLine = 16 * 1024;
constexpr std::size_t kLargestRecord = std::size_t{1} << 31;

struct RecordHead {
  std::int64_t from = 0;
  std::int64_t to = 0;
  std::size_t selector_bytes = 0;
  std::size_t answer_bytes = 0;
  std::uint32_t checksum = 0;
  std::size_t head_bytes = 0;
};

/// Takes a number and the byte after it.
template <class Number>
bool take_number(std::string_view& text, Number& value, char after) {
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc() || read.ptr == text.data() + text.size() || *read.ptr != after) {
    return false;
  }
  text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()) + 1);
  return true;
}

std::optional<RecordHead> parse_head(std::string_view text) {
  RecordHead head;
  const std::size_t whole = text.size();
  const bool good = take_number(text, head.from, ' ') && take_number(text, head.to, ' ') &&
                    take_number(text, head.selector_bytes, ' ') &&
                    take_number(text, head.answer_bytes, ' ') &&
                    take_number(text, head.checksum, '\n');
  if (!good || head.selector_bytes > kLargestRecord || head.answer_bytes > kLargestRecord) {
    return std::nullopt;
  }
  head.head_bytes = whole - text.size();
  return head;
}

}  // namespace

struct SampleCache::Impl {
  Error trouble(std::string_view doing) const {
    return io_error(fmt::format("{} {}: {}", doing, path, std::strerror(errno)));
  }
  Error no_cache(std::string why) const {
    Error error = input_error({path, 0, 0}, std::move(why));
    error.hints.emplace_back("give another file, or remove this one");
    return error;
  }

  /// Up to `bytes` from `offset`; fewer at the end of the file.
  Result<std::string> bytes_at(std::int64_t offset, std::size_t bytes) const {
    std::string text(bytes, '\0');
    std::size_t got = 0;
    while (got < bytes) {
      const ssize_t n = pread(file.get(), text.data() + got, bytes - got,
                              offset + static_cast<std::int64_t>(got));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return trouble("cannot read");
      if (n == 0) break;
      got += static_cast<std::size_t>(n);
    }
    text.resize(got);
    return text;
  }

  Result<void> write_at_end(std::string_view bytes) {
    std::int64_t at = end;
    while (!bytes.empty()) {
      const ssize_t n = pwrite(file.get(), bytes.data(), bytes.size(), at);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return trouble("cannot write");
      at += n;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    end = at;
    return {};
  }

  Result<void> begin(const std::string& url) {
    TRY(const std::string first, bytes_at(0, kLongestFirstLine));
    const std::string wanted = std::string(kMagic) + url + '\n';
    if (first.empty() || (wanted.starts_with(first) && first != wanted)) {
      if (ftruncate(file.get(), 0) != 0) return trouble("cannot write");
      return write_at_end(wanted);
    }
    if (!first.starts_with(kMagic)) return no_cache("this is no cache of samples");
    if (!first.starts_with(wanted)) {
      return no_cache("this cache is of " +
                      first.substr(kMagic.size(), first.find('\n') - kMagic.size()) + ", not of " +
                      url);
    }
    end = static_cast<std::int64_t>(wanted.size());
    return read_records();
  }

  /// Up to the first one that is damaged; the rest is dropped.
  Result<void> read_records() {
    for (;;) {
      TRY(const std::string text, bytes_at(end, kLongestHead));
      const std::optional<RecordHead> head = parse_head(text);
      if (!head) break;
      const std::size_t body = head->selector_bytes + head->answer_bytes;
      const std::int64_t offset = end + static_cast<std::int64_t>(head->head_bytes);
      TRY(std::string both, bytes_at(offset, body + 1));
      if (both.size() != body + 1 || both.back() != '\n') break;
      both.pop_back();
      if (metrics::crc32_of(both) != head->checksum) break;
      records.push_back(
          {both.substr(0, head->selector_bytes), from_ms(head->from), from_ms(head->to),
           offset + static_cast<std::int64_t>(head->selector_bytes), head->answer_bytes});
      end = offset + static_cast<std::int64_t>(body) + 1;
    }
    if (ftruncate(file.get(), end) != 0) return trouble("cannot write");
    return {};
  }

  std::string path;
  FileDescriptor file;
  std::int64_t end = 0;
  std::vector<Record> records;
};

SampleCache::SampleCache() : impl_(std::make_unique<Impl>()) {}
SampleCache::SampleCache(SampleCache&&) noexcept = default;
SampleCache& SampleCache::operator=(SampleCache&&) noexcept = default;
SampleCache::~SampleCache() = default;

Result<SampleCache> SampleCache::open(const std::string& path, const std::string& url) {
  SampleCache cache;
  Impl& impl = *cache.impl_;
  impl.path = path;
  impl.file = FileDescriptor(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (impl.file.get() < 0) return impl.trouble("cannot open");
  if (flock(impl.file.get(), LOCK_EX | LOCK_NB) != 0) {
    return errno == EWOULDBLOCK ? impl.no_cache("this cache is in use")
                                : impl.trouble("cannot lock");
  }
  TRY_VOID(impl.begin(url));
  return cache;
}

const std::vector<SampleCache::Record>& SampleCache::records() const {
  return impl_->records;
}

Result<std::string> SampleCache::read(const Record& record) const {
  TRY(std::string answer, impl_->bytes_at(record.offset, record.bytes));
  if (answer.size() != record.bytes) {
    return io_error("cannot read " + impl_->path + ": it has become shorter");
  }
  return answer;
}

Result<void> SampleCache::append(const std::string& selector, Timestamp from, Timestamp to,
                                 std::string_view answer) {
  std::string both = selector;
  both += answer;
  std::string record = fmt::format("{} {} {} {} {}\n", to_ms(from), to_ms(to), selector.size(),
                                   answer.size(), metrics::crc32_of(both));
  const std::int64_t offset =
      impl_->end + static_cast<std::int64_t>(record.size() + selector.size());
  record += both;
  record += '\n';
  TRY_VOID(impl_->write_at_end(record));
  impl_->records.push_back({selector, from, to, offset, answer.size()});
  return {};
}

}  // namespace tocsin::backtest
