// "Add yourself": what `--me age=30,gender=woman,yoga=9` says, or what the short form on a terminal
// asks, as a Person. Who does not answer a question is given its usual answer, or none. Parsing is
// pure; the form reads from the terminal on the main thread and gives up when the demo is to stop.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "demo/person.h"

namespace millrace::demo {

/// A person who says nothing: the usual answers.
Person usual_person();

/// Sets what `key` asks to `value`: a key of the table or the Kaggle file's name for it, or gender;
/// a word, its number in the file, or a number. Errors: kInvalidArgument, with the nearest key or
/// word.
Status set_answer(Person& person, std::string_view key, std::string_view value);

/// Reads `key=value,key=value`. Errors: as set_answer(), a key that is given twice, and none that
/// says the gender, without which nobody knows whom to propose.
Result<Person> parse_profile(std::string_view text);

/// As `--me` would be given: "gender=woman,age=30,goal=serious".
std::string profile_text(const Person& person);

/// Reads one line for a prompt; empty when there is none (end of input, or the demo is to stop).
using AskLine = std::function<std::optional<std::string>(const std::string& prompt)>;
/// Says something.
using Say = std::function<void(const std::string& line)>;

/// The form. Asks again after an answer that cannot be read; empty when the input ended.
std::optional<Person> ask_profile(const AskLine& ask, const Say& say);

}  // namespace millrace::demo
