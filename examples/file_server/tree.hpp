// The files below one folder. No path leads out of it, neither by ".." nor by a symbolic link.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "examples/file_server/entry.hpp"

namespace file_server {

// An open file or folder.
class descriptor {
 public:
  explicit descriptor(int number = -1) noexcept : number_(number) {}
  descriptor(descriptor&& other) noexcept;
  descriptor& operator=(descriptor&& other) noexcept;
  ~descriptor();
  int number() const noexcept { return number_; }

 private:
  int number_;
};

// Paths are relative to the root, with '/' between names; "" and "." are the root. All functions throw
// gate::Error(permission_denied) for a path that would leave the root. They throw gate::Error(failed or
// permission_denied) if the system refuses, as it does for a symbolic link anywhere in a path.
class tree {
 public:
  explicit tree(const std::string& root);

  descriptor open_file(std::string_view path) const;
  descriptor open_folder(std::string_view path) const;
  entry stat(std::string_view path) const;
  static entry stat(const descriptor& file, std::string_view path);
  std::vector<entry> list(std::string_view path) const;

  // A new file. It replaces `path` once it is complete; if it is never completed, it is removed.
  class arriving {
   public:
    arriving(const tree& where, std::string_view path);
    arriving(const arriving&) = delete;
    arriving& operator=(const arriving&) = delete;
    ~arriving();
    int number() const noexcept { return file_.number(); }
    void complete();

   private:
    descriptor folder_, file_;
    std::string name_, temporary_;
    bool complete_ = false;
  };

 private:
  descriptor open_parent(std::string_view path, std::string& last) const;
  descriptor open(std::string_view path, int flags) const;

  descriptor root_;
};

}  // namespace file_server
