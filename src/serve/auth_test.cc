#include "serve/auth.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "serve/users.h"

namespace millrace::serve {
namespace {

/// Bytes 1 to 20, for which PyMySQL 1.1.1 made the tokens below.
std::string known_scramble() {
  std::string scramble;
  for (char c = 1; c <= 20; ++c) scramble += c;
  return scramble;
}

TEST(Auth, NativeTokenEqualsPyMysqls) {
  EXPECT_EQ(to_hex(native_token("secret", known_scramble())),
            "b32bb3a583e1340c0a1108d58b1be49781ad8c2f");
}

TEST(Auth, Sha2TokenEqualsPyMysqls) {
  EXPECT_EQ(to_hex(sha2_token("secret", known_scramble())),
            "746ebe205d56a0707acb3e796e834e0dd7b1d61743b26bd5202c7a623230c7c9");
}

TEST(Auth, HashesAreTheDoubleDigests) {
  EXPECT_EQ(to_hex(native_hash("password")), "2470c0c06dee42fd1618bb99005adca2ec9d1e19");
  EXPECT_EQ(to_hex(sha2_hash("secret")),
            "3881219d087dd9c634373fd33dfa33a2cb6bfc6c520b64b8bb60ef2ceb534ae7");
}

TEST(Auth, ATokenProvesItsPasswordAndNoOther) {
  const auto scramble = make_scramble();
  EXPECT_TRUE(check_native(native_token("a", scramble), scramble, native_hash("a")));
  EXPECT_FALSE(check_native(native_token("b", scramble), scramble, native_hash("a")));
  EXPECT_TRUE(check_sha2(sha2_token("a", scramble), scramble, sha2_hash("a")));
  EXPECT_FALSE(check_sha2(sha2_token("b", scramble), scramble, sha2_hash("a")));
}

TEST(Auth, ATokenForAnotherScrambleProvesNothing) {
  const auto token = sha2_token("a", make_scramble());
  EXPECT_FALSE(check_sha2(token, make_scramble(), sha2_hash("a")));
}

TEST(Auth, ATokenOfAnotherLengthProvesNothing) {
  const auto scramble = make_scramble();
  for (const std::string token : {"", "x", "0123456789012345678901234567890123456789"}) {
    EXPECT_FALSE(check_native(token, scramble, native_hash("a")));
    EXPECT_FALSE(check_sha2(token, scramble, sha2_hash("a")));
  }
}

TEST(Auth, ScramblesDifferAndHoldNoByteThatEndsThem) {
  std::set<std::string> seen;
  for (int i = 0; i < 200; ++i) {
    const auto scramble = make_scramble();
    EXPECT_EQ(scramble.size(), kScrambleBytes);
    EXPECT_EQ(scramble.find('\0'), std::string::npos);
    EXPECT_EQ(scramble.find('$'), std::string::npos);
    seen.insert(scramble);
  }
  EXPECT_EQ(seen.size(), 200U);
}

TEST(Auth, APasswordComesBackThroughRsa) {
  const auto key = RsaKey::generate();
  ASSERT_TRUE(key);
  const auto scramble = make_scramble();
  const auto cipher = encrypt_password("correct horse", scramble, (*key)->public_pem());
  ASSERT_TRUE(cipher);
  EXPECT_EQ((*key)->decrypt_password(*cipher, scramble).value(), "correct horse");
}

TEST(Auth, WhatIsNoCipherIsRefused) {
  const auto key = RsaKey::generate();
  ASSERT_TRUE(key);
  for (const std::string& cipher : {std::string(), std::string("x"), std::string(256, 'x')})
    EXPECT_FALSE((*key)->decrypt_password(cipher, make_scramble()));
}

TEST(Auth, HexIsReadStrictly) {
  EXPECT_EQ(from_hex("00fF10"), std::string("\x00\xff\x10", 3));
  EXPECT_EQ(from_hex("0"), "");
  EXPECT_EQ(from_hex("0g"), "");
}

struct Place {
  std::map<std::string, std::string> kept;
  SettingsPlace settings() {
    return {[this](const std::string& key) -> Result<std::optional<std::string>> {
              if (kept.count(key) == 0) return std::optional<std::string>();
              return std::optional<std::string>(kept[key]);
            },
            [this](const std::string& key, const std::string& value) -> Status {
              kept[key] = value;
              return {};
            }};
  }
};

TEST(Users, RootBeginsWithoutAPassword) {
  Place place;
  const auto book = UserBook::open(place.settings());
  ASSERT_TRUE(book);
  EXPECT_FALSE((*book)->find("root").has_password());
}

TEST(Users, APasswordIsThereAfterARestartAndIsKeptAsHashesOnly) {
  Place place;
  {
    const auto book = UserBook::open(place.settings());
    ASSERT_TRUE((*book)->set_password("root", "%", "sesame"));
  }
  const auto book = UserBook::open(place.settings());
  ASSERT_TRUE(book);
  EXPECT_EQ((*book)->find("root").sha2_hash, sha2_hash("sesame"));
  EXPECT_EQ((*book)->find("root").native_hash, native_hash("sesame"));
  EXPECT_EQ(place.kept.begin()->second.find("sesame"), std::string::npos);
}

TEST(Users, AnEmptyPasswordTakesItAway) {
  Place place;
  const auto book = UserBook::open(place.settings());
  ASSERT_TRUE((*book)->set_password("root", "", "sesame"));
  ASSERT_TRUE((*book)->set_password("root", "", ""));
  EXPECT_FALSE((*book)->find("root").has_password());
}

TEST(Users, AnUnknownUserOrHostCannotBeGivenAPassword) {
  Place place;
  const auto book = UserBook::open(place.settings());
  EXPECT_EQ((*book)->set_password("eve", "%", "x").error().code, Code::kNotFound);
  EXPECT_EQ((*book)->set_password("root", "10.0.0.1", "x").error().code, Code::kNotFound);
}

TEST(Users, NoProofFitsAnUnknownUser) {
  Place place;
  const auto book = UserBook::open(place.settings());
  const auto record = (*book)->find("eve");
  EXPECT_TRUE(record.has_password());
  EXPECT_EQ(record.sha2_hash.size(), 32U);
  EXPECT_EQ(record.native_hash.size(), 20U);
}

TEST(Users, ADamagedRecordIsSaidAndNotTakenForNoPassword) {
  Place place;
  place.kept["user.root"] = "native=12 sha2=34";
  EXPECT_EQ(UserBook::open(place.settings()).error().code, Code::kDataLoss);
}

}  // namespace
}  // namespace millrace::serve
