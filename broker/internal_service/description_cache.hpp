// Keeps large answers of `describe`, because a descriptor of a megabyte takes long to compose and may be asked for
// again and again. No I/O. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <gate/limits.hpp>
#include <gate/type_name.hpp>

namespace gate::broker {

class description_cache {
 public:
  using answer = std::shared_ptr<const std::string>;

  // The parts of an answer. If one changes, the answer is composed anew.
  struct source {
    std::uint64_t registration = 0;  // of the worker that gave the descriptor; 0: no worker has one
    std::string description;         // of the service
    bool operator==(const source&) const = default;
  };

  // The answer for that service. Null if none is kept, or if it was composed of other parts.
  answer find(std::string_view service, const source& from) const {
    const auto found = kept_.find(service);
    return found != kept_.end() && found->second.from == from ? found->second.encoded : nullptr;
  }

  // Replaces the answer for that service. An answer below bytes_min or above bytes_max is not kept.
  answer keep(std::string_view service, const source& from, std::string encoded) {
    auto made = std::make_shared<const std::string>(std::move(encoded));
    if (const auto former = kept_.find(service); former != kept_.end()) {
      bytes_ -= former->second.encoded->size();
      kept_.erase(former);
    }
    if (made->size() < bytes_min || made->size() > bytes_max) return made;
    if (bytes_ + made->size() > bytes_max) forget();
    kept_.emplace(service, entry{from, made});
    bytes_ += made->size();
    return made;
  }

  void forget() noexcept {
    kept_.clear();
    bytes_ = 0;
  }

  std::size_t bytes() const noexcept { return bytes_; }

  static constexpr std::size_t bytes_min = 16u << 10;                         // a smaller answer is composed quickly
  static constexpr std::size_t bytes_max = 4 * limits::descriptor_bytes_max;  // of all kept answers

 private:
  struct entry {
    source from;
    answer encoded;
  };
  std::map<std::string, entry, std::less<>> kept_;
  std::size_t bytes_ = 0;
};

// A service_description that is encoded already.
struct encoded_description {
  description_cache::answer encoded;
  template <class Packer> void msgpack_pack(Packer& to) const {
    to.pack_str_body(encoded->data(), static_cast<std::uint32_t>(encoded->size()));  // without a header of its own
  }
};

}  // namespace gate::broker

template <> struct gate::type_name_of<gate::broker::encoded_description> {
  static constexpr std::string_view name = "service_description";
};
