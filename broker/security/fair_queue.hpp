// A bounded queue of jobs, shared fairly: an asker with many jobs makes only itself wait. No clock, no thread.
//
// A job stands in a line: the class of its asker, then its place, then its owner. The classes take turns, then the
// places in a class, then the owners in a place. Each owner's jobs are taken in order. When the queue is full, the
// lowest class loses a job: in the place with the most jobs, the owner with the most jobs loses the last one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>

#include <gate/assert.hpp>

namespace gate::security {

// The class of a job's asker. When the queue is full, the last class loses a job first.
enum class asker : std::uint8_t {
  familiar,  // has logged in from there before
  known,     // the store has such a user
  stranger,
};
inline constexpr std::size_t askers = 3;

struct line {
  asker who = asker::stranger;
  std::string place, owner;
};

template <class Job> class fair_queue {
 public:
  explicit fair_queue(std::size_t jobs_max) : jobs_max_(jobs_max) {}

  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }

  // If the queue is full, returns the job that has to go: this one or another. Otherwise null.
  std::unique_ptr<Job> push(const line& at, std::unique_ptr<Job> job) {
    place& where = classes_[static_cast<std::size_t>(at.who)].of(at.place);
    owner& whose = where.of(at.owner);
    whose.jobs.push_back(std::move(job));
    ++where.jobs;
    ++size_;
    return size_ > jobs_max_ ? make_room() : nullptr;
  }

  // Takes the job whose turn it is. The queue must not be empty.
  std::unique_ptr<Job> pop() {
    GATE_ASSERT(size_ > 0);
    while (classes_[turn_].empty()) turn_ = (turn_ + 1) % askers;
    ring<place>& at = classes_[turn_];
    turn_ = (turn_ + 1) % askers;
    place& where = at.front();
    owner& whose = where.front();
    std::unique_ptr<Job> job = std::move(whose.jobs.front());
    whose.jobs.pop_front();
    --where.jobs;
    --size_;
    if (whose.jobs.empty())
      where.drop(where.begin());
    else
      where.turn();
    if (where.jobs == 0)
      at.drop(at.begin());
    else
      at.turn();
    return job;
  }

 private:
  // The places or owners that have jobs, found by name, in the order of their turns.
  template <class T> class ring {
   public:
    using iterator = typename std::list<std::pair<std::string, T>>::iterator;
    T& of(const std::string& name) {
      const auto found = by_name_.find(name);
      if (found != by_name_.end()) return found->second->second;
      order_.emplace_back(name, T());
      by_name_.emplace(name, std::prev(order_.end()));
      return order_.back().second;
    }
    bool empty() const noexcept { return order_.empty(); }
    T& front() noexcept { return order_.front().second; }
    void turn() noexcept { order_.splice(order_.end(), order_, order_.begin()); }
    iterator begin() noexcept { return order_.begin(); }
    // Returns the one with the most jobs; if several have as many, the one whose turn is last.
    iterator largest() noexcept {
      iterator most = order_.begin();
      for (iterator i = order_.begin(); i != order_.end(); ++i) {
        if (count(i->second) >= count(most->second)) most = i;
      }
      return most;
    }
    void drop(iterator gone) {
      by_name_.erase(gone->first);
      order_.erase(gone);
    }

   private:
    std::list<std::pair<std::string, T>> order_;
    std::unordered_map<std::string, iterator> by_name_;
  };
  struct owner {
    std::deque<std::unique_ptr<Job>> jobs;
  };
  struct place : ring<owner> {
    std::size_t jobs = 0;  // of all its owners
  };
  static std::size_t count(const owner& o) noexcept { return o.jobs.size(); }
  static std::size_t count(const place& p) noexcept { return p.jobs; }

  std::unique_ptr<Job> make_room() {
    std::size_t lowest = askers - 1;
    while (classes_[lowest].empty()) --lowest;
    const auto where = classes_[lowest].largest();
    const auto whose = where->second.largest();
    std::unique_ptr<Job> job = std::move(whose->second.jobs.back());
    whose->second.jobs.pop_back();
    --where->second.jobs;
    --size_;
    if (whose->second.jobs.empty()) where->second.drop(whose);
    if (where->second.jobs == 0) classes_[lowest].drop(where);
    return job;
  }

  std::size_t jobs_max_;
  std::size_t size_ = 0;
  std::size_t turn_ = 0;
  std::array<ring<place>, askers> classes_;
};

}  // namespace gate::security
