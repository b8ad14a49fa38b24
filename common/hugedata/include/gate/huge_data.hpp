// HugeData: an argument or a result of any size, sent in chunks and never whole in memory. docs/hugedata.md is the page
// for users.
//
//   task<HugeData> read(std::string path) { co_return HugeData::from_file(root / path); }          // a method
//
//   HugeData image = co_await client["files"]["read"]("disk.img").huge();                           // a caller
//   co_await image.to_file("disk.img");
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
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
#include <gate/file_path.hpp>
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
  automatic,  // zstd; a chunk is sent as it is if a sample of it does not compress
  none,       // no compression: for data that is compressed already, or for a fast link
};

// How a HugeData is sent. Receivers ignore it.
struct huge_options {
  huge_options() = default;  // so it is no aggregate: see docs/gcc12.md

  huge_compression compression = huge_compression::automatic;
  // The level of compression: -7 (fast) to 19 (small) for zstd, 1 to 9 for the codecs of gate-rpc. A value out of the
  // range counts as the nearest one in it. Absent: limits::huge_zstd_level, or a fast level of the other codecs.
  std::optional<int> level;
  // For zstd: the base-two logarithm of its window in bytes, 10 to 20. A value out of the range counts as the nearest
  // one in it. Absent: the window that fits a chunk.
  std::optional<int> window_log;
  // The bytes of a chunk before compression: 4 KiB to limits::huge_chunk_bytes_max. A value out of the range counts as
  // the nearest one in it. Sender and receiver hold whole chunks in memory, check each chunk, and resume at a chunk.
  std::size_t chunk_bytes = limits::huge_chunk_bytes;
  // A name for the content: two sources with the same etag have the same bytes, so a transfer that broke off with one
  // may go on with the other. At most 255 bytes, otherwise the makers throw. If it is empty, from_file() makes it from
  // the size, the modification time and the inode.
  std::string etag;
  // The size in bytes, for from_chunks(). The other makers know it. If the source yields more or fewer bytes, the
  // transfer fails. With a total the receiver can show its progress, and refuse too large a transfer at once.
  std::optional<std::uint64_t> total;
};

// How far a transfer is.
struct huge_progress {
  std::uint64_t bytes = 0;             // done, including those before the start of a resumed transfer
  std::optional<std::uint64_t> total;  // of the whole, if the sender knows it
  double rate = 0;                     // bytes per second, over the last seconds
  std::optional<duration> estimate;    // the time to the end at that rate
};
// The reader calls it on its own thread or loop, about ten times a second and once at the end. If it throws, the
// transfer fails with that exception.
using progress_function = unique_function<void(const huge_progress&)>;

// A progress_function as a parameter of an awaited function. Refuses a lambda that g++ before 13 would destroy twice.
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

// Bytes that need not fit into memory: the result of a method, or an argument.
//
// To send: make one with a function from_...() and return it, or pass it as an argument.
// To receive: read it once, with next(), to_file() or to_memory(). Bytes are verified before you get them. Destroying a
// received HugeData before its end cancels the transfer.
// You can also read one that you made, and send on one that you received.
//
// Read it on one loop, with one reader at a time. The loop must outlive the reading. A thread without a loop uses
// blocking(). Move-only; do not move it while a read is awaited.
class [[nodiscard]] HugeData {
 public:
  // --- to send. Each maker throws std::invalid_argument if the etag has more than 255 bytes.

  // Bytes in memory, which it owns from now on.
  static HugeData from_memory(std::string raw, huge_options options = {});
  static HugeData from_memory(std::vector<std::byte> raw, huge_options options = {});
  // A whole regular file, with the size that it has now. If the file changes while it is sent, the transfer fails.
  // Throws std::system_error if the file cannot be opened, std::invalid_argument if it is not a regular file.
  static HugeData from_file(const file_path& path, huge_options options = {});
  // `length` bytes of an open file, from `offset` on; the byte at `offset` becomes byte 0. Duplicates the descriptor,
  // so you may close yours. Neither uses nor moves the file position. Throws std::system_error.
  static HugeData from_descriptor(int descriptor, std::uint64_t offset, std::uint64_t length,
                                  huge_options options = {});
  // The strings that a generator yields, one after another. Each may have any size. If the generator throws, the
  // transfer fails.
  // A generator runs on a pool that all transfers share, on one thread at a time: it may block for a short time. An
  // async_generator runs on the loop of the sender.
  static HugeData from_chunks(generator<std::string> chunks, huge_options options = {});
  static HugeData from_chunks(async_generator<std::string> chunks, huge_options options = {});

  // --- to read

  // The next bytes, at least one, or std::nullopt at the end: `while (auto chunk = co_await huge.next())`. Throws
  //   - Error with the error of the call
  //   - Error(data_loss) if the data arrived damaged or incomplete
  //   - Error(too_large) beyond a limit of the client's or worker's options, or of gate/limits.hpp
  //   - `cancelled` if the awaiting coroutine is cancelled; the reading may go on afterwards.
  // After an Error the reading is over: position() says how many bytes were good. Resume with PendingCall::resume().
  task<std::optional<std::string>> next();

  // Writes the rest to a file, on threads of a pool, and returns how many bytes it wrote. A transfer from byte 0
  // replaces the content of the file. A resumed one writes from position() on, and throws Error(errc::failed) if the
  // file is shorter than that. Does not sync the file to the disk.
  // Throws what next() throws, and std::system_error. Then the file holds the verified bytes up to position().
  task<std::uint64_t> to_file(file_path path, awaited_progress on_progress = {});
  // The same into an open file, from its byte position() on. Does not truncate the file.
  task<std::uint64_t> to_descriptor(int descriptor, awaited_progress on_progress = {});

  // All bytes. Throws Error(errc::too_large) as soon as it is known that more than `bytes_max` come, and what next()
  // throws.
  task<std::string> to_memory(std::size_t bytes_max = limits::huge_value_bytes_max);

  // The size of the whole in bytes, if the sender knows it.
  std::optional<std::uint64_t> total() const noexcept;
  // The name of the content; empty if the sender gave none. To resume, pass position() and etag() to
  // PendingCall::resume().
  const std::string& etag() const noexcept;
  // The byte of the whole at which this transfer began: 0 unless resumed.
  std::uint64_t offset() const noexcept;
  // The byte of the whole that is read next. All bytes before it were verified.
  std::uint64_t position() const noexcept { return position_; }

  // For a thread without a loop: `for (const std::string& chunk : std::move(huge).blocking())`.
  blocking_huge blocking() &&;

  // False after a move from this.
  explicit operator bool() const noexcept { return source_ != nullptr; }

  HugeData(HugeData&&) noexcept;
  HugeData& operator=(HugeData&&) noexcept;
  ~HugeData();

  // --- for the runtimes, see common/hugedata/

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

// A HugeData for a thread that waits. Its functions do what those of HugeData do, and throw the same. The reading ones
// also throw Error(errc::invalid_argument) on the loop's thread of the client or worker that receives it: that thread
// would wait for itself.
class [[nodiscard]] blocking_huge {
 public:
  explicit blocking_huge(HugeData data);
  blocking_huge(blocking_huge&&) noexcept;
  blocking_huge& operator=(blocking_huge&&) noexcept;
  ~blocking_huge();

  std::optional<std::string> next();
  std::uint64_t to_file(file_path path, progress_function on_progress = {});
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
