// Messages of gate-rpc, for its tests.
#pragma once

#include <cstdint>
#include <string>

#include "common/dialects/call_name.hpp"
#include "tests/support/foreign_frames.hpp"

namespace gate::samples::gaterpc {

inline const std::string none = std::string();

inline frames request_frames(const std::string& service, const frames& rest) {
  frames all{none, "MDPC01", service};
  all.insert(all.end(), rest.begin(), rest.end());
  return all;
}

inline frames echo() {
  return request_frames("calc", {"id",
                                 "\xa4"
                                 "echo",
                                 "\x91\x01", "\x80"});
}

inline frames to_broker(char command, const frames& rest = {}) {
  frames all{none, "MDPW01", std::string(1, command)};
  all.insert(all.end(), rest.begin(), rest.end());
  return all;
}

inline std::string name_of(std::uint64_t call) { return std::string(wire::call_name(call_id{call}).bytes()); }

inline frames reply_frames(std::uint64_t call, const frames& body) {
  frames rest{name_of(call), none, name_of(call)};
  rest.insert(rest.end(), body.begin(), body.end());
  return to_broker(3, rest);
}

inline std::string single(const std::string& value) {
  return "\x82\xa6result" + value +
         "\xa9"
         "exception\xc0";
}

inline std::string failure(const std::string& exception) {
  return "\x82\xa6result\xc0\xa9"
         "exception" +
         exception;
}

}  // namespace gate::samples::gaterpc
