// A for-each over macro arguments, for GATE_INTERFACE and GATE_DOC: up to 256 names.
//
// It takes sixteen names for each level, without recursion, so that a compiler shows only a few macros around an error.
#pragma once

#define GATE_PP_JOIN_NOW(a, b) a##b
#define GATE_PP_JOIN(a, b) GATE_PP_JOIN_NOW(a, b)

// Expands to m(a, x) for each further argument x, then to m(a, ) up to the next multiple of sixteen; m must expand that
// to nothing. Each level takes sixteen names and passes the others to the next level.
#define GATE_PP_EACH(m, a, ...) GATE_PP_EACH_1(m, a, __VA_ARGS__, , , , , , , , , , , , , , , , )
#define GATE_PP_EACH_1(m, a, b, c, d, e, f, g, h, i, j, k, l, n, o, p, q, r, ...)                                 \
  m(a, b) m(a, c) m(a, d) m(a, e) m(a, f) m(a, g) m(a, h) m(a, i) m(a, j) m(a, k) m(a, l) m(a, n) m(a, o) m(a, p) \
      m(a, q) m(a, r) __VA_OPT__(GATE_PP_EACH_2(m, a, __VA_ARGS__, , , , , , , , , , , , , , , , ))
#define GATE_PP_EACH_2(m, a, b, c, d, e, f, g, h, i, j, k, l, n, o, p, q, r, ...)                                 \
  m(a, b) m(a, c) m(a, d) m(a, e) m(a, f) m(a, g) m(a, h) m(a, i) m(a, j) m(a, k) m(a, l) m(a, n) m(a, o) m(a, p) \
      m(a, q) m(a, r) __VA_OPT__(GATE_PP_EACH_3(m, a, __VA_ARGS__, , , , , , , , , , , , , , , , ))
#define GATE_PP_EACH_3(m, a, b, c, d, e, f, g, h, i, j, k, l, n, o, p, q, r, ...)                                 \
  m(a, b) m(a, c) m(a, d) m(a, e) m(a, f) m(a, g) m(a, h) m(a, i) m(a, j) m(a, k) m(a, l) m(a, n) m(a, o) m(a, p) \
      m(a, q) m(a, r) __VA_OPT__(GATE_PP_EACH_4(m, a, __VA_ARGS__, , , , , , , , , , , , , , , , ))
#define GATE_PP_EACH_4(m, a, b, c, d, e, f, g, h, i, j, k, l, n, o, p, q, r, ...)                                 \
  m(a, b) m(a, c) m(a, d) m(a, e) m(a, f) m(a, g) m(a, h) m(a, i) m(a, j) m(a, k) m(a, l) m(a, n) m(a, o) m(a, p) \
      m(a, q) m(a, r) __VA_OPT__(GATE_PP_EACH_5(m, a, __VA_ARGS__, , , , , , , , , , , , , , , , ))
#define GATE_PP_EACH_5(m, a, b, c, d, e, f, g, h, i, j, k, l, n, o, p, q, r, ...)                                 \
  m(a, b) m(a, c) m(a, d) m(a, e) m(a, f) m(a, g) m(a, h) m(a, i) m(a, j) m(a, k) m(a, l) m(a, n) m(a, o) m(a, p) \
      m(a, q) m(a, r) __VA_OPT__(GATE_PP_EACH_6(m, a, __VA_ARGS__, , , , , , , , , , , , , , , , ))
#define GATE_PP_EACH_6(m, a, b, c, d, e, f, g, h, i, j, k, l, n, o, p, q, r, ...)                                 \
  m(a, b) m(a, c) m(a, d) m(a, e) m(a, f) m(a, g) m(a, h) m(a, i) m(a, j) m(a, k) m(a, l) m(a, n) m(a, o) m(a, p) \
      m(a, q) m(a, r) __VA_OPT__(GATE_PP_EACH_7(m, a, __VA_ARGS__, , , , , , , , , , , , , , , , ))
#define GATE_PP_EACH_7(m, a, b, c, d, e, f, g, h, i, j, k, l, n, o, p, q, r, ...)                                 \
  m(a, b) m(a, c) m(a, d) m(a, e) m(a, f) m(a, g) m(a, h) m(a, i) m(a, j) m(a, k) m(a, l) m(a, n) m(a, o) m(a, p) \
      m(a, q) m(a, r) __VA_OPT__(GATE_PP_EACH_8(m, a, __VA_ARGS__, , , , , , , , , , , , , , , , ))
#define GATE_PP_EACH_8(m, a, b, c, d, e, f, g, h, i, j, k, l, n, o, p, q, r, ...)                                 \
  m(a, b) m(a, c) m(a, d) m(a, e) m(a, f) m(a, g) m(a, h) m(a, i) m(a, j) m(a, k) m(a, l) m(a, n) m(a, o) m(a, p) \
      m(a, q) m(a, r) __VA_OPT__(GATE_PP_EACH_9(m, a, __VA_ARGS__, , , , , , , , , , , , , , , , ))
#define GATE_PP_EACH_9(m, a, b, c, d, e, f, g, h, i, j, k, l, n, o, p, q, r, ...)                                 \
  m(a, b) m(a, c) m(a, d) m(a, e) m(a, f) m(a, g) m(a, h) m(a, i) m(a, j) m(a, k) m(a, l) m(a, n) m(a, o) m(a, p) \
      m(a, q) m(a, r) __VA_OPT__(GATE_PP_EACH_10(m, a, __VA_ARGS__, , , , , , , , , , , , , , , , ))
#define GATE_PP_EACH_10(m, a, b, c, d, e, f, g, h, i, j, k, l, n, o, p, q, r, ...)                                \
  m(a, b) m(a, c) m(a, d) m(a, e) m(a, f) m(a, g) m(a, h) m(a, i) m(a, j) m(a, k) m(a, l) m(a, n) m(a, o) m(a, p) \
      m(a, q) m(a, r) __VA_OPT__(GATE_PP_EACH_11(m, a, __VA_ARGS__, , , , , , , , , , , , , , , , ))
#define GATE_PP_EACH_11(m, a, b, c, d, e, f, g, h, i, j, k, l, n, o, p, q, r, ...)                                \
  m(a, b) m(a, c) m(a, d) m(a, e) m(a, f) m(a, g) m(a, h) m(a, i) m(a, j) m(a, k) m(a, l) m(a, n) m(a, o) m(a, p) \
      m(a, q) m(a, r) __VA_OPT__(GATE_PP_EACH_12(m, a, __VA_ARGS__, , , , , , , , , , , , , , , , ))
#define GATE_PP_EACH_12(m, a, b, c, d, e, f, g, h, i, j, k, l, n, o, p, q, r, ...)                                \
  m(a, b) m(a, c) m(a, d) m(a, e) m(a, f) m(a, g) m(a, h) m(a, i) m(a, j) m(a, k) m(a, l) m(a, n) m(a, o) m(a, p) \
      m(a, q) m(a, r) __VA_OPT__(GATE_PP_EACH_13(m, a, __VA_ARGS__, , , , , , , , , , , , , , , , ))
#define GATE_PP_EACH_13(m, a, b, c, d, e, f, g, h, i, j, k, l, n, o, p, q, r, ...)                                \
  m(a, b) m(a, c) m(a, d) m(a, e) m(a, f) m(a, g) m(a, h) m(a, i) m(a, j) m(a, k) m(a, l) m(a, n) m(a, o) m(a, p) \
      m(a, q) m(a, r) __VA_OPT__(GATE_PP_EACH_14(m, a, __VA_ARGS__, , , , , , , , , , , , , , , , ))
#define GATE_PP_EACH_14(m, a, b, c, d, e, f, g, h, i, j, k, l, n, o, p, q, r, ...)                                \
  m(a, b) m(a, c) m(a, d) m(a, e) m(a, f) m(a, g) m(a, h) m(a, i) m(a, j) m(a, k) m(a, l) m(a, n) m(a, o) m(a, p) \
      m(a, q) m(a, r) __VA_OPT__(GATE_PP_EACH_15(m, a, __VA_ARGS__, , , , , , , , , , , , , , , , ))
#define GATE_PP_EACH_15(m, a, b, c, d, e, f, g, h, i, j, k, l, n, o, p, q, r, ...)                                \
  m(a, b) m(a, c) m(a, d) m(a, e) m(a, f) m(a, g) m(a, h) m(a, i) m(a, j) m(a, k) m(a, l) m(a, n) m(a, o) m(a, p) \
      m(a, q) m(a, r) __VA_OPT__(GATE_PP_EACH_16(m, a, __VA_ARGS__, , , , , , , , , , , , , , , , ))
#define GATE_PP_EACH_16(m, a, b, c, d, e, f, g, h, i, j, k, l, n, o, p, q, r, ...)                                \
  m(a, b) m(a, c) m(a, d) m(a, e) m(a, f) m(a, g) m(a, h) m(a, i) m(a, j) m(a, k) m(a, l) m(a, n) m(a, o) m(a, p) \
      m(a, q) m(a, r) __VA_OPT__(GATE_PP_EACH_17(m, a, __VA_ARGS__, ))
#define GATE_PP_EACH_17(m, a, x, ...) GATE_PP_TOO_MANY(x)
#define GATE_PP_TOO_MANY(...) \
  __VA_OPT__(static_assert(false, "gate: more than 256 names in one line: '" #__VA_ARGS__ "' is one too many");)
