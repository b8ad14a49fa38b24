// The attacks of tests/support/attacks as points of the acceptance program: a line for each required result.
#include "tests/acceptance/report.hpp"
#include "tests/support/attacks/attacks.hpp"

namespace gate::acceptance {

namespace {

class lines final : public gate::test::findings {
 public:
  explicit lines(report& to) : to_(to) {}
  void line(std::string_view what, const std::string& figure, const std::string& bar, bool ok) override {
    to_.line(what, figure, bar, ok);
  }

 private:
  report& to_;
};

}  // namespace

std::vector<point> security_points() {
  std::vector<point> all;
  for (const gate::test::attack& each : gate::test::attacks()) {
    all.push_back({"security", std::string(each.name), std::string(each.about), [run = each.run](report& to) {
                     lines into(to);
                     run(into);
                   }});
  }
  return all;
}

}  // namespace gate::acceptance
