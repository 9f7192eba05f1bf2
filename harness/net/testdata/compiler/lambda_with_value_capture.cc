// A lambda that captures by value, made within an expression that awaits.
#include "task.h"

template <class F>
Task call(F f) {
  f();
  co_return;
}

Task script() {
  Tracked value;
  co_await call([value] { static_cast<void>(value); });
}

int main() {
  return verdict(script());
}
