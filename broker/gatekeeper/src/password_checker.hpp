// The thread that checks passwords, so that nobody else waits for it.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <thread>

#include <gate/unique_function.hpp>

#include "broker/security/authenticator.hpp"

namespace gate::security {

// Checks one password at a time (some 16 ms each), so logins take at most one processor from the calls.
class password_checker final : public hasher {
 public:
  // `done` gets each job, on this object's thread. It has to pass the job to the authenticator's thread.
  password_checker(std::size_t waiting_max, unique_function<void(std::unique_ptr<hash_job>)> done);
  password_checker(const password_checker&) = delete;
  password_checker& operator=(const password_checker&) = delete;
  // Waits for the end of the job in hand, and drops those that wait.
  ~password_checker() override;

  std::unique_ptr<hash_job> submit(const line& at, std::unique_ptr<hash_job> job) override;

 private:
  void work();

  unique_function<void(std::unique_ptr<hash_job>)> done_;
  std::mutex lock_;
  std::condition_variable wake_;
  fair_queue<hash_job> waiting_;
  bool leaving_ = false;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace gate::security
