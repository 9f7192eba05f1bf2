#include "harness/cli/fetch_page.h"

#include <utility>

#include <fmt/format.h>

#include "harness/base/file.h"
#include "harness/check/catalogue.h"
#include "harness/cli/flags.h"
#include "harness/http/client.h"
#include "harness/metrics/exposition.h"
#include "harness/net/loop.h"

namespace tocsin::cli {
namespace {

net::Task<void> ask(net::Loop& loop, http::Url url, net::Outcome<http::Response>& answer) {
  http::FetchOptions options;
  options.headers.set("Accept", std::string(metrics::accept_header()));
  options.limits.body_bytes = check::kLargestPage;
  answer = co_await http::fetch(loop, std::move(url), std::move(options));
}

}  // namespace

Result<check::GivenPage> fetch_page(const std::string& from) {
  if (!from.starts_with("http://") && !from.starts_with("https://")) {
    TRY(std::string text, read_file(from, check::kLargestPage));
    return check::GivenPage{from, std::move(text)};
  }
  auto url = http::parse_url(from);
  if (url.has_error()) return flag_error("--metrics", url.error());
  const std::string name = to_string(*url);
  const bool at_root = url->target == "/";
  net::Loop loop;
  net::Outcome<http::Response> answer = http::Response{};
  loop.run(ask(loop, std::move(*url), answer));
  if (answer.has_error()) return io_error(fmt::format("{}: {}", name, to_string(answer.error())));
  const auto media = answer->headers.get("Content-Type");
  if (answer->status == 200 && !media.starts_with("text/html")) {
    return check::GivenPage{name, std::move(answer->body)};
  }
  Error error =
      io_error(answer->status == 200 ? fmt::format("{} is a web page, not one of metrics", name)
                                     : fmt::format("{} answers {} {}", name, answer->status,
                                                   http::reason_phrase(answer->status)));
  if (at_root) error.hints.push_back(fmt::format("metrics are likely at {}metrics", name));
  return error;
}

}  // namespace tocsin::cli
