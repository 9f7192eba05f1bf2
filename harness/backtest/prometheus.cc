#include "harness/backtest/prometheus.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <thread>

#include <fmt/format.h>

#include "harness/backtest/query_answer.h"
#include "harness/base/clock.h"
#include "harness/base/random.h"
#include "harness/http/client.h"
#include "harness/metrics/gzip.h"
#include "harness/net/loop.h"
#include "harness/net/timer.h"

namespace tocsin::backtest {
namespace {

constexpr std::size_t kLargestAnswer = 512 << 20;
constexpr Nanos kLongestPause = std::chrono::seconds(30);
constexpr Duration kShortestChunk{1};
constexpr Duration kLongestChunk = std::chrono::hours(24 * 7);
constexpr auto kPoll = std::chrono::milliseconds(20);

/// application/x-www-form-urlencoded.
std::string form_encoded(std::string_view text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       c == '-' || c == '_' || c == '.';
    if (plain) {
      out += c;
    } else {
      out += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return out;
}

/// What became of one request.
struct Reply {
  enum class Kind { kAnswer, kTooMuch, kAgain, kRefused };
  Kind kind = Kind::kAnswer;
  std::string body;           ///< as it came, perhaps compressed
  std::string error;          ///< unless kAnswer
  std::optional<Nanos> wait;  ///< what the server asks for
};

/// The body, decompressed where it is compressed.
Result<std::string> plain_body(const std::string& body) {
  if (!metrics::looks_like_gzip(body)) return body;
  return metrics::gzip_decompress(body, kLargestAnswer);
}

/// Whether the server found the query too large for its limits on samples or time.
bool asks_for_less(int status, std::string_view error) {
  if (status != 422 && status != 503) return false;
  return error.find("too many samples") != std::string_view::npos ||
         error.find("timed out") != std::string_view::npos ||
         error.find("timeout") != std::string_view::npos ||
         error.find("exceed") != std::string_view::npos;
}

Reply judge_response(http::Response response) {
  Reply reply;
  if (response.status == 200) {
    reply.body = std::move(response.body);
    return reply;
  }
  std::string error = fmt::format("the server answers {} {}", response.status,
                                  http::reason_phrase(response.status));
  const Result<std::string> body = plain_body(response.body);
  const std::string said = body.has_error() ? "" : error_of_answer(*body);
  if (!said.empty()) error += ": " + said;
  const bool again = response.status == 429 || response.status >= 500;
  reply.kind = asks_for_less(response.status, said) ? Reply::Kind::kTooMuch
               : again                              ? Reply::Kind::kAgain
                                                    : Reply::Kind::kRefused;
  if (response.status == 401 || response.status == 403) {
    error += " (--bearer-token-file and --header say who asks)";
  }
  reply.error = std::move(error);
  const std::string wait(response.headers.get("Retry-After"));
  if (!wait.empty() && wait.size() < 5 && wait.find_first_not_of("0123456789") == wait.npos) {
    reply.wait = std::chrono::seconds(std::stoi(wait));
  }
  return reply;
}

class Fetcher {
 public:
  Fetcher(const FetchPlan& plan, const PrometheusOptions& options, metrics::Store& store,
          const std::function<void(const FetchProgress&)>& report)
      : plan_(plan),
        options_(options),
        store_(store),
        report_(report),
        chunk_(options.first_chunk),
        random_(1, "fetch") {}

  Result<FetchStats> run() {
    if (!options_.cache.empty()) {
      TRY(cache_, SampleCache::open(options_.cache, to_string(options_.url)));
    }
    for (const Wanted& wanted : plan_.wanted) progress_.planned += wanted.to - wanted.from;
    net::Loop loop;
    // The loop answers to stop() from another thread only.
    std::atomic<bool> over{false};
    std::thread watch([&] {
      while (!over && !asked_to_stop()) std::this_thread::sleep_for(kPoll);
      if (!over) loop.stop();
    });
    Result<void> done;
    try {
      done = loop.run(fetch_all(loop));
    } catch (...) {
      over = true;
      watch.join();
      throw;
    }
    over = true;
    watch.join();
    if (asked_to_stop()) return with_hint({ErrorKind::kCancelled, "interrupted"});
    if (done.has_error()) return done.error();
    stats_.requests = progress_.requests;
    stats_.retries = progress_.retries;
    stats_.samples = progress_.samples;
    return stats_;
  }

 private:
  bool asked_to_stop() const { return options_.stop != nullptr && options_.stop->load(); }

  net::Task<Result<void>> fetch_all(net::Loop& loop) {
    http::ClientOptions client_options;
    client_options.tls = options_.tls;
    client_options.limits.body_bytes = kLargestAnswer;
    http::Client client(loop, options_.url, std::move(client_options));
    const Nanos deadline = net::deadline_in(options_.deadline);
    for (std::size_t i = 0; i < plan_.wanted.size(); ++i) {
      const Wanted& wanted = plan_.wanted[i];
      std::vector<SampleCache::Record> records;
      if (cache_) records = cache_->records();
      for (const Stretch& stretch : stretches_of(wanted, records)) {
        Result<void> got;
        if (stretch.cached != nullptr) {
          got = take_cached(i, *stretch.cached);
        } else {
          got = co_await fetch_stretch(client, i, stretch, deadline);
        }
        if (got.has_error()) co_return got;
      }
    }
    co_return Result<void>();
  }

  Result<void> take_cached(std::size_t selector, const SampleCache::Record& record) {
    if (asked_to_stop()) return Error{ErrorKind::kCancelled, "interrupted"};
    TRY(const std::string body, cache_->read(record));
    TRY_VOID(take(selector, record.from, body));
    ++stats_.from_cache;
    advance(selector, record.from, record.to);
    return {};
  }

  /// Chunk by chunk, each as long as the last one suggests.
  net::Task<Result<void>> fetch_stretch(http::Client& client, std::size_t selector, Stretch stretch,
                                        Nanos deadline) {
    Timestamp from = stretch.from;
    longest_ = kLongestChunk;
    while (from < stretch.to) {
      const Timestamp to = std::min(stretch.to, from + chunk_);
      Reply reply = co_await ask_until_answered(client, selector, from, to, deadline);
      if (reply.kind == Reply::Kind::kTooMuch && to - from > kShortestChunk) {
        chunk_ = longest_ = std::max(kShortestChunk, (to - from) / 2);
        continue;
      }
      if (reply.kind != Reply::Kind::kAnswer) co_return failure(reply);
      const std::size_t before = progress_.samples;
      Result<void> taken = take(selector, from, reply.body);
      if (taken.has_error()) co_return taken;
      if (cache_) {
        const std::string& text = plan_.wanted[selector].selector;
        Result<void> kept = cache_->append(text, from, to, reply.body);
        if (kept.has_error()) co_return kept;
      }
      ++stats_.fetched;
      advance(selector, from, to);
      adapt(to - from, progress_.samples - before);
      from = to;
    }
    co_return Result<void>();
  }

  Result<void> failure(const Reply& reply) const {
    Error error = io_error("cannot fetch from " + to_string(options_.url) + ": " + reply.error);
    if (reply.kind == Reply::Kind::kAgain && timed_out_) error.kind = ErrorKind::kTimeout;
    return with_hint(std::move(error));
  }

  Error with_hint(Error error) const {
    if (!options_.cache.empty()) {
      error.hints.push_back("what was fetched is in " + options_.cache +
                            ": the same command goes on from there");
    }
    return error;
  }

  /// Next time as many samples as are wanted, but not much longer than this time.
  void adapt(Duration length, std::size_t samples) {
    const double factor =
        samples == 0 ? 4
                     : static_cast<double>(options_.samples_a_chunk) / static_cast<double>(samples);
    const double next = static_cast<double>(length.count()) * std::clamp(factor, 0.25, 4.0);
    chunk_ = std::clamp(Duration(static_cast<std::int64_t>(next)), kShortestChunk, longest_);
  }

  net::Task<Reply> ask_until_answered(http::Client& client, std::size_t selector, Timestamp from,
                                      Timestamp to, Nanos deadline) {
    Nanos pause = options_.first_pause;
    Reply reply;
    for (int tried = 1;; ++tried) {
      reply = co_await ask(client, selector, from, to, deadline);
      if (reply.kind != Reply::Kind::kAgain || asked_to_stop()) co_return reply;
      const Nanos wait = std::max(reply.wait.value_or(Nanos(0)), jittered(pause));
      const Nanos now = client_now();
      timed_out_ = deadline != net::kNoDeadline && wait > deadline - now;
      if (timed_out_) reply.error += "; the deadline has come";
      if (timed_out_ || tried >= options_.tries) co_return reply;
      ++progress_.retries;
      report_(progress_);
      const bool slept = co_await net::sleep_for(wait);
      if (!slept) co_return reply;
      pause = std::min(kLongestPause, pause * 2);
    }
  }

  static Nanos client_now() { return system_clock().monotonic(); }
  /// Between half of it and all of it, so that many who wait do not come back together.
  Nanos jittered(Nanos pause) {
    return std::chrono::duration_cast<Nanos>(pause * (0.5 + random_.uniform() / 2));
  }

  net::Task<Reply> ask(http::Client& client, std::size_t selector, Timestamp from, Timestamp to,
                       Nanos deadline) {
    http::Request request;
    request.method = "POST";
    request.target = api_path();
    request.headers = options_.headers;
    request.headers.set("Content-Type", "application/x-www-form-urlencoded");
    request.headers.set("Accept-Encoding", "gzip");
    request.headers.set("User-Agent", "tocsin");
    request.body = fmt::format(
        "query={}&time={:.3f}",
        form_encoded(fmt::format("{}[{}ms]", plan_.wanted[selector].selector, (to - from).count())),
        static_cast<double>(to_ms(to)) / 1000);
    const Nanos until = std::min(deadline, net::deadline_in(options_.request_timeout));
    ++progress_.requests;
    net::Outcome<http::Response> response = co_await client.send(std::move(request), until);
    if (response.has_error()) {
      Reply reply;
      reply.kind = response.error().kind == net::NetFailure::kTooLarge ? Reply::Kind::kTooMuch
                   : is_final(response.error().kind)                   ? Reply::Kind::kRefused
                                                                       : Reply::Kind::kAgain;
      reply.error = net::to_string(response.error());
      co_return reply;
    }
    co_return judge_response(std::move(*response));
  }

  /// What waiting will not mend.
  static bool is_final(net::NetFailure failure) {
    return failure == net::NetFailure::kTls || failure == net::NetFailure::kCancelled;
  }

  std::string api_path() const {
    std::string prefix = options_.url.target.substr(0, options_.url.target.find('?'));
    while (prefix.ends_with('/')) prefix.pop_back();
    return prefix + "/api/v1/query";
  }

  /// Appends an answer's samples after `from`, of those series that no earlier selector found.
  Result<void> take(std::size_t selector, Timestamp from, const std::string& body) {
    TRY(const std::string plain, plain_body(body));
    auto series = parse_matrix_answer(plain);
    if (series.has_error()) {
      Error error = series.error();
      error.message = "cannot fetch from " + to_string(options_.url) + ": " + error.message;
      return error;
    }
    for (const AnswerSeries& one : *series) {
      const metrics::SeriesId id = store_.intern(one.labels);
      const auto index = static_cast<std::size_t>(id);
      if (index >= owners_.size()) owners_.resize(index + 1, selector);
      if (owners_[index] == selector) append(id, one, to_ms(from));
    }
    return {};
  }

  /// Floats and histograms in one order of time.
  void append(metrics::SeriesId id, const AnswerSeries& one, std::int64_t from) {
    std::size_t h = 0;
    const auto append_histograms = [&](std::int64_t before) {
      for (; h < one.histograms.size() && one.histogram_times[h] < before; ++h) {
        if (one.histogram_times[h] <= from) continue;
        store_.append_histogram(id, from_ms(one.histogram_times[h]), one.histograms[h]);
        ++progress_.samples;
      }
    };
    for (std::size_t i = 0; i < one.times.size(); ++i) {
      if (one.times[i] <= from) continue;
      append_histograms(one.times[i]);
      store_.append(id, from_ms(one.times[i]), one.values[i]);
      ++progress_.samples;
    }
    append_histograms(std::numeric_limits<std::int64_t>::max());
  }

  void advance(std::size_t selector, Timestamp from, Timestamp to) {
    const Wanted& wanted = plan_.wanted[selector];
    progress_.done += std::min(to, wanted.to) - std::max(from, wanted.from);
    report_(progress_);
  }

  const FetchPlan& plan_;
  const PrometheusOptions& options_;
  metrics::Store& store_;
  const std::function<void(const FetchProgress&)>& report_;
  std::optional<SampleCache> cache_;
  Duration chunk_;
  Duration longest_{kLongestChunk};  ///< that the server accepts for this selector
  Random random_;
  bool timed_out_ = false;
  std::vector<std::size_t> owners_;  ///< by series: the selector that found it first
  FetchProgress progress_;
  FetchStats stats_;
};

}  // namespace

Result<FetchStats> fetch_samples(const FetchPlan& plan, const PrometheusOptions& options,
                                 metrics::Store& store,
                                 const std::function<void(const FetchProgress&)>& progress) {
  return Fetcher(plan, options, store, progress).run();
}

}  // namespace tocsin::backtest
