#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gate/assert.hpp>
#include <gate/error.hpp>
#include <gate/huge_data.hpp>
#include <gate/loop.hpp>

#include "common/hugedata/pool.hpp"
#include "common/hugedata/source.hpp"
#include "common/hugedata/src/file_sink.hpp"
#include "common/hugedata/src/progress_meter.hpp"

namespace gate {

namespace {

[[noreturn]] void throw_errno(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

class owned_descriptor {
 public:
  explicit owned_descriptor(int number) noexcept : number_(number) {}
  owned_descriptor(const owned_descriptor&) = delete;
  owned_descriptor& operator=(const owned_descriptor&) = delete;
  ~owned_descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  int get() const noexcept { return number_; }
  int release() noexcept { return std::exchange(number_, -1); }

 private:
  int number_;
};

std::string hexadecimal(std::uint64_t number) {
  std::string text;
  for (int shift = 60; shift >= 0; shift -= 4) {
    const auto digit = number >> shift & 15;
    if (digit != 0 || !text.empty() || shift == 0) text += "0123456789abcdef"[digit];
  }
  return text;
}

// An etag that changes when the file changes.
std::string etag_of(const struct stat& s) {
  return hexadecimal(static_cast<std::uint64_t>(s.st_size)) + '-' +
         hexadecimal(static_cast<std::uint64_t>(s.st_mtim.tv_sec)) + '.' +
         hexadecimal(static_cast<std::uint64_t>(s.st_mtim.tv_nsec)) + '-' +
         hexadecimal(static_cast<std::uint64_t>(s.st_ino));
}

// Throws for a transfer that no thread can read or write. Other calls go on.
[[noreturn]] void throw_busy() {
  throw Error(errc::busy, "the system starts no thread for a transfer of this process at the moment (ulimit -u)");
}

// Reads a blocking source in the pool, as it may wait for a disk and would block the loop.
task<std::optional<std::string>> read_in_pool(detail::huge_source& source) {
  auto job = [&source] {
    const detail::huge_piece piece = source.read(limits::huge_chunk_bytes);
    return std::string(piece.bytes());
  };
  std::optional<std::string> chunk;
  try {
    auto reading = huge::transfer_pool().run(std::move(job));
    std::string raw = co_await reading;
    if (!raw.empty()) chunk.emplace(std::move(raw));
  } catch (const pool_full&) {
    throw_busy();
  }
  co_return chunk;
}

}  // namespace

// --- makers

HugeData::HugeData(std::unique_ptr<detail::huge_source> source, huge_options options)
    : source_(std::move(source)), options_(std::move(options)), position_(source_->offset()) {
  if (options_.etag.size() > 255) throw std::invalid_argument("an etag has up to 255 bytes");
}
HugeData::HugeData(HugeData&&) noexcept = default;
HugeData& HugeData::operator=(HugeData&&) noexcept = default;
HugeData::~HugeData() = default;

HugeData HugeData::from_memory(std::string raw, huge_options options) {
  auto source = detail::make_memory_source(std::move(raw), options.etag);
  return HugeData(std::move(source), std::move(options));
}

HugeData HugeData::from_memory(std::vector<std::byte> raw, huge_options options) {
  auto source = detail::make_memory_source(std::move(raw), options.etag);
  return HugeData(std::move(source), std::move(options));
}

HugeData HugeData::from_file(const std::filesystem::path& path, huge_options options) {
  // O_NONBLOCK: otherwise opening a pipe would wait for its writer.
  owned_descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));  // NOLINT: a C function with `...`
  if (file.get() < 0) throw_errno(path.string());
  struct stat about {};
  if (::fstat(file.get(), &about) != 0) throw_errno(path.string());
  if (!S_ISREG(about.st_mode)) throw std::invalid_argument(path.string() + " is not a regular file");
  if (options.etag.empty()) options.etag = etag_of(about);
  const auto size = static_cast<std::uint64_t>(about.st_size);
  const int descriptor = file.release();
  auto source = detail::make_file_source(descriptor, 0, size, true, options.etag);
  return HugeData(std::move(source), std::move(options));
}

HugeData HugeData::from_descriptor(int descriptor, std::uint64_t offset, std::uint64_t length, huge_options options) {
  owned_descriptor own(::fcntl(descriptor, F_DUPFD_CLOEXEC, 0));  // NOLINT: a C function with `...`
  if (own.get() < 0) throw_errno("cannot duplicate a descriptor");
  const int duplicate = own.release();
  auto source = detail::make_file_source(duplicate, offset, length, false, options.etag);
  return HugeData(std::move(source), std::move(options));
}

HugeData HugeData::from_chunks(generator<std::string> chunks, huge_options options) {
  auto source = detail::make_source(std::move(chunks), options.total, options.etag);
  return HugeData(std::move(source), std::move(options));
}

HugeData HugeData::from_chunks(async_generator<std::string> chunks, huge_options options) {
  auto source = detail::make_source(std::move(chunks), options.total, options.etag);
  return HugeData(std::move(source), std::move(options));
}

// --- reading

std::optional<std::uint64_t> HugeData::total() const noexcept { return source_->total(); }
const std::string& HugeData::etag() const noexcept { return source_->etag(); }
std::uint64_t HugeData::offset() const noexcept { return source_->offset(); }

task<std::optional<std::string>> HugeData::next() {
  auto reading = source_->blocking() ? read_in_pool(*source_) : source_->next();
  std::optional<std::string> chunk = co_await std::move(reading);
  if (chunk) position_ += chunk->size();
  co_return chunk;
}

task<std::string> HugeData::to_memory(std::size_t bytes_max) {
  const auto refuse = [this] {
    source_->give_up();
    throw Error(errc::too_large, "the transfer is larger than may be collected in memory");
  };
  std::string all;
  const std::optional<std::uint64_t> known = total();
  if (known && *known - std::min(*known, position_) > bytes_max) refuse();
  if (known) all.reserve(static_cast<std::size_t>(*known - std::min(*known, position_)));
  while (auto chunk = co_await next()) {
    if (chunk->size() > bytes_max - all.size() || !source_->account(chunk->size())) refuse();
    all += *chunk;
  }
  co_return all;
}

task<std::uint64_t> HugeData::to_descriptor(int descriptor, awaited_progress on_progress) {
  owned_descriptor own(::fcntl(descriptor, F_DUPFD_CLOEXEC, 0));  // NOLINT: a C function with `...`
  if (own.get() < 0) throw_errno("cannot duplicate a descriptor");
  co_return co_await write_to(own.get(), on_progress.take());
}

task<std::uint64_t> HugeData::to_file(std::filesystem::path path, awaited_progress on_progress) {
  const int flags = O_WRONLY | O_CREAT | O_CLOEXEC | (position_ == 0 ? O_TRUNC : 0);
  owned_descriptor file(::open(path.c_str(), flags, 0666));  // NOLINT: a C function with `...`
  if (file.get() < 0) throw_errno(path.string());
  if (position_ != 0) {
    struct stat about {};
    if (::fstat(file.get(), &about) != 0) throw_errno(path.string());
    if (static_cast<std::uint64_t>(about.st_size) < position_) {
      throw Error(errc::failed, path.string() + " is shorter than what the transfer goes on behind");
    }
    if (::ftruncate(file.get(), static_cast<off_t>(position_)) != 0) throw_errno(path.string());
  }
  co_return co_await write_to(file.get(), on_progress.take());
}

task<std::uint64_t> HugeData::write_to(int descriptor, progress_function on_progress) {
  loop& here = co_await this_loop();
  huge::progress_meter meter(position_, here.now(), std::move(on_progress));
  const std::uint64_t begin = position_;
  while (auto chunk = co_await next()) {
    const std::uint64_t at = position_ - chunk->size();
    auto job = [descriptor, at, raw = std::string_view(*chunk)] { huge::write_at(descriptor, raw, at); };
    try {
      auto writing = huge::transfer_pool().run(std::move(job));
      co_await writing;
    } catch (const pool_full&) {
      throw_busy();
    }
    meter.moved(position_, total(), here.now());
  }
  meter.ended(position_, total(), here.now());
  co_return position_ - begin;
}

blocking_huge HugeData::blocking() && { return blocking_huge(std::move(*this)); }

// --- by a thread that waits

blocking_huge::blocking_huge(HugeData data) : loop_(std::make_unique<loop>()), data_(std::move(data)) {}
blocking_huge::blocking_huge(blocking_huge&&) noexcept = default;
blocking_huge& blocking_huge::operator=(blocking_huge&& other) noexcept {
  if (this != &other) {
    data_ = std::move(other.data_);  // must go before the loop that it was read on
    loop_ = std::move(other.loop_);
  }
  return *this;
}
blocking_huge::~blocking_huge() = default;

void blocking_huge::check_thread() const {
  if (data_.source().fed_by_this_thread()) {
    throw Error(errc::invalid_argument, "a read that blocks, on the thread that brings the bytes: co_await it");
  }
}

std::optional<std::string> blocking_huge::next() {
  check_thread();
  return loop_->run(data_.next());
}

std::uint64_t blocking_huge::to_file(std::filesystem::path path, progress_function on_progress) {
  check_thread();
  return loop_->run(data_.to_file(std::move(path), std::move(on_progress)));
}

std::string blocking_huge::to_memory(std::size_t bytes_max) {
  check_thread();
  return loop_->run(data_.to_memory(bytes_max));
}

}  // namespace gate
