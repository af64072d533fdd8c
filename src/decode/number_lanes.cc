#include "decode/number_lanes.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace millrace::decode {

#if defined(__x86_64__)

bool has_number_lanes() {
  static const bool has = __builtin_cpu_supports("avx2") != 0;
  return has;
}

namespace {

/// The eight bytes before each of four ends.
__attribute__((target("avx2"))) __m256i load_before(const char* const* ends) {
  const auto word = [&](size_t i) __attribute__((target("avx2"))) {
    return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(ends[i] - NumberLanes::kBytesMax));
  };
  return _mm256_set_m128i(_mm_unpacklo_epi64(word(2), word(3)),
                          _mm_unpacklo_epi64(word(0), word(1)));
}

/// A bit for each of the four words that is all ones.
__attribute__((target("avx2"))) uint32_t bits_of(__m256i words) {
  return static_cast<uint32_t>(_mm256_movemask_pd(_mm256_castsi256_pd(words)));
}

/// The number that eight digits make, the first of them in the lowest byte: pairs, then fours, then
/// all.
__attribute__((target("avx2"))) __m128i numbers_of(__m256i digits) {
  const __m256i pairs = _mm256_maddubs_epi16(digits, _mm256_set1_epi16(0x010A));
  const __m256i fours = _mm256_madd_epi16(pairs, _mm256_set1_epi32(0x00010064));
  const __m256i packed = _mm256_packus_epi32(fours, fours);
  const __m256i eights = _mm256_madd_epi16(packed, _mm256_set1_epi32(0x00012710));
  // Each half holds its two numbers first.
  return _mm256_castsi256_si128(_mm256_permute4x64_epi64(eights, 0b1000));
}

/// Takes the lowest point out of each word, what stood before it moves up. Gives the bytes behind
/// it.
__attribute__((target("avx2"))) __m256i take_points_out(__m256i points, __m256i& digits) {
  const __m256i one = _mm256_set1_epi64x(1);
  const __m256i none = _mm256_cmpeq_epi64(points, _mm256_setzero_si256());
  const __m256i lowest = _mm256_and_si256(points, _mm256_sub_epi64(_mm256_setzero_si256(), points));
  const __m256i before = _mm256_sub_epi64(lowest, one);
  const __m256i up_to = _mm256_sub_epi64(_mm256_slli_epi64(lowest, 8), one);
  const __m256i behind = _mm256_andnot_si256(up_to, _mm256_set1_epi64x(-1));
  const __m256i moved = _mm256_slli_epi64(_mm256_and_si256(digits, before), 8);
  digits =
      _mm256_blendv_epi8(_mm256_or_si256(_mm256_and_si256(digits, behind), moved), digits, none);
  return behind;
}

/// Four fields from `at` on; a bit for each that is not taken.
template <bool kPoints>
__attribute__((target("avx2"))) uint32_t read_four(NumberLanes& lanes, size_t at) {
  const auto place = [at](std::array<uint32_t, NumberLanes::kMax>& values) {
    return reinterpret_cast<__m128i*>(values.data() + at);
  };
  const __m256i size = _mm256_cvtepu32_epi64(_mm_loadu_si128(place(lanes.sizes)));
  // The bytes of the field are the high ones of its word; what stands before it counts as zeros.
  const __m256i unused = _mm256_sub_epi64(_mm256_set1_epi64x(64), _mm256_slli_epi64(size, 3));
  const __m256i field = _mm256_sllv_epi64(_mm256_set1_epi64x(-1), unused);
  const __m256i word = load_before(lanes.ends.data() + at);
  __m256i digits = _mm256_and_si256(_mm256_sub_epi8(word, _mm256_set1_epi8('0')), field);
  __m256i size_min = _mm256_set1_epi64x(1);
  if constexpr (kPoints) {
    const __m256i points = _mm256_and_si256(_mm256_cmpeq_epi8(word, _mm256_set1_epi8('.')), field);
    const __m256i behind = take_points_out(points, digits);
    const __m256i decimals =
        _mm256_sad_epu8(_mm256_and_si256(behind, _mm256_set1_epi8(1)), _mm256_setzero_si256());
    const __m256i order = _mm256_setr_epi32(0, 2, 4, 6, 0, 2, 4, 6);
    _mm_storeu_si128(place(lanes.decimals),
                     _mm256_castsi256_si128(_mm256_permutevar8x32_epi32(decimals, order)));
    const __m256i none = _mm256_cmpeq_epi64(points, _mm256_setzero_si256());
    size_min = _mm256_add_epi64(_mm256_set1_epi64x(2), none);  // a point alone is no number
  }
  _mm_storeu_si128(place(lanes.values), numbers_of(digits));
  const __m256i nine = _mm256_set1_epi8(9);
  const __m256i digits_ok = _mm256_cmpeq_epi64(
      _mm256_cmpeq_epi8(_mm256_max_epu8(digits, nine), nine), _mm256_set1_epi64x(-1));
  const __m256i too_short = _mm256_cmpgt_epi64(size_min, size);
  const __m256i too_long = _mm256_cmpgt_epi64(size, _mm256_set1_epi64x(NumberLanes::kBytesMax));
  return (~bits_of(digits_ok) | bits_of(too_short) | bits_of(too_long)) & 0xF;
}

template <bool kPoints>
uint64_t read_all(NumberLanes& lanes) {
  uint64_t left = 0;
  const size_t fours = lanes.count / 4 * 4;
  for (size_t at = 0; at < fours; at += 4) left |= uint64_t{read_four<kPoints>(lanes, at)} << at;
  for (size_t at = fours; at < lanes.count; ++at) left |= uint64_t{1} << at;
  return left;
}

}  // namespace

uint64_t read_whole_numbers(NumberLanes& lanes) {
  return read_all<false>(lanes);
}

uint64_t read_decimals(NumberLanes& lanes) {
  return read_all<true>(lanes);
}

#else

bool has_number_lanes() {
  return false;
}

namespace {

uint64_t none_of(const NumberLanes& lanes) {
  return lanes.count == NumberLanes::kMax ? ~uint64_t{0} : (uint64_t{1} << lanes.count) - 1;
}

}  // namespace

uint64_t read_whole_numbers(NumberLanes& lanes) {
  return none_of(lanes);
}

uint64_t read_decimals(NumberLanes& lanes) {
  return none_of(lanes);
}

#endif

}  // namespace millrace::decode
