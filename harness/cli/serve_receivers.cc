#include "harness/cli/serve_receivers.h"

#include <fmt/format.h>

#include "harness/base/file.h"
#include "harness/base/utf8.h"
#include "harness/cli/terminal.h"
#include "harness/run/receiver_trouble.h"

namespace tocsin::cli {
namespace {

constexpr std::size_t kLinesShown = 12;
constexpr std::size_t kLineShown = 160;

/// The lines of a text that say something, the first ones of them, indented.
std::string indented(std::string_view text) {
  std::string out;
  std::size_t shown = 0;
  std::size_t left_out = 0;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    if (shown == kLinesShown) {
      ++left_out;
      continue;
    }
    ++shown;
    std::string part = printable(line.substr(0, kLineShown));
    if (line.size() > kLineShown) part += " …";
    out += "    " + part + '\n';
  }
  if (left_out > 0) out += fmt::format("    … and {} more lines\n", left_out);
  return out;
}

}  // namespace

std::string arrival_text(const receivers::Received& received) {
  const NotificationRecord& record = received.record;
  const std::string clock = format_rfc3339(record.at).substr(11, 8);
  if (record.receiver.empty()) {
    return fmt::format("{}  {} {}: {}\n", clock, received.method, printable(received.target),
                       printable(record.error));
  }
  std::string text = fmt::format("{}  {} {} {}", clock, printable(record.receiver),
                                 record.integration, record.firing ? "firing" : "resolved");
  if (!record.title.empty()) text += ": " + printable(record.title);
  if (record.attempt > 1) text += fmt::format(" (attempt {})", record.attempt);
  if (!record.delivered) text += ", refused: " + printable(record.error);
  text += '\n';
  if (!record.group_key.empty()) text += "    group " + printable(record.group_key) + '\n';
  return record.text == record.title ? text : text + indented(record.text);
}

Result<std::unique_ptr<ServedReceivers>> ServedReceivers::open(
    const ServeReceiversFlags& flags, const std::string& host,
    std::shared_ptr<const alerting::Config> config) {
  std::unique_ptr<ServedReceivers> served(new ServedReceivers());
  receivers::ReceiverOptions options;
  options.host = host;
  options.http_port = *flags.port;
  options.smtp_port = flags.mail_port;
  served->config_ = std::move(config);
  if (served->config_ != nullptr) {
    for (const alerting::Receiver& receiver : served->config_->receivers) {
      for (const alerting::Integration& one : receiver.integrations) {
        options.integrations.push_back(run::integration_setup(receiver.name, one));
      }
    }
  }
  TRY(served->server_, receivers::ReceiverServer::open(std::move(options)));
  if (!flags.config_file.empty()) TRY_VOID(served->write_config(flags.config_file));
  served->config_file_ = flags.config_file;
  return served;
}

Result<void> ServedReceivers::write_config(const std::string& path) const {
  if (config_ == nullptr) {
    return input_error({}, "the system has no alertmanager.yml that could be written to " + path);
  }
  const stack::RewrittenConfig rewritten =
      stack::rewrite_config(*config_, run::receiver_addresses(*server_), 1);
  for (const std::string& left_out : rewritten.left_out) complain("warning: " + left_out + '\n');
  return write_file_atomically(path, rewritten.text);
}

std::string ServedReceivers::describe() const {
  std::string text;
  if (config_ != nullptr) {
    for (const alerting::Receiver& receiver : config_->receivers) {
      for (const alerting::Integration& one : receiver.integrations) {
        const std::string where = one.kind == "email"
                                      ? server_->smtp_address(receiver.name, one.index)
                                      : server_->url_of(receiver.name, one.kind, one.index);
        text += fmt::format("  {:<12} {} ({} of {})\n", "receiver", where, one.kind, receiver.name);
      }
    }
  }
  text +=
      fmt::format("  {:<12} {}\n", "receivers",
                  server_->url_of("NAME", "KIND") + " for any other (0: the first of its kind)");
  text += fmt::format("  {:<12} {}\n", "mail", server_->smtp_address());
  if (!config_file_.empty()) {
    text +=
        fmt::format("  {:<12} {}, for an Alertmanager that tells them\n", "written", config_file_);
  }
  return text;
}

std::string ServedReceivers::port_lines() const {
  std::string url = server_->url_of("", "webhook");
  url.resize(url.find('/', url.find("//") + 2));
  return "receivers " + url + "\nmail " + server_->smtp_address() + '\n';
}

void ServedReceivers::print_arrivals() {
  for (const receivers::Received& received : server_->take()) print(arrival_text(received));
}

}  // namespace tocsin::cli
