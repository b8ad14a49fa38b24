// The service that the user's guide calls: the stock of a warehouse.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <gate/argument_list.hpp>
#include <gate/async_generator.hpp>
#include <gate/generator.hpp>
#include <gate/huge_data.hpp>
#include <gate/sleep.hpp>
#include <gate/worker.hpp>

// [types]
struct item {
  std::string sku;
  int count = 0;
  std::vector<std::string> tags;
  MSGPACK_DEFINE_MAP(sku, count, tags)
};
// [/types]

class Warehouse : public gate::Worker {
 public:
  // [interface]
  GATE_INTERFACE_ON(gate::run_on::loop, put, count, take, dump, set)
  GATE_INTERFACE(all, load, balance, recount, tenant, store)
  GATE_DOC(take, "takes some out of the stock; fails when there are too few", sku, count)
  // [/interface]

  // [overloads]
  // Two C++ methods with one name: each gets a name of its own for callers.
  GATE_INTERFACE_AS("find_sku", find, gate::task<std::optional<item>>(std::string))
  GATE_INTERFACE_AS("find_fewer", find, gate::task<std::vector<item>>(int))
  // [/overloads]

  std::string description() const override { return "what is in stock"; }

  void put(const item& what) { stock_[what.sku] = what; }

  int count(const std::string& sku) {
    if (refusals_ > 0) {
      --refusals_;
      throw gate::Error(gate::errc::busy, "the shelves are being moved");
    }
    const auto found = stock_.find(sku);
    return found == stock_.end() ? 0 : found->second.count;
  }

  // [throw]
  int take(const std::string& sku, int count) {
    const auto found = stock_.find(sku);
    if (found == stock_.end()) throw std::out_of_range("there is no " + sku);
    if (count < 1) throw gate::Error(gate::errc::invalid_argument, "count must be at least 1");
    if (found->second.count < count) throw gate::Error(gate::errc::failed, "too few of " + sku);
    return found->second.count -= count;
  }
  // [/throw]

  gate::task<std::optional<item>> find(std::string sku) {
    const auto found = stock_.find(sku);
    if (found == stock_.end()) co_return std::nullopt;
    co_return found->second;
  }
  gate::task<std::vector<item>> find(int fewer_than) {
    std::vector<item> few;
    for (const auto& [sku, what] : stock_) {
      if (what.count < fewer_than) few.push_back(what);
    }
    co_return few;
  }

  // [any_arguments]
  // set("bolt", "blue", "M5", count=3): takes any number of tags, and fields by name. Returns any value.
  gate::value set(const std::string& sku, gate::argument_list changes) {
    item& what = stock_[sku];
    what.sku = sku;
    for (const gate::argument& change : changes) {
      if (change.name().empty()) {
        what.tags.push_back(change.as<std::string>());
      } else if (change.name() == "count") {
        what.count = change.as<int>();
      } else {
        throw gate::Error(gate::errc::invalid_argument, "no field " + std::string(change.name()));
      }
    }
    if (changes.empty()) return gate::value();  // nil
    return gate::value::of(what);
  }
  // [/any_arguments]

  // [stream_out]
  // An item for each co_yield. Runs on the worker's loop, as fast as the reader asks.
  gate::async_generator<item> all() {
    const std::map<std::string, item> now = stock_;
    for (const auto& [sku, what] : now) co_yield what;
  }
  // [/stream_out]

  // [stream_in]
  // Takes a stream, returns one value.
  gate::task<int> load(gate::async_generator<item> items) {
    int loaded = 0;
    while (auto next = co_await items.next()) {
      put(*next);
      ++loaded;
    }
    co_return loaded;
  }
  // [/stream_in]

  // [stream_both]
  // Takes a stream and answers with one, item by item.
  gate::async_generator<int> balance(gate::async_generator<int> changes) {
    int sum = 0;
    while (auto change = co_await changes.next()) {
      sum += *change;
      co_yield sum;
    }
  }
  // [/stream_both]

  // [cancelled]
  // Takes long. If the caller gives up, or its time is over, the sleep throws gate::cancelled.
  gate::task<int> recount() {
    try {
      for (int shelf = 0; shelf < 1000; ++shelf) co_await gate::sleep_for(std::chrono::seconds(1));
    } catch (const gate::cancelled&) {
      ++recounts_given_up;
      throw;  // always let it pass
    }
    co_return static_cast<int>(stock_.size());
  }
  // [/cancelled]
  int recounts_given_up = 0;

  // [metadata]
  gate::task<std::string> tenant(gate::Call& call) {
    const auto name = call.metadata("tenant");
    call.add_trailing("shelves", std::to_string(stock_.size()));
    co_return name ? std::string(*name) : "nobody";
  }
  // [/metadata]

  // [huge_out]
  // Returns at once. A pool thread makes the lines while the caller takes them. It uses a copy, so it needs no lock.
  gate::HugeData dump() const { return gate::HugeData::from_chunks(lines_of(stock_)); }
  // [/huge_out]

  // [huge_in]
  // Reads bytes of any size while they arrive.
  gate::task<std::size_t> store(gate::HugeData data) {
    std::size_t bytes = 0;
    while (auto chunk = co_await data.next()) bytes += chunk->size();
    co_return bytes;
  }
  // [/huge_in]

  // Makes the next calls fail this number of times, for a test.
  void refuse(int times) { refusals_ = times; }

 private:
  static gate::generator<std::string> lines_of(std::map<std::string, item> stock) {
    for (const auto& [sku, what] : stock) co_yield sku + ',' + std::to_string(what.count) + '\n';
  }

  std::map<std::string, item> stock_;
  int refusals_ = 0;
};
