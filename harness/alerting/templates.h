#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/alerting/config.h"
#include "harness/alerting/message.h"
#include "harness/base/error.h"

namespace tocsin::alerting {

/// All templates of a configuration: Alertmanager's own and those of its files. Immutable and cheap
/// to copy.
class Templates {
 public:
  /// Only Alertmanager's own.
  Templates();
  /// With the files that `templates` names; a pattern may match none. Every problem goes to
  /// `diagnostics`, with its place in the file.
  static Templates load(const Config& config, Diagnostics& diagnostics);

  /// Expands a text of the configuration, as with text/template. Errors say what Go would say.
  Result<std::string> text(std::string_view text, const MessageData& data, Timestamp now) const;
  /// The same as with html/template: values are escaped by where they stand.
  Result<std::string> html(std::string_view text, const MessageData& data, Timestamp now) const;

 private:
  friend class RouteLabelRenderer;
  struct Impl;
  enum class Escaping { kNone, kHtml };
  using RouteLabel = std::function<Result<std::string>(std::string_view name)>;
  Result<std::string> expand(std::string_view text, const MessageData& data, Timestamp now,
                             Escaping escaping, const RouteLabel& route_label) const;
  /// Those of `data` as they are.
  static RouteLabel rendered_labels(const MessageData& data);

  std::shared_ptr<const Impl> impl_;
};

/// The route labels of a notification: their templates expanded. One that fails is left out.
std::map<std::string, std::string> render_route_labels(const Templates& templates,
                                                       const MessageData& data, Timestamp now);

/// Whether a text of the configuration is a template, and what is wrong with it then.
Result<bool> contains_template(std::string_view text);

}  // namespace tocsin::alerting
