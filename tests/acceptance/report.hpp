// The results of the acceptance program, one line a point: the description, the figure, the bar, and whether it is met.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace gate::acceptance {

class report {
 public:
  // Writes the line at once, with tabs between the fields.
  void line(std::string_view what, const std::string& figure, const std::string& bar, bool ok);
  // For a point that cannot be checked here, with the reason.
  void skip(std::string_view what, const std::string& why);
  bool all_ok() const noexcept { return all_ok_; }

 private:
  bool all_ok_ = true;
};

struct point {
  std::string set;    // the set of the point
  std::string name;   // its name on the command line
  std::string about;  // a sentence for the list
  std::function<void(report&)> run;
};

const std::vector<point>& points();
// The points of tests/support/attacks.
std::vector<point> security_points();

void killed_worker(report& to);
void frozen_worker(report& to);
void restarted_broker(report& to);
void stalled_consumer(report& to);
void full_queue(report& to);
void garbage(report& to);
void million_frames(report& to);
void large_file(report& to);
void small_calls(report& to);
void many_transfers(report& to);
void ended_transfers(report& to);

void captured_gaterpc(report& to);
void majordomo_tools(report& to);
void wrong_dialects(report& to);
void python_peers(report& to);
void mixed_workers(report& to);
void mixed_huge(report& to);
void killed_python_worker(report& to);

// "12.3 ms", "2.41 s".
std::string in_words(std::chrono::duration<double> time);
// "1.2 MiB".
std::string in_mebibytes(double byte_count);
// How much larger `now` is than `then`. 0 if it is smaller.
double growth(std::size_t then, std::size_t now);

}  // namespace gate::acceptance
