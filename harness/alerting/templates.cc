#include "harness/alerting/templates.h"

#include <algorithm>
#include <filesystem>
#include <glob.h>
#include <set>

#include <fmt/format.h>

#include "harness/alerting/default_templates.h"
#include "harness/alerting/html_escaper.h"
#include "harness/alerting/html_mail.h"
#include "harness/alerting/notification_functions.h"
#include "harness/alerting/template_data.h"
#include "harness/base/check.h"
#include "harness/base/file.h"
#include "harness/base/utf8.h"
#include "harness/rules/template_executor.h"
#include "harness/yaml/source_text.h"

namespace tocsin::alerting {
namespace {

using rules::templates::SyntaxTree;

constexpr std::size_t kLargestTemplateFile = 4 << 20;

std::shared_ptr<const SyntaxTree> own_definitions() {
  static const std::shared_ptr<const SyntaxTree> tree = [] {
    auto parsed = rules::templates::parse(default_templates() + html_mail_template(), {},
                                          notification_functions());
    TOCSIN_CHECK(parsed.has_value(), "the templates that are built in are good");
    return std::make_shared<const SyntaxTree>(std::move(*parsed));
  }();
  return tree;
}

/// Files that a pattern names, in order.
std::vector<std::string> matching_files(const std::string& pattern) {
  glob_t found{};
  std::vector<std::string> files;
  if (::glob(pattern.c_str(), 0, nullptr, &found) == 0) {
    for (std::size_t i = 0; i < found.gl_pathc; ++i) files.emplace_back(found.gl_pathv[i]);
  }
  ::globfree(&found);
  return files;
}

}  // namespace

/// Labels whose templates ask for each other.
class RouteLabelRenderer {
 public:
  RouteLabelRenderer(const Templates& templates, const MessageData& data, Timestamp now)
      : templates_(templates), data_(data), now_(now) {}

  Result<std::string> render(const std::string& name) {
    const auto written = data_.route_labels.find(name);
    if (written == data_.route_labels.end()) return std::string();
    if (const auto known = rendered_.find(name); known != rendered_.end()) return known->second;
    if (!busy_.insert(name).second) {
      return input_error({}, "route label cycle detected: " + name);
    }
    Result<std::string> text =
        templates_.expand(written->second, data_, now_, Templates::Escaping::kNone,
                          [this](std::string_view other) { return render(std::string(other)); });
    busy_.erase(name);
    if (text.has_value()) rendered_[name] = *text;
    return text;
  }

 private:
  const Templates& templates_;
  const MessageData& data_;
  Timestamp now_;
  std::map<std::string, std::string> rendered_;
  std::set<std::string> busy_;
};

struct Templates::Impl {
  std::vector<std::shared_ptr<const SyntaxTree>> libraries;  ///< later ones come first
};

Templates::Templates() {
  auto impl = std::make_shared<Impl>();
  impl->libraries.push_back(own_definitions());
  impl_ = std::move(impl);
}

Templates Templates::load(const Config& config, Diagnostics& diagnostics) {
  Templates templates;
  auto impl = std::make_shared<Impl>(*templates.impl_);
  for (const std::string& pattern : config.templates) {
    for (const std::string& file : matching_files(pattern)) {
      const Result<std::string> text = read_file(file, kLargestTemplateFile);
      if (text.has_error()) {
        diagnostics.add(text.error());
        continue;
      }
      auto tree = rules::templates::parse(*text, {}, notification_functions());
      if (tree.has_value()) {
        impl->libraries.push_back(std::make_shared<const SyntaxTree>(std::move(*tree)));
        continue;
      }
      const rules::templates::Problem& problem = tree.error();
      Error error =
          yaml::SourceText(file, *text).error(problem.pos, problem.message, problem.length);
      if (!problem.hint.empty()) error.hints.push_back(problem.hint);
      diagnostics.add(std::move(error));
    }
  }
  templates.impl_ = std::move(impl);
  return templates;
}

Result<std::string> Templates::expand(std::string_view text, const MessageData& data, Timestamp now,
                                      Escaping escaping, const RouteLabel& route_label) const {
  if (text.empty()) return std::string();
  auto tree = rules::templates::parse(text, {}, notification_functions());
  if (tree.has_error()) return input_error({}, tree.error().message);
  NotificationTemplateData functions;
  functions.now = now;
  functions.route_label = route_label;
  HtmlEscaper escaper;
  rules::templates::Execution execution;
  execution.tree = &*tree;
  execution.libraries = impl_->libraries;
  execution.dot = make_data(data);
  execution.data = &functions;
  execution.emitter = escaping == Escaping::kHtml ? &escaper : nullptr;
  auto result = rules::templates::execute(execution);
  if (result.has_value()) return std::move(*result);
  const rules::templates::Failure& failure = result.error();
  return input_error({}, fmt::format("executing \"{}\" at <{}>: {}", failure.template_name,
                                     failure.context, failure.reason));
}

Templates::RouteLabel Templates::rendered_labels(const MessageData& data) {
  return [&data](std::string_view name) -> Result<std::string> {
    const auto it = data.route_labels.find(std::string(name));
    return it == data.route_labels.end() ? std::string() : it->second;
  };
}

Result<std::string> Templates::text(std::string_view text, const MessageData& data,
                                    Timestamp now) const {
  return expand(text, data, now, Escaping::kNone, rendered_labels(data));
}

Result<std::string> Templates::html(std::string_view text, const MessageData& data,
                                    Timestamp now) const {
  return expand(text, data, now, Escaping::kHtml, rendered_labels(data));
}

std::map<std::string, std::string> render_route_labels(const Templates& templates,
                                                       const MessageData& data, Timestamp now) {
  RouteLabelRenderer renderer(templates, data, now);
  std::map<std::string, std::string> rendered;
  for (const auto& [name, text] : data.route_labels) {
    Result<std::string> value = renderer.render(name);
    if (value.has_value()) rendered[name] = std::move(*value);
  }
  return rendered;
}

Result<bool> contains_template(std::string_view text) {
  if (text.find("{{") == std::string_view::npos) return false;
  auto tree = rules::templates::parse(text, {}, go_functions());
  if (tree.has_error()) return input_error({}, tree.error().message);
  return true;
}

}  // namespace tocsin::alerting
