#include "common/credentials/private_file.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace gate {
namespace {

class descriptor_guard {
 public:
  explicit descriptor_guard(int descriptor) noexcept : descriptor_(descriptor) {}
  descriptor_guard(const descriptor_guard&) = delete;
  descriptor_guard& operator=(const descriptor_guard&) = delete;
  ~descriptor_guard() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  int get() const noexcept { return descriptor_; }
  int release() noexcept { return std::exchange(descriptor_, -1); }

 private:
  int descriptor_;
};

[[noreturn]] void fail(const std::string& path, const std::string& what) {
  throw private_file_error(path + ": " + what);
}

[[noreturn]] void fail_errno(const std::string& path, const std::string& what) {
  std::string why = what + ": " + std::generic_category().message(errno);
  std::error_code unknown;
  const std::filesystem::path here = std::filesystem::current_path(unknown);
  if (!unknown && !path.starts_with('/')) why += " (in the folder " + here.string() + ")";
  fail(path, why);
}

std::string mode_text(mode_t mode) {
  std::array<char, 8> text{};
  std::snprintf(text.data(), text.size(), "%04o", static_cast<unsigned>(mode & 07777));
  return text.data();
}

struct stat status_of(int descriptor, const std::string& path) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) fail_errno(path, "cannot be examined");
  return status;
}

void check_owner(const struct stat& status, const std::string& path) {
  if (status.st_uid != 0 && status.st_uid != ::geteuid()) fail(path, "belongs to another user");
}

// The path with links followed. If the file does not exist yet, the path as it is.
std::string resolved(const std::string& path) {
  std::error_code error;
  const auto real = std::filesystem::canonical(path, error);
  return error ? path : real.string();
}

std::string folder_of(const std::string& path) {
  const auto parent = std::filesystem::path(path).parent_path();
  return parent.empty() ? "." : parent.string();
}

void write_all(int descriptor, bytes_view content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t written = ::write(descriptor, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail_errno(path, "cannot be written");
    content.remove_prefix(static_cast<std::size_t>(written));
  }
}

// The new file under a temporary name. The destructor removes it unless it got its final name.
class draft {
 public:
  explicit draft(const std::string& path) : name_(path + ".XXXXXX"), file_(::mkostemp(name_.data(), O_CLOEXEC)) {
    if (file_.get() < 0) fail_errno(path, "cannot make a file beside it");
  }
  ~draft() {
    if (!name_.empty()) ::unlink(name_.c_str());
  }
  draft(const draft&) = delete;
  draft& operator=(const draft&) = delete;

  int descriptor() const noexcept { return file_.get(); }
  const std::string& name() const noexcept { return name_; }
  void moved() noexcept { name_.clear(); }

 private:
  std::string name_;
  descriptor_guard file_;
};

void keep_owner(int descriptor, const std::string& path) {
  struct stat old {};
  if (::stat(path.c_str(), &old) != 0 || old.st_uid == ::geteuid()) return;
  if (::fchown(descriptor, old.st_uid, old.st_gid) != 0) fail_errno(path, "cannot keep its owner");
}

}  // namespace

secret read_private_file(const std::string& path) {
  // Without O_NONBLOCK, open() would wait if a pipe has that name.
  const descriptor_guard file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) fail_errno(path, "cannot be opened");
  const struct stat status = status_of(file.get(), path);
  if (!S_ISREG(status.st_mode)) fail(path, "is no regular file");
  check_owner(status, path);
  if ((status.st_mode & 077) != 0) {
    fail(path, "others can read or change it (mode " + mode_text(status.st_mode) + "): chmod 600 " + path);
  }
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size > private_file_bytes_max) fail(path, "is too large");
  secret content(size);
  std::size_t have = 0;
  while (have < size) {
    const ssize_t got = ::read(file.get(), content.data() + have, size - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail_errno(path, "cannot be read");
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  content.shorten(have);
  return content;
}

void check_private_folder(const std::string& path) {
  const descriptor_guard folder(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_DIRECTORY));
  if (folder.get() < 0) fail_errno(path, "cannot be opened as a folder");
  const struct stat status = status_of(folder.get(), path);
  check_owner(status, path);
  if ((status.st_mode & 022) != 0) {
    fail(path, "others can write into it (mode " + mode_text(status.st_mode) + "): chmod go-w " + path);
  }
}

void write_private_file(const std::string& path, bytes_view content, when_there policy) {
  const std::string place = resolved(path);
  draft made(place);
  keep_owner(made.descriptor(), place);
  if (::fchmod(made.descriptor(), 0600) != 0) fail_errno(place, "cannot get mode 0600");
  write_all(made.descriptor(), content, place);
  if (::fsync(made.descriptor()) != 0) fail_errno(place, "cannot be written");
  if (policy == when_there::refuse) {
    // link(2) refuses a name that exists, rename(2) would replace the file. The temporary name is removed with the
    // draft.
    if (::link(made.name().c_str(), place.c_str()) != 0) {
      if (errno == EEXIST) fail(path, "is there already; it is not overwritten");
      fail_errno(path, "cannot be made");
    }
  } else {
    if (::rename(made.name().c_str(), place.c_str()) != 0) fail_errno(path, "cannot be replaced");
    made.moved();
  }
  const descriptor_guard folder(::open(folder_of(place).c_str(), O_RDONLY | O_CLOEXEC | O_DIRECTORY));
  if (folder.get() >= 0) ::fsync(folder.get());
}

file_lock::file_lock(const std::string& path) {
  // Locks the folder, because write_private_file() replaces the file itself by another one.
  const std::string folder = folder_of(resolved(path));
  descriptor_guard opened(::open(folder.c_str(), O_RDONLY | O_CLOEXEC | O_DIRECTORY));
  if (opened.get() < 0) fail_errno(folder, "cannot be opened as a folder");
  while (::flock(opened.get(), LOCK_EX) != 0) {
    if (errno != EINTR) fail_errno(folder, "cannot be locked");
  }
  descriptor_ = opened.release();
}

file_lock::~file_lock() { ::close(descriptor_); }

}  // namespace gate
