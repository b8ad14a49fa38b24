#include "broker/credential_store/store.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include <sys/stat.h>

#include "common/credentials/private_file.hpp"

namespace gate::security {
namespace {

std::vector<std::string> files_of(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_directory(path, error)) return {path};
  std::vector<std::string> found;
  for (std::filesystem::directory_iterator at(path, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (name.ends_with(".toml") && !name.starts_with('.')) found.push_back(at->path().string());
  }
  if (error) throw private_file_error(path + ": cannot be listed: " + error.message());
  std::sort(found.begin(), found.end());
  return found;
}

// Names, sizes and times of the files. They show whether the files have changed, without reading them.
std::string look_at(const std::string& path) {
  std::string seen;
  try {
    for (const std::string& file : files_of(path)) {
      struct stat s {};
      const bool there = ::stat(file.c_str(), &s) == 0;
      seen += file + '\0';
      if (!there) continue;
      seen += std::to_string(s.st_ino) + ' ' + std::to_string(s.st_size) + ' ' + std::to_string(s.st_mode) + ' ' +
              std::to_string(s.st_mtim.tv_sec) + '.' + std::to_string(s.st_mtim.tv_nsec) + ' ' +
              std::to_string(s.st_ctim.tv_sec) + '.' + std::to_string(s.st_ctim.tv_nsec) + '\n';
    }
  } catch (const private_file_error& e) {
    seen += e.what();
  }
  return seen;
}

}  // namespace

snapshot load_store(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) check_private_folder(path);
  std::vector<secret> texts;
  std::vector<store_source> sources;
  for (const std::string& file : files_of(path)) {
    texts.push_back(read_private_file(file));
    sources.push_back({file, texts.back().view()});
  }
  return read_store(sources);
}

store::store(std::string path)
    : path_(std::move(path)), current_(std::make_shared<const snapshot>(std::vector<principal>())) {
  // Taken before the files are read. So a change during the reading is noticed afterwards, and the files are read
  // again.
  seen_ = look_at(path_);
  current_ = std::make_shared<const snapshot>(load_store(path_));
}

std::shared_ptr<const snapshot> store::current() const {
  const std::lock_guard hold(lock_);
  return current_;
}

store::reloaded store::reload() {
  reloaded result;
  std::string seen = look_at(path_);
  std::shared_ptr<const snapshot> next;
  try {
    next = std::make_shared<const snapshot>(load_store(path_));
  } catch (const store_error& e) {
    result.fault = e.what();
  } catch (const private_file_error& e) {
    result.fault = e.what();
  }
  const std::lock_guard hold(lock_);
  seen_ = std::move(seen);
  if (!next) return result;
  result.in_force = true;
  result.changes = differences(current_.get(), next.get());
  current_ = std::move(next);
  return result;
}

bool store::changed_on_disk() const {
  const std::string now = look_at(path_);
  const std::lock_guard hold(lock_);
  return now != seen_;
}

}  // namespace gate::security
