#include "examples/file_server/tree.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <memory>
#include <system_error>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gate/error.hpp>

namespace file_server {

namespace {

[[noreturn]] void fail(std::string_view path, int error) {
  const std::string text = "'" + std::string(path) + "': " + std::generic_category().message(error);
  // O_NOFOLLOW gives ELOOP for a symbolic link at the end of a path. For one in the middle, the error is ENOTDIR.
  if (error == ELOOP || error == EACCES) throw gate::Error(gate::errc::permission_denied, text);
  throw gate::Error(gate::errc::failed, text);
}

std::vector<std::string> names_of(std::string_view path) {
  const auto refuse = [path](const char* why) {
    throw gate::Error(gate::errc::permission_denied, "'" + std::string(path) + "' " + why);
  };
  if (path.find('\0') != std::string_view::npos) refuse("is no path");
  if (path.starts_with('/')) refuse("is not below the root: leave out the first '/'");
  std::vector<std::string> names;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string_view name = path.substr(0, end);
    if (name == "..") refuse("leads out of the root");
    if (!name.empty() && name != ".") names.emplace_back(name);
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return names;
}

entry entry_of(const struct stat& s, std::string_view name) {
  entry e;
  e.name = name;
  e.is_folder = S_ISDIR(s.st_mode);
  e.bytes = e.is_folder ? 0 : static_cast<std::uint64_t>(s.st_size);
  e.changed = s.st_mtime;
  return e;
}

}  // namespace

descriptor::descriptor(descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
descriptor& descriptor::operator=(descriptor&& other) noexcept {
  std::swap(number_, other.number_);
  return *this;
}
descriptor::~descriptor() {
  if (number_ >= 0) ::close(number_);
}

tree::tree(const std::string& root) : root_(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  if (root_.number() < 0) throw std::system_error(errno, std::generic_category(), root);
}

// Opens one folder after the other, from the root on, and no links: the meaning of a path cannot change on the way.
descriptor tree::open_parent(std::string_view path, std::string& last) const {
  std::vector<std::string> names = names_of(path);
  last = ".";
  if (!names.empty()) {
    last = std::move(names.back());
    names.pop_back();
  }
  descriptor at(::openat(root_.number(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  for (const std::string& name : names) {
    descriptor next(::openat(at.number(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (next.number() < 0) fail(path, errno);
    at = std::move(next);
  }
  return at;
}

descriptor tree::open(std::string_view path, int flags) const {
  std::string last;
  const descriptor parent = open_parent(path, last);
  // O_NONBLOCK: otherwise opening a pipe would wait for its writer.
  descriptor file(::openat(parent.number(), last.c_str(), flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (file.number() < 0) fail(path, errno);
  return file;
}

descriptor tree::open_file(std::string_view path) const {
  descriptor file = open(path, O_RDONLY);
  struct stat s {};
  if (::fstat(file.number(), &s) != 0) fail(path, errno);
  if (!S_ISREG(s.st_mode)) throw gate::Error(gate::errc::failed, "'" + std::string(path) + "' is no file");
  return file;
}

descriptor tree::open_folder(std::string_view path) const { return open(path, O_RDONLY | O_DIRECTORY); }

entry tree::stat(const descriptor& file, std::string_view path) {
  struct stat s {};
  if (::fstat(file.number(), &s) != 0) fail(path, errno);
  return entry_of(s, path);
}

entry tree::stat(std::string_view path) const {
  std::string last;
  const descriptor parent = open_parent(path, last);
  struct stat s {};
  if (::fstatat(parent.number(), last.c_str(), &s, AT_SYMLINK_NOFOLLOW) != 0) fail(path, errno);
  if (S_ISLNK(s.st_mode)) fail(path, ELOOP);
  return entry_of(s, path);
}

std::vector<entry> tree::list(std::string_view path) const {
  descriptor folder = open_folder(path);
  const std::unique_ptr<DIR, int (*)(DIR*)> open_dir(::fdopendir(::dup(folder.number())), ::closedir);
  if (!open_dir) fail(path, errno);
  std::vector<entry> entries;
  while (const dirent* const each = ::readdir(open_dir.get())) {
    const std::string_view name = each->d_name;
    struct stat s {};
    if (name == "." || name == "..") continue;
    if (::fstatat(folder.number(), each->d_name, &s, AT_SYMLINK_NOFOLLOW) != 0) continue;  // it was removed meanwhile
    if (S_ISREG(s.st_mode) || S_ISDIR(s.st_mode)) entries.push_back(entry_of(s, name));
  }
  std::sort(entries.begin(), entries.end(), [](const entry& a, const entry& b) { return a.name < b.name; });
  return entries;
}

tree::arriving::arriving(const tree& where, std::string_view path) {
  static std::atomic<std::uint64_t> number{0};
  folder_ = where.open_parent(path, name_);
  if (name_ == ".") throw gate::Error(gate::errc::failed, "a file needs a name");
  temporary_ = "." + name_.substr(0, 200) + "." + std::to_string(::getpid()) + "-" + std::to_string(++number) + ".part";
  file_ = descriptor(
      ::openat(folder_.number(), temporary_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (file_.number() < 0) fail(path, errno);
}

tree::arriving::~arriving() {
  if (!complete_ && file_.number() >= 0) ::unlinkat(folder_.number(), temporary_.c_str(), 0);
}

void tree::arriving::complete() {
  if (::renameat(folder_.number(), temporary_.c_str(), folder_.number(), name_.c_str()) != 0) fail(name_, errno);
  complete_ = true;
}

}  // namespace file_server
