#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <unordered_map>
#include <utility>

#include <gate/assert.hpp>
#include <gate/intrusive_list.hpp>
#include <gate/named_value.hpp>
#include <gate/suspension.hpp>
#include <gate/task.hpp>

namespace gate {

// A bounded table of expected answers. A caller reserves a slot with a key, sends its question, and awaits the slot.
// The code that receives an answer calls fulfil() with its key.
//
//   auto slot = co_await map.reserve(id);      waits, first come first served, while the table is full
//   send(id, question);
//   auto answer = co_await slot;
//
// A slot keeps its place until it is destroyed. An answer that comes later is refused: fulfil() returns false. Both
// waits can be cancelled. Destroying the map fails all slots, and all waits for a slot, with `cancelled`. Use a map on
// one loop's thread. K is copyable and hashable; V can be moved.
template <class K, class V, class Hash = std::hash<K>> class bounded_map {
  struct core;
  struct entry;

 public:
  class slot;
  class reservation;

  explicit bounded_map(std::size_t capacity) : core_(std::make_shared<core>(capacity)) {}
  bounded_map(const bounded_map&) = delete;
  bounded_map& operator=(const bounded_map&) = delete;
  ~bounded_map() {
    fail_all(std::make_exception_ptr(cancelled()));
    fail_waiting(std::make_exception_ptr(cancelled()));
  }

  // The number of slots that are held, and of callers that wait for a slot.
  std::size_t size() const noexcept { return core_->entries.size(); }
  std::size_t waiting() const noexcept { return core_->waiting_count; }
  std::size_t capacity() const noexcept { return core_->capacity; }
  bool full() const noexcept { return core_->used >= core_->capacity; }

  // Waits for a slot. Throws `cancelled` if the coroutine is cancelled, and std::invalid_argument if the key has a slot
  // already.
  reservation reserve(in<K> key) { return reservation(core_, K(std::move(key))); }
  // The same without waiting. Empty if the table is full, or if a caller waits already. Throws std::invalid_argument if
  // the key has a slot already.
  std::optional<slot> try_reserve(K key) {
    if (full() || core_->waiting_count > 0) return std::nullopt;
    ++core_->used;
    return core_->occupy(core_, std::move(key));
  }

  // Answers a slot with a value, or with an exception. Returns false if no slot has that key (the answer came too
  // late), or if the slot has an answer already.
  bool fulfil(const K& key, V value) {
    entry* const found = core_->unanswered(key);
    if (found == nullptr) return false;
    found->value.emplace(std::move(value));
    found->answered();
    return true;
  }
  bool fail(const K& key, std::exception_ptr error) {
    entry* const found = core_->unanswered(key);
    if (found == nullptr) return false;
    found->error = std::move(error);
    found->answered();
    return true;
  }
  // Fails each slot that has no answer, in the order of reservation. Waits for a slot go on.
  void fail_all(std::exception_ptr error) {
    for (entry& e : core_->order) {
      if (e.done()) continue;
      e.error = error;
      e.answered();
    }
  }
  // Fails all waits for a slot.
  void fail_waiting(std::exception_ptr error) {
    while (!core_->waiters.empty()) core_->waiters.front().refuse(error);
  }

  // A place in the table. An await returns the answer, or throws the exception that it was failed with. It throws
  // `cancelled` if the coroutine is cancelled; then you may await the slot again. Otherwise await it once. Move-only;
  // do not move it while it is awaited.
  class [[nodiscard]] slot {
   public:
    slot(slot&& other) noexcept
        : core_(std::move(other.core_)), entry_(std::exchange(other.entry_, nullptr)), key_(std::move(other.key_)) {}
    slot& operator=(slot&& other) noexcept {
      if (this != &other) {
        reset();
        core_ = std::move(other.core_);
        entry_ = std::exchange(other.entry_, nullptr);
        key_ = std::move(other.key_);
      }
      return *this;
    }
    ~slot() { reset(); }

    const K& key() const noexcept { return key_; }
    // Whether there is an answer, so that an await returns at once.
    bool answered() const noexcept { return entry_ != nullptr && entry_->done(); }

    class [[nodiscard]] awaiter final : public suspension {
     public:
      explicit awaiter(entry* place) noexcept : entry_(place) {}
      ~awaiter() override {
        if (waiting()) entry_->waiter = nullptr;
      }
      bool await_ready() const noexcept { return entry_->done(); }
      template <has_env P> bool await_suspend(std::coroutine_handle<P> handle) noexcept {
        if (!begin(handle)) return false;
        entry_->waiter = this;
        return true;
      }
      V await_resume() {
        this->finish();
        if (entry_->error) std::rethrow_exception(entry_->error);
        return std::move(*entry_->value);
      }

     private:
      friend struct entry;
      bool abandon() noexcept override {
        entry_->waiter = nullptr;
        return true;
      }
      void answered() noexcept { this->wake(); }
      entry* entry_;
    };
    awaiter wait() noexcept {
      GATE_ASSERT(entry_ != nullptr && entry_->waiter == nullptr);
      return awaiter(entry_);
    }
    awaiter operator co_await() noexcept { return wait(); }

   private:
    friend struct core;
    slot(std::shared_ptr<core> c, entry& place, K key) : core_(std::move(c)), entry_(&place), key_(std::move(key)) {}
    void reset() noexcept {
      if (std::exchange(entry_, nullptr) != nullptr) core_->release(key_);
    }
    std::shared_ptr<core> core_;
    entry* entry_;
    K key_;
  };

  class [[nodiscard]] reservation final : public suspension, public gate::intrusive_node<reservation> {
   public:
    reservation(std::shared_ptr<core> c, K key) : core_(std::move(c)), key_(std::move(key)) {}
    ~reservation() override {
      if (waiting()) leave();
      if (granted_) core_->give_back();
    }
    template <has_env P> bool await_suspend(std::coroutine_handle<P> handle) noexcept {
      if (!begin(handle)) return false;
      if (core_->used < core_->capacity && core_->waiting_count == 0) {
        ++core_->used;
        granted_ = true;
        this->no_wait();
        return false;
      }
      core_->waiters.push_back(*this);
      ++core_->waiting_count;
      return true;
    }
    slot await_resume() {
      this->finish();
      if (error_) std::rethrow_exception(error_);
      granted_ = false;  // occupy() takes the place, or gives it back
      return core_->occupy(core_, std::move(key_));
    }

   private:
    friend struct core;
    friend class bounded_map;
    void leave() noexcept {
      gate::intrusive_node<reservation>::unlink();
      --core_->waiting_count;
    }
    bool abandon() noexcept override {
      leave();
      return true;
    }
    void grant() noexcept {
      leave();
      granted_ = true;
      this->wake();
    }
    void refuse(std::exception_ptr error) noexcept {
      leave();
      error_ = std::move(error);
      this->wake();
    }
    std::shared_ptr<core> core_;
    K key_;
    std::exception_ptr error_;
    bool granted_ = false;  // holds a place without a slot
  };

 private:
  struct entry : gate::intrusive_node<entry> {
    bool done() const noexcept { return value.has_value() || error != nullptr; }
    void answered() noexcept {
      if (auto* const waiting = std::exchange(waiter, nullptr)) waiting->answered();
    }
    std::optional<V> value;
    std::exception_ptr error;
    typename slot::awaiter* waiter = nullptr;
  };

  // The map, its slots and its reservations share it, so they may be destroyed in any order.
  struct core {
    explicit core(std::size_t n) : capacity(n) { GATE_ASSERT(n > 0); }

    slot occupy(const std::shared_ptr<core>& self, K key) {
      const auto [place, fresh] = entries.try_emplace(key);
      if (!fresh) {
        give_back();
        throw std::invalid_argument("bounded_map: the key is in use");
      }
      order.push_back(place->second);
      return slot(self, place->second, std::move(key));
    }
    void release(const K& key) noexcept {
      entries.erase(key);
      give_back();
    }
    // Gives a free place to the first caller that waits.
    void give_back() noexcept {
      if (waiters.empty()) {
        --used;
      } else {
        waiters.front().grant();
      }
    }
    entry* unanswered(const K& key) noexcept {
      const auto found = entries.find(key);
      return found == entries.end() || found->second.done() ? nullptr : &found->second;
    }

    std::size_t capacity;
    std::size_t used = 0;  // slots, and reservations granted but not yet resumed
    std::unordered_map<K, entry, Hash> entries;
    intrusive_list<entry, entry> order;
    intrusive_list<reservation, reservation> waiters;
    std::size_t waiting_count = 0;
  };

  std::shared_ptr<core> core_;
};

}  // namespace gate
