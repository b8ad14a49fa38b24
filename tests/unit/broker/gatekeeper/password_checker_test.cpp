#include "broker/gatekeeper/src/password_checker.hpp"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include <catch2/catch.hpp>

#include "broker/credential_store/password.hpp"

using namespace gate;
using namespace gate::security;

namespace {

std::unique_ptr<hash_job> job(std::uint64_t id, const std::string& password, const std::string& hash) {
  auto made = std::make_unique<hash_job>();
  made->id = id;
  made->password = secret(password);
  made->hashes = {hash};
  return made;
}

}  // namespace

TEST_CASE("passwords are checked on a thread of their own, in their order", "[security]") {
  const std::string hash = hash_password("right", least_cost);
  std::mutex lock;
  std::condition_variable all_done;
  std::vector<std::pair<std::uint64_t, bool>> done;
  password_checker checker(8, [&](std::unique_ptr<hash_job> j) {
    const std::lock_guard hold(lock);
    done.emplace_back(j->id, j->fits);
    all_done.notify_one();
  });
  for (std::uint64_t i = 0; i < 4; ++i)
    CHECK(checker.submit({}, job(i, i % 2 == 0 ? "right" : "wrong", hash)) == nullptr);
  std::unique_lock hold(lock);
  all_done.wait(hold, [&] { return done.size() == 4; });
  for (std::uint64_t i = 0; i < 4; ++i) CHECK(done[i] == std::pair(i, i % 2 == 0));
}

TEST_CASE("no more passwords wait than may, and the end waits for one at the most", "[security]") {
  std::mutex gate_lock;
  std::unique_lock closed(gate_lock);
  std::size_t done = 0;
  {
    password_checker checker(2, [&](std::unique_ptr<hash_job>) {
      const std::lock_guard wait_here(gate_lock);
      ++done;
    });
    std::size_t taken = 0;
    while (taken < 100 && checker.submit({}, job(taken, "x", "no hash")) == nullptr) ++taken;
    CHECK(taken >= 2);
    CHECK(taken <= 3);
    closed.unlock();
  }
  CHECK(done <= 3);
}
