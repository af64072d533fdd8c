#include "demo/profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace millrace::demo {
namespace {

double answer(const Person& person, std::string_view name) {
  return person.answers[question_index(name)];
}

std::string refusal(std::string_view text) {
  const auto person = parse_profile(text);
  return person ? "nothing was wrong" : person.error().to_string();
}

TEST(Profile, keys_words_and_numbers_are_read) {
  const auto me = parse_profile(" age=30, gender=woman ,field=law,goal=4,yoga=9,attr1_1=40");
  ASSERT_TRUE(me) << me.error().to_string();
  EXPECT_EQ(me->gender, kWoman);
  EXPECT_EQ(answer(*me, "age"), 30);
  EXPECT_EQ(answer(*me, "field_cd"), 1);
  EXPECT_EQ(answer(*me, "goal"), 4);
  EXPECT_EQ(answer(*me, "yoga"), 9);
  EXPECT_EQ(answer(*me, "attr1_1"), 40);
  EXPECT_EQ(me->field, "Law");
}

TEST(Profile, what_is_not_said_is_usual_or_unknown) {
  const auto me = parse_profile("gender=MAN");
  ASSERT_TRUE(me);
  EXPECT_EQ(me->gender, kMan);
  EXPECT_EQ(answer(*me, "age"), 26);
  EXPECT_EQ(answer(*me, "music"), 8);
  EXPECT_FALSE(is_known(answer(*me, "race")));
  EXPECT_EQ(me->field, "");
}

TEST(Profile, is_written_as_it_is_read) {
  const auto me = parse_profile("gender=man,age=41,race=asian,wants_fun=12.5,is_fun=10");
  ASSERT_TRUE(me);
  const std::string text = profile_text(*me);
  EXPECT_EQ(text, "gender=man,age=41,race=asian,wants_fun=12.5,is_fun=10");
}

TEST(Profile, errors_name_the_nearest_key_or_word) {
  EXPECT_THAT(refusal("gender=woman,yogo=9"),
              testing::AllOf(testing::HasSubstr("no \"yogo\""), testing::HasSubstr("yoga")));
  EXPECT_THAT(
      refusal("gender=woman,field=lew"),
      testing::AllOf(testing::HasSubstr("\"field\" cannot be \"lew\""), testing::HasSubstr("law")));
  EXPECT_THAT(refusal("gender=cat"), testing::HasSubstr("woman and man"));
}

TEST(Profile, numbers_have_bounds) {
  EXPECT_THAT(refusal("gender=man,age=12"), testing::HasSubstr("from 16 to 99"));
  EXPECT_THAT(refusal("gender=man,yoga=11"), testing::HasSubstr("from 0 to 10"));
  EXPECT_THAT(refusal("gender=man,is_fun=7.5"), testing::HasSubstr("from 0 to 10"));
  EXPECT_THAT(refusal("gender=man,age=nan"), testing::HasSubstr("a number"));
  EXPECT_THAT(refusal("gender=man,age=30x"), testing::HasSubstr("a number"));
  EXPECT_THAT(refusal("gender=man,goal=7"), testing::HasSubstr("one of"));
}

TEST(Profile, must_say_the_gender_and_nothing_twice) {
  EXPECT_THAT(refusal("age=30"), testing::HasSubstr("does not say \"gender\""));
  EXPECT_THAT(refusal(""), testing::HasSubstr("does not say \"gender\""));
  EXPECT_THAT(refusal("gender=man,age=30,AGE=31"), testing::HasSubstr("said twice"));
  EXPECT_THAT(refusal("gender=man,yoga"), testing::HasSubstr("no key=value"));
}

TEST(Form, asks_again_after_an_answer_it_cannot_read) {
  std::vector<std::string> lines{"",        "woman",  "abc",         "33",          "",
                                 "serious", "weekly", "yoga, moves", "yoga, movies"};
  size_t at = 0;
  std::vector<std::string> said;
  const auto me = ask_profile(
      [&](const std::string&) {
        return at < lines.size() ? std::optional(lines[at++]) : std::nullopt;
      },
      [&](const std::string& line) { said.push_back(line); });
  ASSERT_TRUE(me);
  EXPECT_EQ(at, lines.size());
  EXPECT_EQ(answer(*me, "age"), 33);
  EXPECT_EQ(answer(*me, "goal"), 4);
  EXPECT_EQ(answer(*me, "yoga"), 10);
  EXPECT_EQ(answer(*me, "movies"), 10);
  EXPECT_EQ(said.size(), 3U);
  EXPECT_THAT(said.back(), testing::HasSubstr("movies"));
}

TEST(Form, the_end_of_the_input_adds_nobody) {
  EXPECT_FALSE(
      ask_profile([](const std::string&) { return std::nullopt; }, [](const std::string&) {}));
}

}  // namespace
}  // namespace millrace::demo
