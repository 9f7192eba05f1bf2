# What every room's CMakeLists.txt uses: compiler settings, third-party libraries, and three functions,
# tocsin_library, tocsin_test and tocsin_bench.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()
# The sanitizers and gdb need line numbers, nothing more.
set(CMAKE_CXX_FLAGS_RELEASE "-O2")
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g1")

option(TOCSIN_WERROR "Warnings are errors" OFF)
option(TOCSIN_UNITY "Compile several files at once: half the time from nothing" OFF)
option(TOCSIN_SANITIZE "Build with AddressSanitizer and UndefinedBehaviorSanitizer" OFF)

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()
find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()

find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(fmt REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(ZLIB REQUIRED)
find_package(pugixml REQUIRED)
find_package(CLI11 REQUIRED)
find_package(GTest REQUIRED)
find_package(benchmark REQUIRED)
find_package(PkgConfig REQUIRED)
# Debian's own Python: it has the packages that ci/setup installs.
find_program(TOCSIN_PYTHON python3 PATHS /usr/bin NO_DEFAULT_PATH)
find_program(TOCSIN_PYTHON python3 REQUIRED)
pkg_check_modules(re2 REQUIRED IMPORTED_TARGET re2)

add_library(tocsin_options INTERFACE)
target_include_directories(tocsin_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(tocsin_options INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor -Woverloaded-virtual)
target_compile_definitions(tocsin_options INTERFACE BOOST_ASIO_NO_DEPRECATED)
if(TOCSIN_WERROR)
  target_compile_options(tocsin_options INTERFACE -Werror)
endif()
if(TOCSIN_SANITIZE)
  target_compile_options(tocsin_options INTERFACE
    -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  target_link_options(tocsin_options INTERFACE -fsanitize=address,undefined)
endif()

# With TOCSIN_UNITY a target's files are compiled eight at a time, so the names in the anonymous
# namespaces of a room's files must differ.
function(tocsin_unity target)
  if(TOCSIN_UNITY)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
    # GCC takes a .cc that another file includes for a header, and warns of anonymous namespaces in it.
    target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
  endif()
endfunction()

# tocsin_library(ROOM SOURCES a.cc… USES base model… LIBS fmt::fmt…)
# USES are rooms (the line of harness/README.md); LIBS are third-party libraries, kept private.
function(tocsin_library room)
  cmake_parse_arguments(ARG "" "" "SOURCES;USES;LIBS" ${ARGN})
  add_library(tocsin_${room} STATIC ${ARG_SOURCES})
  tocsin_unity(tocsin_${room})
  add_library(tocsin::${room} ALIAS tocsin_${room})
  target_link_libraries(tocsin_${room} PUBLIC tocsin_options)
  foreach(used ${ARG_USES})
    target_link_libraries(tocsin_${room} PUBLIC tocsin::${used})
  endforeach()
  target_link_libraries(tocsin_${room} PRIVATE ${ARG_LIBS})
endfunction()

# tocsin_test(NAME SOURCES a_test.cc… USES rooms… LIBS … [LABELS slow])
# One GoogleTest binary; TOCSIN_SOURCE_DIR is the project's folder, for test data.
function(tocsin_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;USES;LIBS;LABELS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  tocsin_unity(${name})
  # What tests do themselves need not be fast; what they test is.
  target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:-O1>)
  target_compile_definitions(${name} PRIVATE TOCSIN_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  foreach(used ${ARG_USES})
    target_link_libraries(${name} PRIVATE tocsin::${used})
  endforeach()
  target_link_libraries(${name} PRIVATE ${ARG_LIBS} GTest::gtest GTest::gmock GTest::gtest_main)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT 300 LABELS "${ARG_LABELS}")
endfunction()

# tocsin_bench(NAME SOURCES a_bench.cc… USES rooms… LIBS …): one Google Benchmark binary.
function(tocsin_bench name)
  cmake_parse_arguments(ARG "" "" "SOURCES;USES;LIBS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_compile_definitions(${name} PRIVATE TOCSIN_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  foreach(used ${ARG_USES})
    target_link_libraries(${name} PRIVATE tocsin::${used})
  endforeach()
  target_link_libraries(${name} PRIVATE ${ARG_LIBS} benchmark::benchmark benchmark::benchmark_main)
endfunction()
