// A message that is kept as its envelope: as few bytes as on the wire, and parsed each time that it is read. For
// messages of which very many may be kept. kept_message is for those that are read at once.
#pragma once

#include <cstddef>
#include <string>

#include <gate/assert.hpp>
#include <gate/protocol.hpp>

#include "common/wire/gate2.hpp"

namespace gate::wire::gate2 {

class kept_envelope {
 public:
  kept_envelope() noexcept = default;
  explicit kept_envelope(const message& m) { keep(m); }

  // Keeps this message, in place of the one before. The memory of that one is used again.
  void keep(const message& m) {
    bytes_.clear();
    append(bytes_, m);
  }
  void clear() noexcept { bytes_.clear(); }

  bool empty() const noexcept { return bytes_.empty(); }
  std::size_t bytes() const noexcept { return bytes_.size(); }
  std::size_t capacity_bytes() const noexcept { return bytes_.capacity(); }

  // The message, with views into this object. Asserts that there is one.
  message view() const {
    reader envelopes(bytes_);
    message m;
    const bool is_sound = envelopes.next(m);
    GATE_ASSERT(is_sound);
    return m;
  }

 private:
  std::string bytes_;
};

}  // namespace gate::wire::gate2
