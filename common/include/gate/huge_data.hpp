// HugeData: octets of any size, in constant memory. docs/hugedata.md is the page for users.
//
//   task<HugeData> read(std::string path) { co_return HugeData::from_file(root / path); }          // a method
//
//   HugeData image = co_await client["files"]["read"]("disk.img").huge();                           // a caller
//   co_await image.to_file("disk.img");
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <gate/async_generator.hpp>
#include <gate/clock.hpp>
#include <gate/generator.hpp>
#include <gate/limits.hpp>
#include <gate/named_value.hpp>
#include <gate/task.hpp>
#include <gate/type_name.hpp>
#include <gate/unique_function.hpp>

namespace gate {

class loop;
class blocking_huge;

namespace detail {
class huge_source;
}

enum class huge_compression : std::uint8_t {
  automatic,  // zstd, but for chunks of which a sample does not compress
  none,       // as it is: for what is known to be compressed already, or a fast link
};

// How a HugeData is sent. Receivers ignore it.
struct huge_options {
  huge_options() = default;  // so it is no aggregate: see docs/gcc12.md

  huge_compression compression = huge_compression::automatic;
  // Of zstd, from -7 (fast) to 19 (small); for a gate-rpc peer, whose codecs know 1 to 9. One out of the range counts
  // as the nearest in it. Absent: limits::huge_zstd_level, or what is quick of the other codecs.
  std::optional<int> level;
  // Of zstd: the base-two logarithm of its window, 10 to 20, or the nearest of these. Absent: what fits the chunk.
  std::optional<int> window_log;
  // Octets of a chunk before compression: 4 KiB to limits::huge_chunk_bytes_max, or the nearest of these. A chunk is
  // held as a whole by whoever sends or receives it, and is the unit of checking and of resuming.
  std::size_t chunk_bytes = limits::huge_chunk_bytes;
  // Names the content: two sources with the same etag have the same octets, so that a transfer which broke off with one
  // may go on with the other. At most 255 octets, over which the makers throw. from_file() sets it from size, time of
  // change and inode unless given.
  std::string etag;
  // How many octets there are, where the source does not tell by itself. A source that then gives more or fewer fails
  // the transfer. Worth giving: the receiver shows how far it is, and can refuse at once what is too large.
  std::optional<std::uint64_t> total;
};

// How far a transfer is.
struct huge_progress {
  std::uint64_t bytes = 0;             // of the whole, those before the start of a resumed transfer included
  std::optional<std::uint64_t> total;  // of the whole
  double rate = 0;                     // bytes a second, over the last seconds
  std::optional<duration> estimate;    // until the end, at that rate
};
// Called by whoever reads, some ten times a second and once at the end. What it throws ends the transfer.
using progress_function = unique_function<void(const huge_progress&)>;

// A progress_function as a parameter of what is awaited: refuses a lambda that the compiler would destroy twice.
class awaited_progress {
 public:
  awaited_progress() noexcept = default;
  template <class F>
    requires(!std::same_as<std::remove_cvref_t<F>, awaited_progress> && std::convertible_to<F, progress_function>)
  awaited_progress(F&& f) : function_(std::forward<F>(f)) {  // NOLINT: as progress_function
    static_assert(detail::safe_argument<F>, GATE_NAME_THE_LAMBDA);
  }
  progress_function take() noexcept { return std::move(function_); }

 private:
  progress_function function_;
};

// Octets that need not fit into memory: the result of a method, or an argument.
//
// One is made by a maker below and sent by returning it or passing it as an argument; or it was received, and is then
// read, once, by next(), to_file() or to_memory(). What is read was verified. (One that was made can be read, and one
// that was received can be sent on, too.) Dropping a received one that was not read to its end cancels its transfer.
//
// Move-only, not to be moved while a read is awaited. One reader at a time, always on the same loop, which outlives the
// reading; a thread without a loop says blocking().
class [[nodiscard]] HugeData {
 public:
  // --- to send. Each maker throws std::invalid_argument for an etag over 255 octets.

  static HugeData from_memory(std::string octets, huge_options options = {});
  static HugeData from_memory(std::vector<std::byte> octets, huge_options options = {});
  // A regular file, from its first octet to its size now. A file that changes while it is sent fails the transfer.
  // Throws std::system_error when it cannot be opened, std::invalid_argument when it is not a regular file.
  static HugeData from_file(const std::filesystem::path& path, huge_options options = {});
  // `length` octets of an open file from `offset` on, which counts as their beginning. The descriptor is duplicated and
  // its position not used. Throws std::system_error.
  static HugeData from_descriptor(int descriptor, std::uint64_t offset, std::uint64_t length,
                                  huge_options options = {});
  // What a generator yields, one piece after another; pieces may have any size. A plain one runs on threads of a pool
  // that all transfers share, never on two at once, and may block, but not for long; an asynchronous one runs on the
  // loop of whoever sends. What it throws fails the transfer.
  static HugeData from_chunks(generator<std::string> chunks, huge_options options = {});
  static HugeData from_chunks(async_generator<std::string> chunks, huge_options options = {});

  // --- to read

  // The next octets, at least one; nothing at the end, and ever after. `while (auto chunk = co_await huge.next())`.
  // Throws Error with what the call failed with; of the transfer itself data_loss (what came is damaged or incomplete),
  // too_large (over a bound of gate/limits.hpp, or of the client's or worker's options); `cancelled`, after which the
  // reading may go on. An Error ends it: position() tells how much was good.
  task<std::optional<std::string>> next();

  // Writes all of it to a file, in threads of a pool; returns how many octets were written. A transfer from the
  // beginning replaces what the file held, a resumed one goes on at position(), and throws Error(errc::failed) when the
  // file is shorter than that. Nothing is synced to the disk. When it throws (what next() throws, or std::system_error)
  // the file holds the verified octets up to position().
  task<std::uint64_t> to_file(std::filesystem::path path, awaited_progress on_progress = {});
  // The same into an open file, whose octet position() is the next one; nothing of it is cut off.
  task<std::uint64_t> to_descriptor(int descriptor, awaited_progress on_progress = {});

  // All of it. Throws Error(errc::too_large) as soon as it is known to exceed `bytes_max`, and what next() throws.
  task<std::string> to_memory(std::size_t bytes_max = limits::huge_value_bytes_max);

  // The size of the whole, where the sender knows it.
  std::optional<std::uint64_t> total() const noexcept;
  // Names the content; empty when the sender does not. Ask for it again with (position(), etag()) to go on.
  const std::string& etag() const noexcept;
  // How many octets of the whole lie before the first one of this: 0 unless resumed.
  std::uint64_t offset() const noexcept;
  // How many lie before the next one to be read. All of them were verified.
  std::uint64_t position() const noexcept { return position_; }

  // For a thread that waits: `for (const std::string& chunk : std::move(huge).blocking())`. Its reads throw
  // Error(errc::invalid_argument) on the thread of the client or worker that receives it.
  blocking_huge blocking() &&;

  // False once moved from.
  explicit operator bool() const noexcept { return source_ != nullptr; }

  HugeData(HugeData&&) noexcept;
  HugeData& operator=(HugeData&&) noexcept;
  ~HugeData();

  // --- for the runtimes, see common/src/huge/

  HugeData(std::unique_ptr<detail::huge_source> source, huge_options options);
  const huge_options& options() const noexcept { return options_; }
  detail::huge_source& source() noexcept { return *source_; }
  const detail::huge_source& source() const noexcept { return *source_; }

 private:
  task<std::uint64_t> write_to(int descriptor, progress_function on_progress);

  std::unique_ptr<detail::huge_source> source_;
  huge_options options_;
  std::uint64_t position_ = 0;
};

template <> struct type_name_of<HugeData> {
  static constexpr std::string_view name = "HugeData";
};

// A HugeData that is read by a thread which waits. Its functions are those of HugeData, and throw what they throw;
// those that read also Error(errc::invalid_argument) on the thread that receives it, which would wait for itself.
class [[nodiscard]] blocking_huge {
 public:
  explicit blocking_huge(HugeData data);
  blocking_huge(blocking_huge&&) noexcept;
  blocking_huge& operator=(blocking_huge&&) noexcept;
  ~blocking_huge();

  std::optional<std::string> next();
  std::uint64_t to_file(std::filesystem::path path, progress_function on_progress = {});
  std::string to_memory(std::size_t bytes_max = limits::huge_value_bytes_max);

  std::optional<std::uint64_t> total() const noexcept { return data_.total(); }
  const std::string& etag() const noexcept { return data_.etag(); }
  std::uint64_t offset() const noexcept { return data_.offset(); }
  std::uint64_t position() const noexcept { return data_.position(); }

  class iterator {
   public:
    using iterator_concept = std::input_iterator_tag;
    using value_type = std::string;
    using difference_type = std::ptrdiff_t;
    explicit iterator(blocking_huge& source) : source_(&source), chunk_(source.next()) {}
    std::string& operator*() const noexcept { return *chunk_; }
    std::string* operator->() const noexcept { return &*chunk_; }
    iterator& operator++() {
      chunk_ = source_->next();
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const iterator& i, std::default_sentinel_t) noexcept { return !i.chunk_.has_value(); }

   private:
    blocking_huge* source_;
    mutable std::optional<std::string> chunk_;
  };
  iterator begin() { return iterator(*this); }
  std::default_sentinel_t end() const noexcept { return {}; }

 private:
  void check_thread() const;

  std::unique_ptr<loop> loop_;  // what the thread waits with; outlives the data
  HugeData data_;
};

}  // namespace gate
