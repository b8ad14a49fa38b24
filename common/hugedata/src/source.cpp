#include "common/hugedata/source.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include <sys/stat.h>
#include <unistd.h>

#include <gate/assert.hpp>
#include <gate/error.hpp>

namespace gate::detail {

namespace {

class known_source : public huge_source {
 public:
  known_source(std::optional<std::uint64_t> total, std::string etag) noexcept : total_(total), etag_(std::move(etag)) {}
  std::optional<std::uint64_t> total() const noexcept override { return total_; }
  const std::string& etag() const noexcept override { return etag_; }
  std::uint64_t offset() const noexcept override { return 0; }
  bool seek(std::uint64_t offset) override { return offset == 0; }

 private:
  const std::optional<std::uint64_t> total_;
  const std::string etag_;
};

// A source that can begin anywhere.
class seekable_source : public known_source {
 public:
  using known_source::known_source;
  bool blocking() const noexcept override { return true; }
  std::uint64_t offset() const noexcept override { return start_; }
  bool seek(std::uint64_t offset) override {
    if (offset > *total()) return false;
    start_ = next_ = offset;
    return true;
  }

 protected:
  // The number of bytes to return now.
  std::size_t left(std::size_t bytes_max) const noexcept {
    return static_cast<std::size_t>(std::min<std::uint64_t>(bytes_max, *total() - next_));
  }
  std::uint64_t next_ = 0;

 private:
  std::uint64_t start_ = 0;
};

template <class Bytes> class memory_source final : public seekable_source {
 public:
  memory_source(Bytes raw, std::string etag) : seekable_source(raw.size(), std::move(etag)), bytes_(std::move(raw)) {}
  huge_piece read(std::size_t bytes_max) override {
    huge_piece piece;
    const std::size_t size = left(bytes_max);
    piece.shared = bytes_view(reinterpret_cast<const char*>(bytes_.data()) + next_, size);  // NOLINT: bytes
    next_ += size;
    return piece;
  }

 private:
  const Bytes bytes_;
};

class file_source final : public seekable_source {
 public:
  file_source(int descriptor, std::uint64_t offset, std::uint64_t length, bool stays, std::string etag)
      : seekable_source(length, std::move(etag)), descriptor_(descriptor), begin_(offset), stays_(stays) {
    if (stays_ && ::fstat(descriptor_, &at_first_) != 0) throw std::system_error(errno, std::generic_category());
  }
  ~file_source() override { ::close(descriptor_); }

  huge_piece read(std::size_t bytes_max) override {
    huge_piece piece;
    const std::size_t size = left(bytes_max);
    piece.own.resize(size);
    std::size_t have = 0;
    while (have < size) {
      const auto at = static_cast<off_t>(begin_ + next_ + have);
      const ssize_t got = ::pread(descriptor_, piece.own.data() + have, size - have, at);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) throw std::system_error(errno, std::generic_category(), "cannot read the file that is sent");
      if (got == 0) throw Error(errc::failed, "the file became shorter while it was sent");
      have += static_cast<std::size_t>(got);
    }
    next_ += size;
    if (next_ == *total()) check_unchanged();
    return piece;
  }

 private:
  void check_unchanged() const {
    if (!stays_) return;
    struct stat now {};
    if (::fstat(descriptor_, &now) != 0) throw std::system_error(errno, std::generic_category());
    const bool same = now.st_size == at_first_.st_size && now.st_mtim.tv_sec == at_first_.st_mtim.tv_sec &&
                      now.st_mtim.tv_nsec == at_first_.st_mtim.tv_nsec;
    if (!same) throw Error(errc::failed, "the file changed while it was sent");
  }

  const int descriptor_;
  const std::uint64_t begin_;
  const bool stays_;
  struct stat at_first_ {};
};

// Joins the yielded strings into pieces of the size that was asked for.
class generated_source final : public known_source {
 public:
  generated_source(generator<std::string> chunks, std::optional<std::uint64_t> total, std::string etag) noexcept
      : known_source(total, std::move(etag)), chunks_(std::move(chunks)) {}
  bool blocking() const noexcept override { return true; }

  huge_piece read(std::size_t bytes_max) override {
    huge_piece piece;
    while (piece.own.size() < bytes_max) {
      if (used_ == chunk_.size()) {
        std::optional<std::string> next = ended_ ? std::nullopt : chunks_.next();
        ended_ = !next.has_value();
        if (ended_) break;
        chunk_ = std::move(*next);
        used_ = 0;
      }
      if (piece.own.empty() && used_ == 0 && chunk_.size() <= bytes_max) {
        piece.own = std::exchange(chunk_, {});  // already of the right size: moved, not copied
        continue;
      }
      const std::size_t taken = std::min(bytes_max - piece.own.size(), chunk_.size() - used_);
      piece.own.append(chunk_, used_, taken);
      used_ += taken;
    }
    return piece;
  }

 private:
  generator<std::string> chunks_;
  std::string chunk_;
  std::size_t used_ = 0;
  bool ended_ = false;
};

class async_generated_source final : public known_source {
 public:
  async_generated_source(async_generator<std::string> chunks, std::optional<std::uint64_t> total,
                         std::string etag) noexcept
      : known_source(total, std::move(etag)), chunks_(std::move(chunks)) {}
  bool blocking() const noexcept override { return false; }

  task<std::optional<std::string>> next() override {
    auto chunk = co_await chunks_.next();
    while (chunk && chunk->empty()) {
      auto another = co_await chunks_.next();
      chunk = std::move(another);
    }
    co_return chunk;
  }

 private:
  async_generator<std::string> chunks_;
};

}  // namespace

huge_piece huge_source::read(std::size_t) {
  GATE_ASSERT(false);  // this source is asynchronous
  return {};
}

task<std::optional<std::string>> huge_source::next() {
  GATE_ASSERT(false);  // this source is blocking
  co_return std::nullopt;
}

std::unique_ptr<huge_source> make_memory_source(std::string raw, std::string etag) {
  return std::make_unique<memory_source<std::string>>(std::move(raw), std::move(etag));
}

std::unique_ptr<huge_source> make_memory_source(std::vector<std::byte> raw, std::string etag) {
  return std::make_unique<memory_source<std::vector<std::byte>>>(std::move(raw), std::move(etag));
}

std::unique_ptr<huge_source> make_file_source(int descriptor, std::uint64_t offset, std::uint64_t length,
                                              bool stays_as_it_is, std::string etag) {
  return std::make_unique<file_source>(descriptor, offset, length, stays_as_it_is, std::move(etag));
}

std::unique_ptr<huge_source> make_source(generator<std::string> chunks, std::optional<std::uint64_t> total,
                                         std::string etag) {
  return std::make_unique<generated_source>(std::move(chunks), total, std::move(etag));
}

std::unique_ptr<huge_source> make_source(async_generator<std::string> chunks, std::optional<std::uint64_t> total,
                                         std::string etag) {
  return std::make_unique<async_generated_source>(std::move(chunks), total, std::move(etag));
}

}  // namespace gate::detail
