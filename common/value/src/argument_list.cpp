#include <algorithm>

#include <gate/argument_list.hpp>

namespace gate {

namespace {

constexpr std::size_t shown_bytes_max = 64;  // of a name that a peer sent

}  // namespace

namespace detail {

std::string misfit_text(const std::string& label, std::string_view type, std::string_view why) {
  // For ".tags[2]: must be string, got int" the fault lies inside the argument.
  if (why.starts_with('.') || why.starts_with('[')) return label + std::string(why);
  if (why.starts_with("not a value")) return label + " is " + std::string(why);
  // The end of the decoder's text: "expected int32, got string".
  const std::size_t got = why.rfind(", got ");
  if (got != std::string_view::npos) why.remove_prefix(got + 2);
  return label + " must be " + std::string(type) + ", " + std::string(why);
}

}  // namespace detail

// --- one argument

std::string_view argument::name() const noexcept {
  const std::size_t behind = list_->positions_.size();
  if (index_ < behind) return {};
  const argument_list::place& at = list_->names_[index_ - behind];
  return std::string_view(list_->named_).substr(at.name, at.value - at.name);
}

bytes_view argument::encoded() const noexcept {
  const std::size_t behind = list_->positions_.size();
  const bool positional = index_ < behind;
  const argument_list::place& at = positional ? list_->positions_[index_] : list_->names_[index_ - behind];
  return bytes_view(positional ? list_->positional_ : list_->named_).substr(at.value, at.end - at.value);
}

bool argument::reads_strictly() const noexcept { return list_->strict_; }

void argument::refuse(std::string_view type, std::string_view why) const {
  list_->refuse(detail::misfit_text(list_->label(index_), type, why));
}

// --- the list

std::string argument_list::label(std::size_t index) const {
  if (index < positions_.size()) return "argument " + std::to_string(before_ + index + 1);
  return "argument '" + std::string(argument(*this, index).name().substr(0, shown_bytes_max)) + "'";
}

void argument_list::refuse(const std::string& text) const { throw Error(errc::invalid_argument, method_ + text); }

argument argument_list::operator[](std::size_t index) const {
  if (index >= size()) refuse("argument " + std::to_string(before_ + index + 1) + " is missing");
  return {*this, index};
}

argument argument_list::operator[](std::string_view name) const {
  const std::optional<argument> found = find(name);
  if (!found) refuse("argument '" + std::string(name) + "' is missing");
  return *found;
}

std::optional<argument> argument_list::find(std::string_view name) const noexcept {
  for (std::size_t i = positions_.size(); i < size(); ++i) {
    const argument each(*this, i);
    if (each.name() == name) return each;
  }
  return std::nullopt;
}

std::vector<value> argument_list::positional() const {
  std::vector<value> all;
  all.reserve(positions_.size());
  for (std::size_t i = 0; i < positions_.size(); ++i) all.push_back(argument(*this, i).value());
  return all;
}

std::map<std::string, value> argument_list::named() const {
  std::map<std::string, value> all;
  for (std::size_t i = positions_.size(); i < size(); ++i) {
    const argument each(*this, i);
    all.emplace(each.name(), each.value());
  }
  return all;
}

std::string argument_list::encoded() const {
  std::string all;
  if (has_named()) append_list_header(all, 2);
  append_list_header(all, static_cast<std::uint32_t>(positions_.size()));
  all += positional_;
  if (has_named()) {
    append_map_header(all, static_cast<std::uint32_t>(names_.size()));
    all += named_;
  }
  return all;
}

}  // namespace gate
