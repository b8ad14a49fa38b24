// A source of endpoints that goes on to the next one of a list when one fails.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/link/endpoint_source.hpp"

namespace gate::test {

class endpoint_list final : public peer::endpoint_source {
 public:
  explicit endpoint_list(std::vector<std::string> endpoints) : endpoints_(std::move(endpoints)) {}

  std::string next() override { return endpoints_.empty() ? "" : endpoints_[at_ % endpoints_.size()]; }
  void succeeded() override { told.emplace_back("ok"); }
  void failed(errc why, std::string_view) override {
    told.emplace_back(to_string(why));
    ++at_;
  }

  std::vector<std::string> told;  // what the link reported

 private:
  std::vector<std::string> endpoints_;
  std::size_t at_ = 0;
};

}  // namespace gate::test
