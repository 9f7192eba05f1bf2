#include "harness/scenario/kind_template.h"

#include <algorithm>
#include <cctype>

#include "harness/base/check.h"

namespace tocsin::scenario {
namespace {

/// Literal text, then a placeholder; the last piece of a line has none.
struct KindPiece {
  std::string_view literal;
  std::string_view list;
  std::string_view field;
};

bool is_name_character(char c) {
  return std::islower(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.';
}

/// The placeholder that begins at line[at], a "%"; empty when none does.
std::string_view placeholder_at(std::string_view line, std::size_t at) {
  std::size_t end = at + 1;
  while (end < line.size() && is_name_character(line[end])) ++end;
  if (end == at + 1 || end >= line.size() || line[end] != '%') return {};
  return line.substr(at + 1, end - at - 1);
}

std::vector<KindPiece> pieces_of(std::string_view line) {
  std::vector<KindPiece> pieces;
  std::size_t begin = 0;
  for (std::size_t at = line.find('%'); at != std::string_view::npos; at = line.find('%', at)) {
    const std::string_view name = placeholder_at(line, at);
    if (name.empty()) {
      ++at;
      continue;
    }
    const std::size_t dot = std::min(name.find('.'), name.size());
    pieces.push_back({line.substr(begin, at - begin), name.substr(0, dot),
                      dot < name.size() ? name.substr(dot + 1) : std::string_view{}});
    at += name.size() + 2;
    begin = at;
  }
  pieces.push_back({line.substr(begin), {}, {}});
  return pieces;
}

class LineExpander {
 public:
  LineExpander(std::string_view line, const TemplateValues& values, std::size_t most_bytes,
               std::string& out)
      : pieces_(pieces_of(line)), most_bytes_(most_bytes), out_(out) {
    for (const KindPiece& piece : pieces_) {
      if (piece.list.empty() || chosen_.contains(piece.list)) continue;
      const auto found = values.find(piece.list);
      TOCSIN_CHECK(found != values.end(), "templates name lists that exist");
      lists_.emplace_back(piece.list, &found->second);
      chosen_[piece.list] = nullptr;
    }
  }

  void expand(std::size_t list = 0) {
    if (list == lists_.size()) return write();
    for (const TemplateItem& item : *lists_[list].second) {
      chosen_[lists_[list].first] = &item;
      expand(list + 1);
      if (out_.size() > most_bytes_) return;
    }
  }

 private:
  void write() {
    for (const KindPiece& piece : pieces_) {
      out_ += piece.literal;
      if (piece.list.empty()) continue;
      const TemplateItem& item = *chosen_[piece.list];
      const auto field = item.find(piece.field);
      TOCSIN_CHECK(field != item.end(), "templates name fields that exist");
      out_ += field->second;
    }
    out_ += '\n';
  }

  std::vector<KindPiece> pieces_;
  std::size_t most_bytes_;
  std::string& out_;
  std::vector<std::pair<std::string_view, const std::vector<TemplateItem>*>> lists_;
  std::map<std::string_view, const TemplateItem*> chosen_;
};

}  // namespace

std::optional<std::string> expand_template(std::string_view text, const TemplateValues& values,
                                           std::size_t most_bytes) {
  std::string out;
  out.reserve(text.size() * 2);
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    LineExpander(text.substr(0, end), values, most_bytes, out).expand();
    if (out.size() > most_bytes) return std::nullopt;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

}  // namespace tocsin::scenario
