#include "harness/check/checks/template_uses.h"

namespace tocsin::check {
namespace {

namespace tpl = rules::templates;

class TemplateWalk {
 public:
  explicit TemplateWalk(TemplateUses& uses) : uses_(uses) {}

  /// `own_dot`: the dot is the alert, not what range or with made of it.
  void walk(const tpl::NodeList& nodes, bool own_dot) {
    for (const tpl::Node& node : nodes) {
      if (node.pipeline) walk(*node.pipeline, own_dot);
      const bool moves = node.kind == tpl::NodeKind::kRange || node.kind == tpl::NodeKind::kWith;
      walk(node.body, own_dot && !moves);
      walk(node.otherwise, own_dot);
    }
  }

 private:
  void walk(const tpl::Pipeline& pipeline, bool own_dot) {
    bool value = false;
    for (const auto& command : pipeline.commands) {
      for (const tpl::Operand& operand : command.arguments) {
        walk(operand, own_dot);
        value = value || is_value(operand, own_dot);
        if (value && operand.kind == tpl::OperandKind::kFunction) {
          uses_.percent_of_value.push_back(operand.text);
        }
      }
      look_at_index(command);
    }
    uses_.value = uses_.value || value;
  }

  static bool is_value(const tpl::Operand& operand, bool own_dot) {
    return (operand.kind == tpl::OperandKind::kVariable && operand.text == "$value") ||
           (own_dot && operand.kind == tpl::OperandKind::kField &&
            operand.fields.front() == "Value");
  }

  void walk(const tpl::Operand& operand, bool own_dot) {
    if (operand.pipeline) walk(*operand.pipeline, own_dot);
    if (operand.base) walk(*operand.base, own_dot);
    if (operand.kind == tpl::OperandKind::kVariable) {
      if (std::vector<LabelUse>* uses = of_variable(operand.text)) add(*uses, operand, 0);
    }
    const bool of_alert = (operand.kind == tpl::OperandKind::kVariable && operand.text == "$") ||
                          (operand.kind == tpl::OperandKind::kField && own_dot);
    if (!of_alert || operand.fields.empty()) return;
    if (operand.fields.front() == "Labels") add(uses_.labels, operand, 1);
    if (operand.fields.front() == "ExternalLabels") add(uses_.external_labels, operand, 1);
  }

  std::vector<LabelUse>* of_variable(const std::string& name) {
    if (name == "$labels") return &uses_.labels;
    return name == "$externalLabels" ? &uses_.external_labels : nullptr;
  }

  static void add(std::vector<LabelUse>& uses, const tpl::Operand& operand, std::size_t field) {
    if (operand.fields.size() <= field) return;
    uses.push_back({operand.fields[field], operand.pos, tpl::to_string(operand)});
  }

  /// index $labels "name"
  void look_at_index(const tpl::Command& command) {
    const auto& arguments = command.arguments;
    if (arguments.size() != 3 || arguments[0].text != "index") return;
    std::vector<LabelUse>* uses = of_variable(arguments[1].text);
    const bool whole = uses != nullptr && arguments[1].fields.empty();
    if (!whole || arguments[2].kind != tpl::OperandKind::kString) return;
    uses->push_back({arguments[2].string_value, arguments[2].pos, arguments[2].text});
  }

  TemplateUses& uses_;
};

}  // namespace

std::size_t begin_of(const LabelUse& use, std::string_view text) {
  const std::size_t begins = text.rfind(use.operand, use.pos);
  return begins == std::string_view::npos ? use.pos : begins;
}

TemplateUses template_uses(const rules::templates::NodeList& root) {
  TemplateUses uses;
  TemplateWalk(uses).walk(root, true);
  return uses;
}

}  // namespace tocsin::check
