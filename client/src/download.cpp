// Downloads a huge reply into a file, and resumes after a failure.
#include <cstdint>
#include <exception>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include <gate/error.hpp>
#include <gate/pending_call.hpp>
#include <gate/sleep.hpp>

namespace gate::detail {

namespace {

// How far the download has come, and of which version of the data.
struct whereabouts {
  std::uint64_t position = 0;
  std::string etag;
  bool begun = false;
};

call_request at(const call_request& request, const whereabouts& where) {
  call_request next = request.again();
  if (!where.begun || where.etag.empty()) return next;
  next.options.more().resume_offset = where.position;
  next.options.more().resume_etag = where.etag;
  return next;
}

// Whether another attempt is worth it. An error from the method itself is final.
bool may_go_on(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const Error& e) {
    return e.code() == errc::data_loss || (e.retry() != retry_class::never && e.code() != errc::timed_out);
  } catch (...) {
    return false;
  }
}

// Makes one attempt. `where` says how far it came, also if it throws.
task<void> fetch_more(call_request request, const file_path& path, progress_function& on_progress, whereabouts& where) {
  task<HugeData> calling = make_huge_call(std::move(request));
  HugeData data = co_await std::move(calling);
  where.begun = true;
  where.etag = data.etag();
  where.position = data.offset();
  std::exception_ptr failure;
  progress_function told = [&on_progress](const huge_progress& now) {
    if (on_progress) on_progress(now);
  };
  try {
    task<std::uint64_t> writing = data.to_file(path, std::move(told));
    co_await std::move(writing);
  } catch (...) {
    failure = std::current_exception();
  }
  where.position = data.position();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace

task<std::uint64_t> make_download(call_request request, file_path path, download_options options,
                                  progress_function on_progress) {
  if (request.items || request.huge) {
    throw Error(errc::invalid_argument, "a download makes its call again: it takes no HugeData and no stream of items");
  }
  whereabouts where;
  if (request.options.extra != nullptr && request.options.extra->resume_offset) {
    where.position = *request.options.extra->resume_offset;
    where.etag = request.options.extra->resume_etag;
    where.begun = true;
  }
  std::uint32_t in_vain = 0;
  for (;;) {
    const std::uint64_t before = where.position;
    std::exception_ptr failure;
    task<void> attempt = fetch_more(at(request, where), path, on_progress, where);
    try {
      co_await std::move(attempt);
    } catch (...) {
      failure = std::current_exception();
    }
    if (!failure) co_return where.position;
    in_vain = where.position > before ? 0 : in_vain + 1;
    const bool again = in_vain < options.attempts_max && may_go_on(failure);
    if (!again) std::rethrow_exception(failure);
    co_await sleep_for(options.pause);
  }
}

}  // namespace gate::detail
