#include "cli/commands/input.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>

#include <gate/error.hpp>

#include "cli/context/outcome.hpp"

namespace gate::cli {
namespace {

constexpr std::size_t read_bytes = 256u << 10;

std::string reason(int number) { return std::strerror(number); }

owned_descriptor nameless_file(std::string& folder) {
  const char* const said = std::getenv("TMPDIR");
  folder = said != nullptr && *said != '\0' ? said : "/tmp";
  std::string path = folder + "/gate-call-XXXXXX";
  owned_descriptor file(::mkostemp(path.data(), O_CLOEXEC));
  if (file.is_open()) ::unlink(path.c_str());
  return file;
}

}  // namespace

input::input(const std::string& file)
    : label_(file == "-" ? "standard input" : "'" + file + "'"), stopped_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (file == "-") {
    from_ = STDIN_FILENO;
  } else {
    own_ = owned_descriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));  // NOLINT: so it is declared
    from_ = own_.number();
  }
  struct stat about {};
  if (from_ < 0 || ::fstat(from_, &about) != 0) throw usage_error("cannot read " + label_ + ": " + reason(errno));
  if (S_ISDIR(about.st_mode)) throw usage_error("cannot read " + label_ + ": it is a folder");
  const int flags = ::fcntl(from_, F_GETFL);  // NOLINT: so it is declared
  if ((flags & O_ACCMODE) == O_WRONLY)
    throw usage_error("cannot read " + label_ + ": it is closed, or open for writing only");
  if (!stopped_.is_open()) throw usage_error("cannot read " + label_ + ": " + reason(errno));
  // Files in /proc have a size of 0, but are not empty.
  if (!S_ISREG(about.st_mode) || about.st_size == 0) return;
  const off_t position = file == "-" ? std::max<off_t>(::lseek(from_, 0, SEEK_CUR), 0) : 0;
  begin_ = static_cast<std::uint64_t>(std::min<off_t>(position, about.st_size));
  size_ = static_cast<std::uint64_t>(about.st_size) - begin_;
  at_first_ = about;
}

input::input(const input& other, int descriptor)
    : label_(other.label_),
      own_(descriptor),
      stopped_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      from_(descriptor),
      size_(other.size_),
      begin_(other.begin_),
      at_first_(other.at_first_) {
  if (!own_.is_open() || !stopped_.is_open()) fail("cannot read " + label_ + " again: " + reason(errno));
}

input_ptr input::again() const {
  return input_ptr(new input(*this, ::fcntl(from_, F_DUPFD_CLOEXEC, 0)));  // NOLINT: the constructor is private
}

void input::fail(const std::string& what) const { throw Error(errc::failed, what); }

std::string input::read(std::size_t bytes_max) {
  if (ahead_.empty()) return read_part(bytes_max);
  std::string part = ahead_.substr(0, bytes_max);
  ahead_.erase(0, part.size());
  return part;
}

std::string input::read_part(std::size_t bytes_max) {
  std::size_t wanted = std::min(bytes_max, read_bytes);
  if (size_) wanted = static_cast<std::size_t>(std::min<std::uint64_t>(wanted, *size_ - at_));
  std::string part(wanted, '\0');
  while (wanted > 0) {
    wait();
    const ssize_t got = size_ ? ::pread(from_, part.data(), wanted, static_cast<off_t>(begin_ + at_))
                              : ::read(from_, part.data(), wanted);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got < 0) fail("cannot read " + label_ + ": " + reason(errno));
    part.resize(static_cast<std::size_t>(got));
    break;
  }
  if (size_ && part.empty() && at_ < *size_) fail(label_ + " became shorter while it was read");
  at_ += part.size();
  if (size_ && at_ == *size_) check_unchanged();
  return part;
}

// If the file changes while it is sent, the call fails: the content must be of one moment.
void input::check_unchanged() const {
  struct stat now {};
  if (::fstat(from_, &now) != 0) fail("cannot read " + label_ + ": " + reason(errno));
  const bool same = now.st_size == at_first_.st_size && now.st_mtim.tv_sec == at_first_.st_mtim.tv_sec &&
                    now.st_mtim.tv_nsec == at_first_.st_mtim.tv_nsec;
  if (!same) fail(label_ + " changed while it was read: call again when nobody writes to it");
}

void input::wait() const {
  std::array<pollfd, 2> both{
      {{.fd = stopped_.number(), .events = POLLIN, .revents = 0}, {.fd = from_, .events = POLLIN, .revents = 0}}};
  while (::poll(both.data(), both.size(), -1) < 0) {
    if (errno != EINTR) fail("cannot wait for " + label_ + ": " + reason(errno));
  }
  if (both[0].revents != 0) throw Error(errc::cancelled, label_ + " is not wanted any more");
}

void input::stop() noexcept { static_cast<void>(::eventfd_write(stopped_.number(), 1)); }

std::optional<std::string> input::read_whole(std::size_t bytes_max) {
  if (size_ && *size_ - at_ > bytes_max) return std::nullopt;
  std::string all;
  for (;;) {
    std::string part = read(read_bytes);
    if (part.empty()) return all;
    all += part;
    if (all.size() <= bytes_max) continue;
    ahead_.insert(0, all);
    return std::nullopt;
  }
}

void input::keep(std::uint64_t bytes_max) {
  if (size_) {
    if (*size_ > bytes_max) throw Error(errc::too_large, label_ + " is larger than one value may be");
    return;
  }
  std::string folder;
  owned_descriptor file = nameless_file(folder);
  const auto check = [&](int error) {
    if (error != 0) fail("cannot keep " + label_ + " in " + folder + " (TMPDIR): " + reason(error));
  };
  check(file.is_open() ? 0 : errno);
  std::uint64_t have = 0;
  for (std::string part = read(read_bytes); !part.empty(); part = read(read_bytes)) {
    have += part.size();
    if (have > bytes_max) throw Error(errc::too_large, label_ + " is larger than one value may be");
    check(write_all(file.number(), part));
  }
  own_ = std::move(file);
  from_ = own_.number();
  begin_ = at_ = 0;
  size_ = have;
  check(::fstat(from_, &at_first_) == 0 ? 0 : errno);
}

}  // namespace gate::cli
