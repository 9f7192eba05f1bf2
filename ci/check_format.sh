#!/usr/bin/env bash
# Every C++ file must be as clang-format leaves it. Usage: check_format.sh SOURCE_DIR
set -euo pipefail
cd "$1"
find harness fakes assertions reports -name '*.h' -o -name '*.cc' | grep -v /testdata/ | sort |
  xargs clang-format --dry-run --Werror
