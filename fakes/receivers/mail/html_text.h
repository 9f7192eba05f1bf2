#pragma once

#include <string>
#include <string_view>

namespace tocsin::receivers {

/// What a reader sees of a page, roughly: blocks and <br> begin lines, blanks fold, links show
/// where they lead ("Source <http://…>"), styles, scripts and comments are left out.
std::string html_text(std::string_view html);

}  // namespace tocsin::receivers
