#include <algorithm>

#include <fmt/format.h>

#include "harness/check/check_groups.h"
#include "harness/check/checks/yaml_scalars.h"
#include "harness/check/masked_line.h"
#include "harness/check/subject.h"

/// Addresses and secrets of an alertmanager.yml, also of one that Alertmanager refuses.

namespace tocsin::check {
namespace {

enum AddressCheck { kPlaceholder, kPlainSecret };

constexpr Check kAddresses[] = {
    {"alertmanager/placeholder", Severity::kWarning, "An address or secret is a placeholder",
     "Nothing arrives there.", "Put in the real one."},
    {"alertmanager/plain-secret", Severity::kInfo, "A secret stands in the file",
     "Whoever reads the file has it.", "Use the key with _file behind its name."},
};

/// Keys whose values are addresses or secrets.
bool is_address(std::string_view key) {
  for (const char* part : {"url", "token", "password", "secret", "_key", "smarthost", "username"}) {
    if (key.find(part) != std::string_view::npos) return true;
  }
  return key == "to" || key == "from" || key == "key" || key == "credentials";
}

/// What nobody has as an address or password, in lower case.
bool is_placeholder(std::string_view key, const std::string& value) {
  std::string lower(value);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const char* word : {"...", "***", "xxxx", "changeme", "change_me", "change-me", "your-",
                           "your_", "yourdomain", "placeholder", "replace", "todo", "example.com",
                           "example.org", "example.net", "insert_", "dummy"}) {
    if (lower.find(word) != std::string::npos) return true;
  }
  if (lower.starts_with('<') && lower != "<secret>") return true;
  const bool secret = is_secret_key(key);
  return secret && (lower == "password" || lower == "secret" || lower == "pass" ||
                    lower == "token" || lower == "admin" || lower == "foobar");
}

class AddressLook {
 public:
  AddressLook(const alerting::Config& config, Findings& findings)
      : config_(config), findings_(findings) {}

  void look() {
    for (const char* key : {"global", "receivers"}) {
      const yaml::Node* part =
          config_.root && config_.root->is_map() ? config_.root->find(key) : nullptr;
      if (part == nullptr) continue;
      for_scalars(*part, "", [&](const std::string& name, const yaml::Node& node) {
        look_at_value(name, node);
      });
    }
  }

 private:
  void add(AddressCheck check, const yaml::Node& node, std::string message,
           std::string way_out = {}) {
    Finding finding;
    finding.place = {node.pos(), node.places().at(node.text.size())};
    finding.message = std::move(message);
    finding.way_out = std::move(way_out);
    findings_.add(kAddresses[check], std::move(finding));
  }

  void look_at_value(const std::string& key, const yaml::Node& node) {
    if (!is_address(key) || node.text.empty() || node.text.find("{{") != std::string::npos) return;
    if (is_placeholder(key, node.text)) {
      const std::string shown = is_secret_key(key) ? "" : fmt::format(" \"{}\"", node.text);
      return add(kPlaceholder, node, fmt::format("{}{} is a placeholder", key, shown));
    }
    const bool reference = node.text.starts_with('$') || node.text == "<secret>";
    if (is_secret_key(key) && !key.ends_with("_file") && !reference) {
      add(kPlainSecret, node, fmt::format("{} stands here for all to read", key),
          fmt::format("use {}_file", key));
    }
  }

  const alerting::Config& config_;
  Findings& findings_;
};

void look_at_addresses(const Subject& subject, Findings& findings) {
  for (const auto& config : subject.alertmanagers) AddressLook(*config, findings).look();
  for (const auto& config : subject.refused_alertmanagers) AddressLook(*config, findings).look();
}

}  // namespace

const CheckGroup kAddressChecks{kAddresses, look_at_addresses};

}  // namespace tocsin::check
