#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "harness/scenario/read.h"
#include "harness/scenario/values.h"

namespace tocsin::scenario {
namespace {

constexpr int kOk = 200;

std::string percent(double share) {
  return format_number(share * 100, 10) + "%";
}

class EndpointReader {
 public:
  explicit EndpointReader(Problems& problems) : problems_(problems) {}

  Endpoint read(const yaml::Node::Entry& entry) {
    const yaml::Node& node = *entry.value;
    Endpoint endpoint;
    endpoint.name = entry.key->text;
    endpoint.pos = entry.key->pos();
    endpoint.method = text_of(node.find("method"), "GET");
    endpoint.path = text_of(node.find("path"), endpoint.name);
    if (!endpoint.path.starts_with('/') || endpoint.path.find(' ') != std::string::npos) {
      const yaml::Node* path = node.find("path");
      problems_.add(path != nullptr ? *path : *entry.key, "a path begins with \"/\"",
                    "when the endpoint's name is not its path, add the key \"path\"");
    }
    endpoint.weight = weight(node.find("weight"));
    endpoint.latency =
        distribution(node.find("latency"), Dimension::kTime).value_or(Distribution{});
    read_statuses(node.find("status"), endpoint);
    endpoint.request_bytes = distribution(node.find("request_bytes"), Dimension::kBytes);
    endpoint.response_bytes = distribution(node.find("response_bytes"), Dimension::kBytes);
    if (const yaml::Node* stages = node.find("stages")) endpoint.stages = read_stages(*stages);
    return endpoint;
  }

 private:
  double weight(const yaml::Node* node) {
    if (node == nullptr) return 1;
    const auto value = parse_number(node->text);
    if (value.has_error()) return 1;
    if (*value < 0) problems_.add(*node, "a weight cannot be negative");
    return *value;
  }

  std::optional<Distribution> distribution(const yaml::Node* node, Dimension expected) {
    if (node == nullptr) return std::nullopt;
    std::optional<Dimension> dimension = expected;
    return read_distribution(*node, dimension, problems_);
  }

  void read_statuses(const yaml::Node* node, Endpoint& endpoint) {
    double sum = 0;
    bool says_ok = false;
    for (const yaml::Node::Entry& entry :
         node != nullptr ? node->entries : std::vector<yaml::Node::Entry>{}) {
      const auto code = parse_count(entry.key->text);
      if (code.has_error() || *code < 200 || *code > 599) {
        problems_.add(*entry.key, fmt::format("expected an HTTP status from 200 to 599, not \"{}\"",
                                              entry.key->text));
        continue;
      }
      const double share = share_of(entry.value.get(), 0);
      endpoint.statuses.emplace_back(static_cast<int>(*code), share);
      says_ok = says_ok || *code == kOk;
      sum += share;
    }
    if (sum > 1 + kShareSlack) {
      problems_.add(*node, fmt::format("the shares add up to {}, over 100%", percent(sum)));
    } else if (!says_ok) {
      endpoint.statuses.emplace_back(kOk, std::max(0.0, 1 - sum));
    } else if (sum < 1 - kShareSlack) {
      problems_.add(*node, fmt::format("the shares add up to {}, not to 100%", percent(sum)),
                    "leave 200 out to give it the rest");
    }
    std::sort(endpoint.statuses.begin(), endpoint.statuses.end());
  }

  std::vector<Stage> read_stages(const yaml::Node& node) {
    std::vector<Stage> stages;
    double sum = 0;
    for (const yaml::Node::Entry& entry : node.entries) {
      Stage stage;
      stage.name = entry.key->text;
      stage.pos = entry.key->pos();
      stage.share = share_of(entry.value->find("share"), 0);
      stage.kind = text_of(entry.value->find("kind"), "internal");
      if (const yaml::Node* parts = entry.value->find("stages")) stage.stages = read_stages(*parts);
      sum += stage.share;
      stages.push_back(std::move(stage));
    }
    if (sum > 1 + kShareSlack) {
      problems_.add(node, fmt::format("the stages take {} of the time, over 100%", percent(sum)));
    }
    return stages;
  }

  Problems& problems_;
};

}  // namespace

std::vector<Endpoint> read_endpoints(const yaml::Node& node, Problems& problems) {
  std::vector<Endpoint> endpoints;
  std::set<std::pair<std::string, std::string>> calls;
  double weights = 0;
  for (const yaml::Node::Entry& entry : node.entries) {
    if (!entry.value->is_map()) continue;
    Endpoint endpoint = EndpointReader(problems).read(entry);
    if (!calls.emplace(endpoint.method, endpoint.path).second) {
      problems.add(*entry.key,
                   fmt::format("{} {} is another endpoint's too", endpoint.method, endpoint.path));
    }
    weights += endpoint.weight;
    endpoints.push_back(std::move(endpoint));
  }
  if (!endpoints.empty() && weights <= 0) problems.add(node, "no endpoint has a weight above 0");
  return endpoints;
}

}  // namespace tocsin::scenario
