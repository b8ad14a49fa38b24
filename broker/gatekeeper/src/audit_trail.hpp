// The audit log of a running broker. Several threads add to it, and it reads the clock.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

#include "broker/gatekeeper/audit.hpp"

namespace gate::security {

class audit_trail {
 public:
  // If the path is empty there is no log, and add() does nothing. Throws std::system_error.
  explicit audit_trail(const std::string& path);
  audit_trail(const audit_trail&) = delete;
  audit_trail& operator=(const audit_trail&) = delete;
  ~audit_trail();

  // Any thread may call these.
  void add(const audit_record& record) noexcept;
  // Writes how many lines were left out. Call it now and then.
  void flush() noexcept;
  // Call it after the file was moved away. Returns the error if the old file is still in use; otherwise an empty text.
  std::string reopen();
  // The number of lines that could not be written.
  std::uint64_t lost() const;

 private:
  mutable std::mutex lock_;
  std::optional<audit_file> file_;
  audit_log log_;
  std::uint64_t lost_ = 0;  // lines that failed before they reached the file
};

}  // namespace gate::security
