// The audit log of a running broker: several threads add to it, the clock is read here.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

#include "broker/gatekeeper/audit.hpp"

namespace gate::security {

class audit_trail {
 public:
  // An empty path: there is none, and what is added goes nowhere. Throws std::system_error.
  explicit audit_trail(const std::string& path);
  audit_trail(const audit_trail&) = delete;
  audit_trail& operator=(const audit_trail&) = delete;
  ~audit_trail();

  // All of them: any thread.
  void add(const audit_record& record) noexcept;
  // Tells what was left out of kinds of which nothing came since. Due now and then.
  void flush() noexcept;
  // After the file was moved away. Empty, or why the old one is still written to.
  std::string reopen();
  // Lines that could not be written.
  std::uint64_t lost() const;

 private:
  mutable std::mutex lock_;
  std::optional<audit_file> file_;
  audit_log log_;
  std::uint64_t lost_ = 0;  // before they reached the file
};

}  // namespace gate::security
