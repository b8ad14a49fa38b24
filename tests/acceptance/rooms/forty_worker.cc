// A worker of forty lines, as a user writes one: the time that it takes to compile is measured.
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include <gate/run_worker.hpp>
#include <gate/worker.hpp>

struct item {
  std::string sku;
  int count = 0;
  double price = 0;
  MSGPACK_DEFINE_MAP(sku, count, price)
};

class Warehouse : public gate::Worker {
  GATE_INTERFACE(put, find, count, names)
  GATE_DOC(find, "the item with this number", sku)

  void put(const item& added) {
    const std::lock_guard hold(lock_);
    stock_[added.sku] = added;
  }
  item find(const std::string& sku) {
    const std::lock_guard hold(lock_);
    const auto found = stock_.find(sku);
    if (found == stock_.end()) throw gate::Error(gate::errc::invalid_argument, "no such item: " + sku);
    return found->second;
  }
  gate::task<int> count(std::string sku) { co_return find(sku).count; }
  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& [sku, _] : stock_) all.push_back(sku);
    return all;
  }

  std::mutex lock_;
  std::map<std::string, item> stock_;
};

int main(int argc, char** argv) { return gate::run_worker<Warehouse>(argc, argv); }
