// Frames that gate-rpc 0.2.12 itself sent: tests/vectors/gaterpc.json.
#pragma once

#include <fstream>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "tests/support/foreign_frames.hpp"

namespace gate::samples::gaterpc {

struct vector_of_wire {
  std::string name, direction;
  frames sent;
};

inline std::string bytes_of(const std::string& hex) {
  std::string raw;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    raw.push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  return raw;
}

inline const std::vector<vector_of_wire>& vectors() {
  static const std::vector<vector_of_wire> all = [] {
    std::ifstream file(GATE_TEST_VECTORS "/gaterpc.json");
    std::vector<vector_of_wire> read;
    for (const auto& entry : nlohmann::json::parse(file)) {
      vector_of_wire v{entry.at("name"), entry.at("direction"), {}};
      for (const auto& frame : entry.at("frames")) v.sent.push_back(bytes_of(frame.get<std::string>()));
      read.push_back(std::move(v));
    }
    return read;
  }();
  return all;
}

inline const frames& vector_named(const std::string& name) {
  for (const vector_of_wire& v : vectors()) {
    if (v.name == name) return v.sent;
  }
  throw std::out_of_range("no vector " + name);
}

inline std::vector<vector_of_wire> in_direction(const std::string& direction) {
  std::vector<vector_of_wire> some;
  for (const vector_of_wire& v : vectors()) {
    if (v.direction == direction) some.push_back(v);
  }
  return some;
}

// The single frames ("scalar") that zap_test.cpp checks. gaterpc_words_test.cpp checks the rest.
inline const std::set<std::string> zap_words{"C_ZAP_VERSION", "C_ZAP_NULL", "C_ZAP_CURVE", "C_ZAP_DOMAIN",
                                             "ID_golden-worker"};

}  // namespace gate::samples::gaterpc
