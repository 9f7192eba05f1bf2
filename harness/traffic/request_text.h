#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/random.h"
#include "harness/http/response_scanner.h"
#include "harness/http/url.h"
#include "harness/traffic/load.h"

namespace tocsin::traffic {

/// A request template made ready to send: the bytes of its message, cut at the placeholders. One
/// without placeholders costs nothing to render.
class RequestText {
 public:
  /// `server` gives the Host header, unless the template has one, and the path before the target.
  /// Errors: a method, target or header that cannot stand in an HTTP message.
  static Result<RequestText> make(const RequestTemplate& request, const http::Url& server,
                                  bool keep_alive);

  /// The message of request number `seq`, in `buffer` or in this object.
  std::string_view render(std::uint64_t seq, Random& random, std::string& buffer) const;
  http::AnswerTo answer_to() const { return answer_to_; }

 private:
  enum class Hole { kNone, kSeq, kRandom, kUuid, kBodyLength };
  /// Literal text and what follows it.
  struct Piece {
    std::string text;
    Hole hole = Hole::kNone;
  };
  using Pieces = std::vector<Piece>;

  static Pieces cut(std::string_view text);
  static std::size_t length(const Pieces& pieces, std::uint64_t seq);
  void append(const Pieces& pieces, std::uint64_t seq, Random& random, std::string& into) const;

  Pieces head_;
  Pieces body_;
  std::string ready_;  ///< the whole message, when there are no holes
  http::AnswerTo answer_to_ = http::AnswerTo::kGet;
};

}  // namespace tocsin::traffic
