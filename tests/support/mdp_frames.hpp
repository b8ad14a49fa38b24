// Majordomo's messages, for tests that run with both versions.
#pragma once

#include <string>

#include "common/dialects/call_name.hpp"
#include "common/dialects/mdp01.hpp"
#include "common/dialects/mdp02.hpp"
#include "tests/support/foreign_frames.hpp"

namespace gate::samples {

struct mdp_version {
  const wire::mdp::layout& layout;
  bool second;

  static mdp_version first_one() { return {wire::mdp01::layout, false}; }
  static mdp_version second_one() { return {wire::mdp02::layout, true}; }

  frames client(const frames& rest) const { return with(head("MDPC"), second ? frames{"\x01"} : frames{}, rest); }
  frames to_client(char partial_or_final, const frames& rest) const {
    return with(head("MDPC"), second ? frames{std::string(1, partial_or_final)} : frames{}, rest);
  }
  frames worker(const std::string& command, const frames& rest = {}) const {
    return with(head("MDPW"), {command}, rest);
  }

  std::string ready() const { return "\x01"; }
  std::string request() const { return "\x02"; }
  std::string partial() const { return "\x03"; }  // only in the second version
  std::string final() const { return second ? "\x04" : "\x03"; }
  std::string heartbeat() const { return second ? "\x05" : "\x04"; }
  std::string disconnect() const { return second ? "\x06" : "\x05"; }

  // A reply to the call with that number.
  frames answer(const std::string& command, std::uint64_t call, const frames& body) const {
    return with(worker(command), {name_of(call), std::string()}, body);
  }
  static std::string name_of(std::uint64_t call) { return std::string(wire::call_name(call_id{call}).bytes()); }

 private:
  frames head(const std::string& header) const {
    return second ? frames{header + "02"} : frames{std::string(), header + "01"};
  }
  static frames with(frames all, const frames& more, const frames& rest = {}) {
    all.insert(all.end(), more.begin(), more.end());
    all.insert(all.end(), rest.begin(), rest.end());
    return all;
  }
};

}  // namespace gate::samples
