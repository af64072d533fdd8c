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

/// The eight bytes at each of four places.
__attribute__((target("avx2"))) __m256i load_words(__m256i places) {
  const auto word = [](int64_t place) __attribute__((target("avx2"))) {
    return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(place));
  };
  const __m128i low = _mm256_castsi256_si128(places);
  const __m128i high = _mm256_extracti128_si256(places, 1);
  return _mm256_set_m128i(
      _mm_unpacklo_epi64(word(_mm_cvtsi128_si64(high)), word(_mm_extract_epi64(high, 1))),
      _mm_unpacklo_epi64(word(_mm_cvtsi128_si64(low)), word(_mm_extract_epi64(low, 1))));
}

__attribute__((target("avx2"))) __m256i load_four(const void* from) {
  return _mm256_loadu_si256(static_cast<const __m256i*>(from));
}

__attribute__((target("avx2"))) __m128i load_offsets(const uint32_t* from) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
}

/// Where the words begin whose last bytes are the fields' that end at `ends` of their rows.
__attribute__((target("avx2"))) __m256i places_of(const LaneRows& rows, size_t at, __m256i ends) {
  const __m256i width = _mm256_set1_epi64x(LaneRows::kBytesMax);
  const __m256i places =
      _mm256_add_epi64(load_four(rows.begins.data() + at), _mm256_sub_epi64(ends, width));
  const __m256i early = _mm256_cmpgt_epi64(width, ends);
  if (_mm256_testz_si256(early, early)) return places;
  const auto stride = static_cast<int64_t>(sizeof(rows.heads[0]));
  const __m256i heads =
      _mm256_add_epi64(_mm256_set1_epi64x(reinterpret_cast<int64_t>(rows.heads[at].data())),
                       _mm256_setr_epi64x(0, stride, 2 * stride, 3 * stride));
  return _mm256_blendv_epi8(places, _mm256_add_epi64(heads, ends), early);
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

/// The fields of four rows from `at` on; a bit for each that is not taken.
template <bool kPoints>
__attribute__((target("avx2"))) uint32_t read_four(const LaneRows& rows, const LaneField& field,
                                                   size_t at, __m128i value_max,
                                                   LaneNumbers& numbers) {
  const __m128i end = _mm_sub_epi32(load_offsets(field.next + at),
                                    _mm_set1_epi32(static_cast<int>(field.separator)));
  const __m256i size = _mm256_cvtepu32_epi64(_mm_sub_epi32(end, load_offsets(field.from + at)));
  const __m256i word = load_words(places_of(rows, at, _mm256_cvtepu32_epi64(end)));
  // The bytes of the field are the high ones of its word; what stands before it counts as zeros.
  const __m256i unused = _mm256_sub_epi64(_mm256_set1_epi64x(64), _mm256_slli_epi64(size, 3));
  const __m256i within = _mm256_sllv_epi64(_mm256_set1_epi64x(-1), unused);
  __m256i digits = _mm256_and_si256(_mm256_sub_epi8(word, _mm256_set1_epi8('0')), within);
  __m256i size_min = _mm256_set1_epi64x(1);
  __m128i decimals = _mm_setzero_si128();
  if constexpr (kPoints) {
    const __m256i points = _mm256_and_si256(_mm256_cmpeq_epi8(word, _mm256_set1_epi8('.')), within);
    if (!_mm256_testz_si256(points, points)) {
      const __m256i behind = take_points_out(points, digits);
      const __m256i counts =
          _mm256_sad_epu8(_mm256_and_si256(behind, _mm256_set1_epi8(1)), _mm256_setzero_si256());
      const __m256i order = _mm256_setr_epi32(0, 2, 4, 6, 0, 2, 4, 6);
      decimals = _mm256_castsi256_si128(_mm256_permutevar8x32_epi32(counts, order));
      numbers.has_decimals = true;
      const __m256i none = _mm256_cmpeq_epi64(points, _mm256_setzero_si256());
      size_min = _mm256_add_epi64(_mm256_set1_epi64x(2), none);  // a point alone is no number
    }
    _mm_storeu_si128(reinterpret_cast<__m128i*>(numbers.decimals.data() + at), decimals);
  }
  const __m128i values = numbers_of(digits);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(numbers.values.data() + at), values);
  const __m256i nine = _mm256_set1_epi8(9);
  const __m256i digits_ok = _mm256_cmpeq_epi64(
      _mm256_cmpeq_epi8(_mm256_max_epu8(digits, nine), nine), _mm256_set1_epi64x(-1));
  const __m256i too_short = _mm256_cmpgt_epi64(size_min, size);
  const __m256i too_long = _mm256_cmpgt_epi64(size, _mm256_set1_epi64x(LaneRows::kBytesMax));
  const __m256i wrong = _mm256_or_si256(too_short, too_long);
  const __m128i too_large = _mm_cmpgt_epi32(values, value_max);
  return (~bits_of(digits_ok) & 0xF) | bits_of(wrong) |
         static_cast<uint32_t>(_mm_movemask_ps(_mm_castsi128_ps(too_large)));
}

template <bool kPoints>
__attribute__((target("avx2"))) uint64_t read_all(const LaneRows& rows, const LaneField& field,
                                                  size_t count, uint32_t value_max,
                                                  LaneNumbers& numbers) {
  const __m128i most = _mm_set1_epi32(static_cast<int>(value_max));
  numbers.has_decimals = false;
  uint64_t left = 0;
  const size_t fours = count / 4 * 4;
  for (size_t at = 0; at < fours; at += 4)
    left |= uint64_t{read_four<kPoints>(rows, field, at, most, numbers)} << at;
  for (size_t at = fours; at < count; ++at) left |= uint64_t{1} << at;
  return left;
}

}  // namespace

uint64_t read_whole_numbers(const LaneRows& rows, const LaneField& field, size_t count,
                            uint32_t value_max, LaneNumbers& numbers) {
  return read_all<false>(rows, field, count, value_max, numbers);
}

uint64_t read_decimals(const LaneRows& rows, const LaneField& field, size_t count,
                       uint32_t value_max, LaneNumbers& numbers) {
  return read_all<true>(rows, field, count, value_max, numbers);
}

#else

bool has_number_lanes() {
  return false;
}

namespace {

uint64_t none_of(size_t count) {
  return count == LaneRows::kMax ? ~uint64_t{0} : (uint64_t{1} << count) - 1;
}

}  // namespace

uint64_t read_whole_numbers(const LaneRows&, const LaneField&, size_t count, uint32_t,
                            LaneNumbers&) {
  return none_of(count);
}

uint64_t read_decimals(const LaneRows&, const LaneField&, size_t count, uint32_t, LaneNumbers&) {
  return none_of(count);
}

#endif

}  // namespace millrace::decode
