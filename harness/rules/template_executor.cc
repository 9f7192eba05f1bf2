#include "harness/rules/template_executor.h"

#include <optional>

#include <fmt/format.h>

#include "harness/rules/go_printf.h"
#include "harness/rules/go_text.h"
#include "harness/rules/template_functions.h"

namespace tocsin::rules::templates {
namespace {

template <class T>
using Outcome = boost::system::result<T, Failure>;

enum class Flow { kNext, kBreak, kContinue };

/// The value that a pipeline hands to its next command; none for the first one.
using Final = std::optional<Value>;

/// What is being evaluated, for messages; exactly one is set.
struct Place {
  const Operand* operand = nullptr;
  const Command* command = nullptr;
  const Pipeline* pipeline = nullptr;
  const Node* node = nullptr;
};

std::string call_text(const Node& node) {
  std::string text = "{{template " + go_quote(node.text);
  if (node.pipeline) text += ' ' + to_string(*node.pipeline);
  return text + "}}";
}

std::string context_of(const Place& place) {
  if (place.operand != nullptr) return to_string(*place.operand);
  if (place.command != nullptr) return to_string(*place.command);
  if (place.pipeline != nullptr) return to_string(*place.pipeline);
  if (place.node->kind == NodeKind::kTemplate) return call_text(*place.node);
  return place.node->pipeline ? "{{" + to_string(*place.node->pipeline) + "}}" : "";
}

std::uint32_t position_of(const Place& place) {
  if (place.operand != nullptr) return place.operand->pos;
  if (place.command != nullptr) return place.command->pos;
  if (place.pipeline != nullptr) return place.pipeline->pos;
  return place.node->pos;
}

class Executor {
 public:
  Executor(const SyntaxTree& tree, const TemplateData& data) : tree_(tree), data_(data) {}
  explicit Executor(const Execution& how)
      : tree_(*how.tree), data_(*how.data), libraries_(how.libraries), emitter_(how.emitter) {}

  /// Any data, with no variable but "$".
  Outcome<std::string> run(const Value& dot) {
    variables_ = {{"$", dot}};
    TRY(const Flow flow, walk(dot, tree_.root));
    static_cast<void>(flow);
    return std::move(out_);
  }

  /// An alert rule's data, with the variables that Prometheus declares.
  Outcome<std::string> run() {
    const Value root = Root{&data_};
    std::vector<LabelView> external;
    for (const auto& [name, value] : data_.external_labels) external.push_back({name, value});
    variables_ = {{"$", root},
                  {"$labels", data_.labels},
                  {"$externalLabels", Labels::from(external)},
                  {"$externalURL", data_.external_url},
                  {"$value", alert_value(data_)}};
    TRY(const Flow flow, walk(root, tree_.root));
    static_cast<void>(flow);
    return std::move(out_);
  }

 private:
  struct Variable {
    std::string name;
    Value value;
  };

  // --- failing ---

  void at(const Operand& operand) { place_ = {&operand, nullptr, nullptr, nullptr}; }
  void at(const Command& command) { place_ = {nullptr, &command, nullptr, nullptr}; }
  void at(const Pipeline& pipeline) { place_ = {nullptr, nullptr, &pipeline, nullptr}; }
  void at(const Node& node) { place_ = {nullptr, nullptr, nullptr, &node}; }

  Failure failure(std::string reason) const {
    return {position_of(place_), template_name_, context_of(place_), std::move(reason)};
  }

  // --- nodes ---

  Outcome<Flow> walk(const Value& dot, const NodeList& nodes) {
    for (const Node& node : nodes) {
      TRY(const Flow flow, walk(dot, node));
      if (flow != Flow::kNext) return flow;
    }
    return Flow::kNext;
  }

  Outcome<Flow> walk(const Value& dot, const Node& node) {
    at(node);
    TRY(const Flow ready, take_steps(1));
    static_cast<void>(ready);
    switch (node.kind) {
      case NodeKind::kText:
        return write(node.text);
      case NodeKind::kAction: {
        TRY(const Value value, pipeline(dot, *node.pipeline));
        at(node);
        return node.pipeline->variables.empty() ? write_value(value) : Flow::kNext;
      }
      case NodeKind::kIf:
      case NodeKind::kWith:
        return branch(dot, node);
      case NodeKind::kRange:
        return range(dot, node);
      case NodeKind::kTemplate:
        return call_template(dot, node);
      case NodeKind::kBreak:
        return Flow::kBreak;
      case NodeKind::kContinue:
        return Flow::kContinue;
    }
    return Flow::kNext;
  }

  Outcome<Flow> take_steps(std::size_t count) {
    if (count > kMostSteps - steps_) return failure("the template does not end");
    steps_ += count;
    return Flow::kNext;
  }

  Outcome<Flow> write(std::string_view text) {
    if (out_.size() + text.size() > kLongestOutput) {
      return failure("the text is longer than 1 MiB");
    }
    if (emitter_ != nullptr) {
      emitter_->text(out_, text);
    } else {
      out_ += text;
    }
    return Flow::kNext;
  }

  Outcome<Flow> write_value(const Value& value) {
    if (emitter_ == nullptr) return write(printed(value));
    emitter_->value(out_, value);
    return out_.size() > kLongestOutput ? Outcome<Flow>(failure("the text is longer than 1 MiB"))
                                        : Flow::kNext;
  }

  /// The definition that counts, or null.
  const NodeList* find_definition(const std::string& name) const {
    const auto own = tree_.definitions.find(name);
    if (own != tree_.definitions.end()) return &own->second;
    for (std::size_t i = libraries_.size(); i-- > 0;) {
      const auto it = libraries_[i]->definitions.find(name);
      if (it != libraries_[i]->definitions.end()) return &it->second;
    }
    return nullptr;
  }

  Outcome<Flow> branch(const Value& dot, const Node& node) {
    const std::size_t scope = variables_.size();
    TRY(const Value value, pipeline(dot, *node.pipeline));
    const bool truth = is_true(value);
    const Value& inner = truth && node.kind == NodeKind::kWith ? value : dot;
    TRY(const Flow flow, walk(inner, truth ? node.body : node.otherwise));
    variables_.resize(scope);
    return flow;
  }

  Outcome<Flow> range(const Value& dot, const Node& node) {
    const std::size_t scope = variables_.size();
    TRY(const Value value, pipeline(dot, *node.pipeline));
    TRY(const std::vector<Entry> entries, entries_of(value));
    if (entries.empty()) {
      TRY(const Flow flow, walk(dot, node.otherwise));
      variables_.resize(scope);
      return flow;
    }
    const std::size_t inside = variables_.size();
    for (const Entry& entry : entries) {
      set_range_variables(*node.pipeline, entry);
      TRY(const Flow flow, walk(entry.element, node.body));
      variables_.resize(inside);
      if (flow == Flow::kBreak) break;
    }
    variables_.resize(scope);
    return Flow::kNext;
  }

  struct Entry {
    Value key;
    Value element;
  };
  Outcome<std::vector<Entry>> entries_of(const Value& value) {
    std::vector<Entry> entries;
    const auto number = [](std::size_t i) { return Value(static_cast<std::int64_t>(i)); };
    if (const Samples* samples = value.as<Samples>()) {
      for (std::size_t i = 0; i < samples->size(); ++i) {
        entries.push_back({number(i), (*samples)[i]});
      }
    } else if (const Labels* labels = value.as<Labels>()) {
      for (const LabelView label : *labels) {
        entries.push_back({std::string(label.name), std::string(label.value)});
      }
    } else if (const ObjectPtr* object = value.as<ObjectPtr>()) {
      std::optional<std::vector<Object::Item>> items = (*object)->items();
      if (!items) return failure("range can't iterate over " + printed(value));
      for (Object::Item& item : *items) {
        entries.push_back({std::move(item.key), std::move(item.element)});
      }
    } else if (const Arguments* arguments = value.as<Arguments>()) {
      for (const auto& [name, element] : **arguments) entries.push_back({name, element});
    } else if (const std::int64_t* count = value.as<std::int64_t>()) {
      // Taken before the list is made.
      TRY(const Flow ready, take_steps(*count < 0 ? 0 : static_cast<std::size_t>(*count)));
      static_cast<void>(ready);
      for (std::int64_t i = 0; i < *count; ++i) entries.push_back({i, i});
    } else if (!value.is_nil()) {
      return failure("range can't iterate over " + printed(value));
    }
    return entries;
  }

  /// One variable takes the element; two take the key and the element.
  void set_range_variables(const Pipeline& pipe, const Entry& entry) {
    const std::size_t count = pipe.variables.size();
    const auto set = [&](std::size_t i, const Value& value) {
      if (pipe.assigns) {
        *find(pipe.variables[i]) = value;
      } else {
        variables_[variables_.size() - count + i].value = value;
      }
    };
    if (count == 1) set(0, entry.element);
    if (count == 2) {
      set(0, entry.key);
      set(1, entry.element);
    }
  }

  Outcome<Flow> call_template(const Value& dot, const Node& node) {
    at(node);
    const NodeList* definition = find_definition(node.text);
    if (definition == nullptr) {
      return failure("template " + go_quote(node.text) + " not defined");
    }
    if (++depth_ > kDeepestCalls) {
      return failure(fmt::format("exceeded maximum template depth ({})", kDeepestCalls));
    }
    Value inner;
    if (node.pipeline) {
      TRY(inner, pipeline(dot, *node.pipeline));
    }
    // A template sees no variable of its caller.
    std::vector<Variable> outer = std::exchange(variables_, {{"$", inner}});
    std::string outer_name = std::exchange(template_name_, node.text);
    TRY(const Flow flow, walk(inner, *definition));
    static_cast<void>(flow);
    variables_ = std::move(outer);
    template_name_ = std::move(outer_name);
    --depth_;
    return Flow::kNext;
  }

  // --- pipelines and commands ---

  Value* find(std::string_view name) {
    for (std::size_t i = variables_.size(); i-- > 0;) {
      if (variables_[i].name == name) return &variables_[i].value;
    }
    return nullptr;
  }

  /// A variable may be named before it is there: {{$v := $v}}.
  Failure undefined(const std::string& name) const {
    return failure("undefined variable: " + name);
  }

  Outcome<Value> pipeline(const Value& dot, const Pipeline& pipe) {
    at(pipe);
    Final value;
    for (const Command& each : pipe.commands) {
      TRY(value, command(dot, each, std::move(value)));
    }
    for (const std::string& name : pipe.variables) {
      if (!pipe.assigns) {
        variables_.push_back({name, *value});
      } else if (Value* variable = find(name)) {
        *variable = *value;
      } else {
        return undefined(name);
      }
    }
    return *value;
  }

  Outcome<Value> command(const Value& dot, const Command& command, Final final) {
    const Operand& first = command.arguments.front();
    const std::span<const Operand> rest = std::span(command.arguments).subspan(1);
    switch (first.kind) {
      case OperandKind::kField:
      case OperandKind::kVariable:
      case OperandKind::kChain:
        return chain(dot, first, rest, std::move(final));
      case OperandKind::kFunction:
        at(first);
        return call(dot, command, *first.function, rest, std::move(final));
      case OperandKind::kPipeline:
        break;
      default:
        at(first);
    }
    if (!rest.empty() || final) {
      return failure("can't give argument to non-function " + to_string(first));
    }
    if (first.kind == OperandKind::kNil) return failure("nil is not a command");
    return operand(dot, first);
  }

  Outcome<Value> operand(const Value& dot, const Operand& node) {
    switch (node.kind) {
      case OperandKind::kBool:
        return Value(node.text == "true");
      case OperandKind::kCharacterOrNumber:
        return node.is_integer ? Value(node.integer) : Value(node.number);
      case OperandKind::kString:
        return Value(node.string_value);
      case OperandKind::kNil:
        return Value();
      case OperandKind::kDot:
        return dot;
      case OperandKind::kField:
      case OperandKind::kVariable:
      case OperandKind::kChain:
        return chain(dot, node, {}, std::nullopt);
      case OperandKind::kPipeline:
        return pipeline(dot, *node.pipeline);
      case OperandKind::kFunction:
        break;
    }
    at(node);
    return call_bare(dot, node);
  }

  /// A function as an argument, without arguments of its own.
  Outcome<Value> call_bare(const Value& dot, const Operand& node) {
    Command alone;
    alone.pos = node.pos;
    Operand copy;
    copy.kind = node.kind;
    copy.pos = node.pos;
    copy.text = node.text;
    copy.function = node.function;
    alone.arguments.push_back(std::move(copy));
    Outcome<Value> value = call(dot, alone, *node.function, {}, std::nullopt);
    at(node);  // not at `alone`, which is about to go
    return value;
  }

  // --- fields ---

  /// .A.B, $x.A.B or (…).A.B; only the last step may be a method with arguments.
  Outcome<Value> chain(const Value& dot, const Operand& node, std::span<const Operand> arguments,
                       Final final) {
    at(node);
    Value receiver = dot;
    if (node.kind == OperandKind::kVariable) {
      const Value* variable = find(node.text);
      if (variable == nullptr) return undefined(node.text);
      receiver = *variable;
      if (node.fields.empty()) {
        if (arguments.empty() && !final) return receiver;
        return failure("can't give argument to non-function " + to_string(node));
      }
    } else if (node.kind == OperandKind::kChain) {
      TRY(receiver, operand(dot, *node.base));
    }
    for (std::size_t i = 0; i + 1 < node.fields.size(); ++i) {
      TRY(receiver, field(dot, receiver, node, node.fields[i], {}, std::nullopt));
    }
    return field(dot, receiver, node, node.fields.back(), arguments, std::move(final));
  }

  Outcome<Value> field(const Value& dot, const Value& receiver, const Operand& node,
                       const std::string& name, std::span<const Operand> arguments, Final final) {
    if (receiver.is_nil()) return Value();
    if (has_methods(receiver) || receiver.as<ObjectPtr>() != nullptr)
      return method(dot, receiver, node, name, arguments, std::move(final));
    const bool has_arguments = !arguments.empty() || final;
    if (receiver.as<Labels>() != nullptr || receiver.as<Arguments>() != nullptr) {
      if (has_arguments) return failure(name + " is not a method but has arguments");
      return map_entry(receiver, name);
    }
    const std::optional<Value> value = struct_field(receiver, name);
    if (!value) {
      return failure("can't evaluate field " + name + " in type " + type_name(receiver));
    }
    if (has_arguments) return failure(name + " has arguments but cannot be invoked as function");
    return *value;
  }

  static Value map_entry(const Value& receiver, const std::string& name) {
    if (const Labels* labels = receiver.as<Labels>()) return std::string(labels->get(name));
    const auto& arguments = **receiver.as<Arguments>();
    const auto it = arguments.find(name);
    return it == arguments.end() ? Value() : it->second;
  }

  static std::optional<Value> struct_field(const Value& receiver, std::string_view name) {
    if (const Sample* sample = receiver.as<Sample>()) {
      if (name == "Labels") return (*sample)->labels;
      if (name == "Value") return (*sample)->value;
      return std::nullopt;
    }
    const Root* root = receiver.as<Root>();
    if (root == nullptr) return std::nullopt;
    if (name == "Labels") return root->data->labels;
    if (name == "Value") return alert_value(*root->data);
    if (name == "ExternalURL") return root->data->external_url;
    if (name != "ExternalLabels") return std::nullopt;
    std::vector<LabelView> labels;
    for (const auto& [label, value] : root->data->external_labels) labels.push_back({label, value});
    return Labels::from(labels);
  }

  Outcome<Value> method(const Value& dot, const Value& receiver, const Operand& node,
                        const std::string& name, std::span<const Operand> arguments, Final final) {
    std::vector<Value> values;
    for (const Operand& argument : arguments) {
      at(argument);
      TRY(Value value, operand(dot, argument));
      values.push_back(std::move(value));
    }
    if (final) values.push_back(std::move(*final));
    at(node);
    Result<Value> result = member(receiver, name, values);
    if (result.has_error()) return failure(std::move(result).error().message);
    return std::move(*result);
  }

  static Result<Value> member(const Value& receiver, const std::string& name,
                              std::span<const Value> arguments) {
    const ObjectPtr* object = receiver.as<ObjectPtr>();
    if (object == nullptr) return call_method(receiver, name, arguments);
    std::optional<Result<Value>> found = (*object)->member(name, arguments);
    if (found) return std::move(*found);
    return problem("can't evaluate field " + name + " in type " + type_name(receiver));
  }

  // --- functions ---

  Outcome<Value> call(const Value& dot, const Command& command, const Function& function,
                      std::span<const Operand> arguments, Final final) {
    const std::size_t given = arguments.size() + (final ? 1 : 0);
    const std::size_t fixed = function.parameters.size();
    if (function.variadic ? given < fixed : given != fixed) {
      return failure(fmt::format("wrong number of args for {}: want {}{} got {}", function.name,
                                 function.variadic ? "at least " : "", fixed,
                                 function.variadic ? arguments.size() : given));
    }
    if (function.body == nullptr) {
      return short_circuit(dot, function.name == "or", arguments, std::move(final));
    }
    std::vector<Value> values;
    values.reserve(given);
    for (const Operand& node : arguments) {
      TRY(Value value, argument(dot, parameter(function, values.size()), node));
      values.push_back(std::move(value));
    }
    if (final) {
      TRY(Value value, converted(std::move(*final), parameter(function, values.size())));
      values.push_back(std::move(value));
    }
    Result<Value> result = function.body(values, data_);
    if (result.has_error()) {
      at(command);
      return failure(fmt::format("error calling {}: {}", function.name, result.error().message));
    }
    return std::move(*result);
  }

  static ParameterType parameter(const Function& function, std::size_t i) {
    return i < function.parameters.size() ? function.parameters[i] : ParameterType::kAny;
  }

  /// and, or: the first argument that decides; later ones are not evaluated.
  Outcome<Value> short_circuit(const Value& dot, bool stop_at, std::span<const Operand> arguments,
                               Final final) {
    Value value;
    for (const Operand& node : arguments) {
      TRY(value, argument(dot, ParameterType::kAny, node));
      if (is_true(value) == stop_at) return value;
    }
    return final ? std::move(*final) : value;
  }

  Outcome<Value> argument(const Value& dot, ParameterType type, const Operand& node) {
    at(node);
    switch (node.kind) {
      case OperandKind::kNil:
        if (type == ParameterType::kString) return failure("cannot assign nil to string");
        break;
      case OperandKind::kBool:
      case OperandKind::kCharacterOrNumber:
        if (type == ParameterType::kString) {
          return failure("expected string; found " + node.text);
        }
        [[fallthrough]];
      case OperandKind::kString:
        if (type == ParameterType::kSample || type == ParameterType::kSamples) {
          return failure(
              fmt::format("can't handle {} for arg of type {}", node.text, to_string(type)));
        }
        break;
      default:
        break;
    }
    TRY(Value value, operand(dot, node));
    return converted(std::move(value), type);
  }

  /// The value as a parameter of that type takes it.
  Outcome<Value> converted(Value value, ParameterType type) const {
    const bool fits = type == ParameterType::kAny ||
                      (type == ParameterType::kString && value.as<std::string>() != nullptr) ||
                      (type == ParameterType::kSample && value.as<Sample>() != nullptr) ||
                      (type == ParameterType::kSamples && value.as<Samples>() != nullptr);
    if (fits) return value;
    if (!value.is_nil()) {
      return failure(fmt::format("wrong type for value; expected {}; got {}", to_string(type),
                                 type_name(value)));
    }
    if (type == ParameterType::kSamples) return Value(Samples());
    if (type == ParameterType::kString) return failure("invalid value; expected string");
    return failure("nil pointer where a sample is expected");
  }

  const SyntaxTree& tree_;
  const TemplateData& data_;
  std::span<const std::shared_ptr<const SyntaxTree>> libraries_;
  Emitter* emitter_ = nullptr;
  std::vector<Variable> variables_;
  std::string template_name_;
  std::string out_;
  Place place_;
  std::size_t steps_ = 0;
  int depth_ = 0;
};

}  // namespace

boost::system::result<std::string, Failure> execute(const SyntaxTree& tree,
                                                    const TemplateData& data) {
  return Executor(tree, data).run();
}

boost::system::result<std::string, Failure> execute(const Execution& execution) {
  return Executor(execution).run(execution.dot);
}

}  // namespace tocsin::rules::templates
