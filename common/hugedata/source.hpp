// The source of the bytes of a HugeData: private to HugeData and the two ends of a transfer.
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

// Bytes from a source: `own` bytes, or a view of bytes that live as long as the source does.
struct huge_piece {
  std::string own;
  bytes_view shared;  // used when `own` is empty
  bytes_view bytes() const noexcept { return own.empty() ? shared : bytes_view(own); }
};

// There are two kinds. A blocking source is read with read(), by one thread at a time, on any thread. An asynchronous
// source is read with next(), always on the same loop, and destroyed there; one that was received may be read and
// destroyed anywhere.
class huge_source {
 public:
  huge_source() = default;
  huge_source(const huge_source&) = delete;
  huge_source& operator=(const huge_source&) = delete;
  virtual ~huge_source() = default;

  // These are known before the first read.
  virtual bool blocking() const noexcept = 0;
  virtual std::optional<std::uint64_t> total() const noexcept = 0;
  virtual const std::string& etag() const noexcept = 0;
  virtual std::uint64_t offset() const noexcept = 0;
  // Begins at `offset`. Call it before the first read. Returns false if the source can begin only at its beginning.
  virtual bool seek(std::uint64_t offset) = 0;

  // Reads at most `bytes_max` bytes; empty only at the end. For blocking sources.
  virtual huge_piece read(std::size_t bytes_max);
  // Returns the next bytes, of any size but 0; nothing at the end. For asynchronous sources.
  virtual task<std::optional<std::string>> next();

  // The reader wants no more: cancels the transfer. For a source that was received.
  virtual void give_up() noexcept {}
  // Whether the calling thread is the one that delivers the bytes: it cannot wait for them.
  virtual bool fed_by_this_thread() const { return false; }
  // This many bytes are now collected in memory, and stay there as long as this source lives. Returns false if that is
  // too much.
  virtual bool account(std::uint64_t bytes) noexcept {
    (void)bytes;
    return true;
  }
};

// The sources of a HugeData that was made here.
std::unique_ptr<huge_source> make_memory_source(std::string raw, std::string etag);
std::unique_ptr<huge_source> make_memory_source(std::vector<std::byte> raw, std::string etag);
// Takes over the descriptor. With `stays_as_it_is`, reading fails if the file's size or time of change has changed.
std::unique_ptr<huge_source> make_file_source(int descriptor, std::uint64_t offset, std::uint64_t length,
                                              bool stays_as_it_is, std::string etag);
std::unique_ptr<huge_source> make_source(generator<std::string> chunks, std::optional<std::uint64_t> total,
                                         std::string etag);
std::unique_ptr<huge_source> make_source(async_generator<std::string> chunks, std::optional<std::uint64_t> total,
                                         std::string etag);

}  // namespace gate::detail
