// The name of a file as a parameter.
#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <utility>

namespace gate {

namespace detail {

// A std::filesystem::path, which a header of gate does not include: it takes long to compile.
template <class P>
concept path_like = requires(const P& p) {
  typename P::string_type;
  { p.native() } -> std::same_as<const std::string&>;
};
template <class E>
concept names_a_path = requires(const E& e) {
  { e.path().native() } -> std::same_as<const std::string&>;
};

}  // namespace detail

// Converts from a text, a std::filesystem::path and a std::filesystem::directory_entry. So a function that takes a
// file_path takes each of them. A relative path begins at the current folder of the process.
class file_path {
 public:
  file_path(const char* path) : path_(path) {}                                                   // NOLINT: converts
  file_path(std::string path) noexcept : path_(std::move(path)) {}                               // NOLINT
  file_path(std::string_view path) : path_(path) {}                                              // NOLINT
  template <detail::path_like P> file_path(const P& path) : path_(path.native()) {}              // NOLINT
  template <detail::names_a_path E> file_path(const E& entry) : path_(entry.path().native()) {}  // NOLINT

  const std::string& text() const noexcept { return path_; }

 private:
  std::string path_;
};

}  // namespace gate
