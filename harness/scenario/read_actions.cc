#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "harness/scenario/read.h"
#include "harness/scenario/values.h"

/// What live runs do to the outside, as a scenario writes it under `run`, `http` or `toxiproxy`.

namespace tocsin::scenario {
namespace {

using faults::Action;
using faults::CallAction;
using faults::CommandAction;
using faults::HttpCall;
using faults::NetworkFault;
using faults::ToxiproxyAction;

constexpr std::string_view kNothing = "none";
constexpr Duration kLongestTimeout = std::chrono::hours(1);

class ActionReader {
 public:
  ActionReader(const yaml::Node& node, Problems& problems) : node_(node), problems_(problems) {
    out_.pos = node.pos();
  }

  Action read(std::string_view key) {
    if (key == "run") {
      read_commands();
    } else if (key == "http") {
      read_calls();
    } else {
      read_toxiproxy();
    }
    return std::move(out_);
  }

 private:
  void read_timeout() {
    const yaml::Node* timeout = node_.find("timeout");
    if (timeout == nullptr) return;
    out_.timeout = length_of(timeout, out_.timeout);
    if (out_.timeout <= Duration(0) || out_.timeout > kLongestTimeout) {
      problems_.add(*timeout, "expected a duration longer than 0s, at most 1h");
    }
  }

  void read_commands() {
    read_timeout();
    CommandAction commands;
    commands.start = command(node_.find("start"));
    if (commands.start == kNothing) {
      problems_.add(*node_.find("start"), "this fault does nothing",
                    "start: a command, like systemctl stop redis");
    }
    commands.stop = command(node_.find("stop"));
    if (commands.stop == kNothing) commands.stop.clear();
    out_.what = std::move(commands);
  }

  std::string command(const yaml::Node* node) {
    std::string text(trim(text_of(node)));
    if (node == nullptr || !node->is_scalar()) return text;
    if (text.empty()) problems_.add(*node, "expected a command");
    if (text.find('\0') != std::string::npos) {
      problems_.add(*node, "a command has no NUL character");
    }
    return text;
  }

  void read_calls() {
    read_timeout();
    CallAction calls;
    if (const yaml::Node* start = node_.find("start")) calls.start = call(*start);
    const yaml::Node* stop = node_.find("stop");
    if (stop != nullptr && stop->is_map()) calls.stop = call(*stop);
    out_.what = std::move(calls);
  }

  HttpCall call(const yaml::Node& node) {
    HttpCall out;
    if (const yaml::Node* method = node.find("method")) {
      out.method = method->text;
      const auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
      if (method->is_scalar() &&
          (out.method.empty() || !std::all_of(out.method.begin(), out.method.end(), upper))) {
        problems_.add(*method, "expected a method like GET, POST, PUT, PATCH or DELETE");
      }
    }
    const yaml::Node* url = node.find("url");
    out.url = text_of(url);
    if (url != nullptr && url->is_scalar() && !out.url.starts_with('/')) check_url(*url);
    if (const yaml::Node* headers = node.find("headers")) {
      for (const yaml::Node::Entry& entry : headers->entries) {
        check_header(entry);
        out.headers.emplace_back(entry.key->text, entry.value->text);
      }
    }
    out.body = text_of(node.find("body"));
    if (const yaml::Node* status = node.find("status")) {
      const std::uint64_t code = count_of(status, 200);
      if (code < 200 || code > 599) {
        problems_.add(*status, "expected a status from 200 to 599, like 204");
      }
      out.status = static_cast<int>(std::min<std::uint64_t>(code, 599));
    }
    return out;
  }

  /// The rest of an address is the business of who calls it, before anything starts.
  void check_url(const yaml::Node& url) {
    const bool known = url.text.starts_with("http://") || url.text.starts_with("https://");
    const auto control = [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 127; };
    if (!known || std::any_of(url.text.begin(), url.text.end(), control)) {
      problems_.add(url, "expected a URL like http://localhost:8080/chaos");
    } else if (url.text.substr(0, url.text.find('/', 8)).find('@') != std::string::npos) {
      problems_.add(url, "a URL must not hold a user or password",
                    "headers: {Authorization: …} takes them");
    }
  }

  void check_header(const yaml::Node::Entry& entry) {
    const auto token = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
    };
    const std::string& name = entry.key->text;
    if (name.empty() || !std::all_of(name.begin(), name.end(), token)) {
      problems_.add(*entry.key, fmt::format("\"{}\" is no name of a header", name));
    }
    const auto control = [](char c) {
      return (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == 127;
    };
    const std::string& value = entry.value->text;
    if (std::any_of(value.begin(), value.end(), control)) {
      problems_.add(*entry.value, "a header's value is one line");
    }
  }

  void read_toxiproxy() {
    ToxiproxyAction toxiproxy;
    const yaml::Node* url = node_.find("url");
    toxiproxy.url = text_of(url);
    while (toxiproxy.url.ends_with('/')) toxiproxy.url.pop_back();
    if (url != nullptr && url->is_scalar()) check_url(*url);
    if (toxiproxy.url.find('?') != std::string::npos) {
      problems_.add(*url, "expected a URL without a query, like http://localhost:8474");
    }
    toxiproxy.proxy = text_of(node_.find("proxy"));
    if (const yaml::Node* proxy = node_.find("proxy");
        proxy != nullptr && toxiproxy.proxy.empty()) {
      problems_.add(*proxy, "expected a proxy's name");
    }
    toxiproxy.toxics = read_connection_faults(node_, problems_);
    for (const NetworkFault& toxic : toxiproxy.toxics) check_toxic(toxic);
    out_.what = std::move(toxiproxy);
  }

  void check_toxic(const NetworkFault& toxic) {
    if (toxic.kind == NetworkFault::Kind::kRefuse && toxic.share < 1) {
      problems_.add(*node_.find("share"), "a Toxiproxy is down for all connections");
    }
    const double kilobytes = toxic.bytes_per_second / 1000;
    if (toxic.kind == NetworkFault::Kind::kBandwidth &&
        (kilobytes < 1 || std::abs(kilobytes - std::round(kilobytes)) > 1e-9)) {
      problems_.add(*node_.find("bandwidth"), "Toxiproxy counts in whole KB/s");
    }
  }

  const yaml::Node& node_;
  Problems& problems_;
  Action out_;
};

}  // namespace

void read_action(std::string_view key, const yaml::Node& node, Problems& problems,
                 faults::Fault& fault) {
  if (node.is_map()) fault.action = ActionReader(node, problems).read(key);
}

}  // namespace tocsin::scenario
