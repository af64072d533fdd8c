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
  EXPECT_FALSE((*book)->record("root").has_password());
}

TEST(Users, APasswordIsThereAfterARestartAndIsKeptAsHashesOnly) {
  Place place;
  {
    const auto book = UserBook::open(place.settings());
    ASSERT_TRUE((*book)->set_password({"root", "%"}, "sesame"));
  }
  const auto book = UserBook::open(place.settings());
  ASSERT_TRUE(book);
  EXPECT_EQ((*book)->record("root").sha2_hash, sha2_hash("sesame"));
  EXPECT_EQ((*book)->record("root").native_hash, native_hash("sesame"));
  EXPECT_EQ(place.kept.begin()->second.find("sesame"), std::string::npos);
}

TEST(Users, AnEmptyPasswordTakesItAway) {
  Place place;
  const auto book = UserBook::open(place.settings());
  ASSERT_TRUE((*book)->set_password({"root", ""}, "sesame"));
  ASSERT_TRUE((*book)->set_password({"root", ""}, ""));
  EXPECT_FALSE((*book)->record("root").has_password());
}

TEST(Users, AnUnknownUserOrHostCannotBeGivenAPassword) {
  Place place;
  const auto book = UserBook::open(place.settings());
  EXPECT_EQ((*book)->set_password({"eve", "%"}, "x").error().code, Code::kAccount);
  EXPECT_EQ((*book)->set_password({"root", "10.0.0.1"}, "x").error().code, Code::kAccount);
}

TEST(Users, NoProofFitsAnUnknownUser) {
  Place place;
  const auto book = UserBook::open(place.settings());
  const auto record = (*book)->record("eve");
  EXPECT_TRUE(record.has_password());
  EXPECT_EQ(record.sha2_hash.size(), 32U);
  EXPECT_EQ(record.native_hash.size(), 20U);
}

sql::AccountChange change_of(const std::string& name, const std::string& host,
                             std::optional<std::string> password) {
  sql::AccountChange change;
  change.name = name;
  change.host = host;
  change.password = std::move(password);
  return change;
}

TEST(Users, AccountsAreThereAfterARestartWithTheirRights) {
  Place place;
  {
    const auto book = UserBook::open(place.settings());
    auto ada = change_of("ada", "10.%", "sesame");
    ada.query_seconds = 5;
    ASSERT_TRUE((*book)->create({ada, change_of("bob", "", std::nullopt)}, false));
    ASSERT_TRUE((*book)->grant({"d", "t", sql::only(sql::Right::kInsert)}, {{"ada", ""}}));
    ASSERT_TRUE((*book)->grant({"d", "", sql::only(sql::Right::kSelect)}, {{"ada", "10.%"}}));
  }
  for (const auto& [key, value] : place.kept)
    EXPECT_EQ(value.find("sesame"), std::string::npos) << key;
  const auto book = UserBook::open(place.settings());
  ASSERT_TRUE(book);
  EXPECT_EQ((*book)->record("ada").sha2_hash, sha2_hash("sesame"));
  EXPECT_EQ((*book)->record("ada").host, "10.%");
  EXPECT_FALSE((*book)->record("bob").has_password());
  const auto ada = (*book)->find("ada");
  EXPECT_TRUE(ada->may(sql::Right::kInsert, "D", "T"));
  EXPECT_FALSE(ada->may(sql::Right::kInsert, "d", "u"));
  EXPECT_FALSE(ada->may(sql::Right::kInsert, "d"));
  EXPECT_TRUE(ada->may(sql::Right::kSelect, "d", "u"));
  EXPECT_FALSE(ada->is_admin());
  EXPECT_EQ(ada->limits.query_seconds, 5);
  EXPECT_TRUE((*book)->find("root")->is_admin());
}

TEST(Users, AChangeOfSeveralIsWholeOrNothing) {
  Place place;
  const auto book = UserBook::open(place.settings());
  ASSERT_TRUE((*book)->create({change_of("ada", "", "p")}, false));
  const auto twice = (*book)->create({change_of("bob", "", "p"), change_of("ada", "", "q")}, false);
  EXPECT_EQ(twice.error().code, Code::kAccount);
  EXPECT_EQ((*book)->find("bob"), nullptr);
  EXPECT_EQ((*book)->drop({{"ada", ""}, {"eve", ""}}, false).error().code, Code::kAccount);
  EXPECT_NE((*book)->find("ada"), nullptr);
  ASSERT_TRUE((*book)->create({change_of("bob", "", "p"), change_of("ada", "", "q")}, true));
  EXPECT_EQ((*book)->record("ada").sha2_hash, sha2_hash("p"));
  ASSERT_TRUE((*book)->drop({{"ada", ""}, {"eve", ""}}, true));
  EXPECT_EQ((*book)->find("ada"), nullptr);
}

TEST(Users, RootStaysWhatItIs) {
  Place place;
  const auto book = UserBook::open(place.settings());
  EXPECT_EQ((*book)->drop({{"root", ""}}, true).error().code, Code::kInvalidArgument);
  const sql::Grant admin{"", "", sql::only(sql::Right::kAdmin)};
  EXPECT_EQ((*book)->revoke(admin, {{"root", ""}}).error().code, Code::kInvalidArgument);
  EXPECT_EQ((*book)->create({change_of("root", "", "p")}, false).error().code, Code::kAccount);
  (*book)->keep_root_password();
  EXPECT_EQ((*book)->set_password({"root", ""}, "").error().code, Code::kPermission);
}

TEST(Users, ARevokeTakesWhatWasGrantedThereAndNoMore) {
  Place place;
  const auto book = UserBook::open(place.settings());
  ASSERT_TRUE((*book)->create({change_of("ada", "", "p")}, false));
  ASSERT_TRUE((*book)->grant({"d", "", sql::kAllOfDatabase}, {{"ada", ""}}));
  const sql::Grant select{"d", "", sql::only(sql::Right::kSelect)};
  ASSERT_TRUE((*book)->revoke(select, {{"ada", ""}}));
  EXPECT_FALSE((*book)->find("ada")->may(sql::Right::kSelect, "d", "t"));
  EXPECT_TRUE((*book)->find("ada")->may(sql::Right::kInsert, "d", "t"));
  EXPECT_EQ((*book)->revoke(select, {{"ada", ""}}).error().code, Code::kAccount);
}

TEST(Users, AHostIsAnAddressAPatternOrThisMachine) {
  EXPECT_TRUE(sql::is_host("%", "192.0.2.1", false));
  EXPECT_TRUE(sql::is_host("localhost", "::1", true));
  EXPECT_FALSE(sql::is_host("localhost", "192.0.2.1", false));
  EXPECT_TRUE(sql::is_host("192.0.2.%", "192.0.2.1", false));
  EXPECT_FALSE(sql::is_host("192.0.2.%", "192.0.3.1", false));
  EXPECT_FALSE(sql::is_host("192.0.2.1", "192.0.2.11", false));
}

TEST(Users, ADamagedAccountIsSaidAndNotTakenForNone) {
  for (const std::string_view text :
       {"{", "{}", "[5]", R"([{"name": "a"}])",
        R"([{"name": "a", "host": "%", "password": "", "grants": [{"database": "d"}],)"
        R"( "limits": {}}])"}) {
    Place place;
    place.kept["accounts"] = text;
    EXPECT_EQ(UserBook::open(place.settings()).error().code, Code::kDataLoss) << text;
  }
}

TEST(Users, ADamagedRecordIsSaidAndNotTakenForNoPassword) {
  Place place;
  place.kept["user.root"] = "native=12 sha2=34";
  EXPECT_EQ(UserBook::open(place.settings()).error().code, Code::kDataLoss);
}

}  // namespace
}  // namespace millrace::serve
