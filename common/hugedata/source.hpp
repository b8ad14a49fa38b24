// Where the bytes of a HugeData come from, as the two ends of a transfer and HugeData itself see it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gate/async_generator.hpp>
#include <gate/generator.hpp>
#include <gate/protocol.hpp>
#include <gate/task.hpp>

namespace gate::detail {

// Bytes that a source gives: its own, or a view of what the source holds for as long as it lives.
struct huge_piece {
  std::string own;
  bytes_view shared;  // used when `own` is empty
  bytes_view bytes() const noexcept { return own.empty() ? shared : bytes_view(own); }
};

// One of two kinds. A blocking one is read with read(), by one thread at a time, any thread; an asynchronous one with
// next(), always on one loop, where it is destroyed as well, or (if it was received) anywhere.
class huge_source {
 public:
  huge_source() = default;
  huge_source(const huge_source&) = delete;
  huge_source& operator=(const huge_source&) = delete;
  virtual ~huge_source() = default;

  // Known before the first read.
  virtual bool blocking() const noexcept = 0;
  virtual std::optional<std::uint64_t> total() const noexcept = 0;
  virtual const std::string& etag() const noexcept = 0;
  virtual std::uint64_t offset() const noexcept = 0;
  // Begins there instead, before the first read: false when the source can only begin at its beginning.
  virtual bool seek(std::uint64_t offset) = 0;

  // At most `bytes_max` bytes, empty only at the end. Blocking sources.
  virtual huge_piece read(std::size_t bytes_max);
  // The next bytes, of any size but 0; nothing at the end. Asynchronous sources.
  virtual task<std::optional<std::string>> next();

  // Of one that was received. The reader wants no more of it: cancels the transfer.
  virtual void give_up() noexcept {}
  // The calling thread is the one that brings the bytes: it cannot wait for them.
  virtual bool fed_by_this_thread() const { return false; }
  // So many bytes were collected in memory, and stay there for as long as this lives. False: that is too much.
  virtual bool account(std::uint64_t bytes) noexcept {
    (void)bytes;
    return true;
  }
};

// What a HugeData of its own is made from.
std::unique_ptr<huge_source> make_memory_source(std::string raw, std::string etag);
std::unique_ptr<huge_source> make_memory_source(std::vector<std::byte> raw, std::string etag);
// Takes the descriptor. A file that is to stay as it is has changed when its size or time of change has.
std::unique_ptr<huge_source> make_file_source(int descriptor, std::uint64_t offset, std::uint64_t length,
                                              bool stays_as_it_is, std::string etag);
std::unique_ptr<huge_source> make_source(generator<std::string> chunks, std::optional<std::uint64_t> total,
                                         std::string etag);
std::unique_ptr<huge_source> make_source(async_generator<std::string> chunks, std::optional<std::uint64_t> total,
                                         std::string etag);

}  // namespace gate::detail
