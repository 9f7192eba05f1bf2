#include "fakes/receivers/alert_texts.h"

#include <algorithm>

#include <fmt/format.h>

namespace tocsin::receivers {
namespace {

constexpr std::size_t kMostAlerts = 100'000;

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

/// What is said of the alerts that follow: "Alerts Firing:"; in mails "[2] Resolved".
std::optional<bool> heading_of(std::string_view text) {
  if (text.starts_with('[')) {
    const std::size_t end = text.find("] ");
    if (end == std::string_view::npos || end == 1 ||
        text.substr(1, end - 1).find_first_not_of("0123456789") != std::string_view::npos) {
      return std::nullopt;
    }
    text.remove_prefix(end + 2);
    if (text == "Firing") return true;
    return text == "Resolved" ? std::optional(false) : std::nullopt;
  }
  if (text == "Alerts Firing:") return true;
  return text == "Alerts Resolved:" ? std::optional(false) : std::nullopt;
}

/// Reads such a list line by line.
class ListReader {
 public:
  explicit ListReader(bool firing) : firing_(firing) {}

  void line(std::string_view raw) {
    std::string_view text = trimmed(raw);
    if (text.starts_with("# ")) text = trimmed(text.substr(2));
    if (const auto heading = heading_of(text)) {
      finish();
      firing_ = *heading;
    } else if (text == "Labels:" || text == "Labels") {
      finish();
      part_ = Part::kLabels;
    } else if ((text == "Annotations:" || text == "Annotations") && part_ == Part::kLabels) {
      part_ = Part::kAnnotations;
    } else if (text == "Source" || text.starts_with("Source:") || text.starts_with("Source <")) {
      finish();
    } else if (part_ != Part::kNone) {
      entry(text);
    }
  }

  std::vector<NotificationAlert> take() {
    finish();
    return std::move(alerts_);
  }

 private:
  enum class Part { kNone, kLabels, kAnnotations };

  void entry(std::string_view text) {
    const bool marked = text.starts_with("- ");
    const std::string_view pair = marked ? text.substr(2) : text;
    const std::size_t equals = pair.find(" = ");
    std::vector<std::pair<std::string, std::string>>& into =
        part_ == Part::kLabels ? labels_ : annotations_;
    const bool opens = equals != std::string_view::npos &&
                       pair.substr(0, equals).find(' ') == std::string_view::npos;
    if (opens) {
      into.emplace_back(pair.substr(0, equals), trimmed(pair.substr(equals + 3)));
    } else if (!into.empty() && !text.empty()) {
      into.back().second.append("\n").append(text);
    }
  }

  void finish() {
    part_ = Part::kNone;
    if (!labels_.empty() && alerts_.size() < kMostAlerts) {
      NotificationAlert alert;
      std::vector<LabelView> views;
      for (const auto& [name, value] : labels_) views.push_back({name, value});
      alert.labels = Labels::from(std::move(views));
      alert.annotations.insert(annotations_.begin(), annotations_.end());
      alert.firing = firing_;
      alerts_.push_back(std::move(alert));
    }
    labels_.clear();
    annotations_.clear();
  }

  bool firing_;
  Part part_ = Part::kNone;
  std::vector<std::pair<std::string, std::string>> labels_;
  std::vector<std::pair<std::string, std::string>> annotations_;
  std::vector<NotificationAlert> alerts_;
};

}  // namespace

std::optional<bool> firing_by_title(std::string_view title) {
  title = trimmed(title);
  if (title.starts_with("[FIRING:")) return true;
  if (title.starts_with("[RESOLVED]")) return false;
  return std::nullopt;
}

void settle_firing(NotificationRecord& record) {
  const auto& alerts = record.alerts;
  const auto by_title = firing_by_title(record.title);
  if (by_title) {
    record.firing = *by_title;
  } else if (!alerts.empty()) {
    record.firing = std::any_of(alerts.begin(), alerts.end(),
                                [](const NotificationAlert& alert) { return alert.firing; });
  }
}

std::vector<NotificationAlert> alerts_in_text(std::string_view text, bool firing) {
  ListReader reader(firing);
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    reader.line(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return reader.take();
}

std::string title_of(const NotificationRecord& record) {
  const auto firing = std::count_if(record.alerts.begin(), record.alerts.end(),
                                    [](const NotificationAlert& alert) { return alert.firing; });
  std::string title = record.firing ? fmt::format("[FIRING:{}]", firing) : "[RESOLVED]";
  title.append(" ").append(record.group_labels.get("alertname"));
  for (const LabelView label : record.group_labels) {
    if (label.name != "alertname") title.append(" ").append(label.value);
  }
  return title;
}

std::string text_of(const std::vector<NotificationAlert>& alerts) {
  std::string text;
  for (const NotificationAlert& alert : alerts) {
    text += alert.firing ? "Firing\nLabels:\n" : "Resolved\nLabels:\n";
    for (const LabelView label : alert.labels) {
      text += fmt::format(" - {} = {}\n", label.name, label.value);
    }
    text += "Annotations:\n";
    for (const auto& [name, value] : alert.annotations) {
      text += fmt::format(" - {} = {}\n", name, value);
    }
  }
  return text;
}

}  // namespace tocsin::receivers
