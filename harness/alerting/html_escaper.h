#pragma once

#include <string>
#include <string_view>

#include "harness/rules/template_executor.h"

namespace tocsin::alerting {

/// What html/template does beyond text/template: it follows the HTML that is written and escapes
/// each value by where it stands: text, attribute, URL, style or script. Comments of the templates
/// are left out.
class HtmlEscaper final : public rules::templates::Emitter {
 public:
  void text(std::string& out, std::string_view text) override;
  void value(std::string& out, const rules::templates::Value& value) override;

 private:
  enum class State { kText, kTag, kAttributeName, kBeforeValue, kValue, kComment, kRaw };
  enum class Kind { kPlain, kUrl, kStyle, kScript };

  void step(std::string& out, std::string_view text, std::size_t& at);
  void end_tag();
  Kind attribute_kind() const;

  State state_ = State::kText;
  std::string tag_;
  std::string attribute_;
  std::string raw_;           ///< the element whose text is no HTML: script, style, title, textarea
  char quote_ = 0;            ///< around the attribute's value; 0: none
  bool value_begun_ = false;  ///< something of the attribute's value was written
  bool in_query_ = false;     ///< of a URL: behind ? or #
};

}  // namespace tocsin::alerting
