// millrace: options, wiring, signals; the only file that knows every room.
#define TOML_EXCEPTIONS 0
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <toml++/toml.h>
#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>

#include "base/fault.h"
#include "base/log.h"
#include "base/thread.h"
#include "demo/demo.h"
#include "engine/model_filter.h"
#include "serve/instance.h"
#include "serve/result_printer.h"
#include "serve/shell.h"
#include "serve/version.h"

namespace millrace {
namespace {

constexpr int kDone = 0;
constexpr int kFailed = 1;
constexpr int kWrongOptions = 2;

int complain(const Error& error, int status) {
  std::fprintf(stderr, "millrace: %s\n", error.to_string().c_str());
  return status;
}

/// SIGTERM and SIGINT wait for a thread that asks; all threads started later inherit that.
sigset_t hold_signals() {
  signal(SIGPIPE, SIG_IGN);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  return set;
}

Status arm_faults_of_environment() {
  const char* spec = std::getenv("MILLRACE_FAULT");
  return spec == nullptr ? Status() : arm_faults(spec);
}

// --- millrace serve
// -------------------------------------------------------------------------------

struct ServeArguments {
  std::string data = "millrace-data";
  std::string mysql_listen = "127.0.0.1:3306";
  std::string http_listen = "127.0.0.1:8080";
  std::string config;
  std::string log_level = "info";
  std::string auth_plugin{serve::kSha2Plugin};
  size_t connections_max = serve::ServerOptions().connections_max;
  std::vector<std::string> http_allowed_origins;
  std::string tls_cert;
  std::string tls_key;
  bool require_secure_transport = false;
  bool http_tls = false;
  bool no_file_access = false;
  bool local_infile = false;
  std::string audit_log;
  uint64_t memory_max = 0;
  int threads_max = 0;
};

const std::map<std::string, LogLevel>& log_levels() {
  static const std::map<std::string, LogLevel> levels{{"debug", LogLevel::kDebug},
                                                      {"info", LogLevel::kInfo},
                                                      {"warn", LogLevel::kWarn},
                                                      {"error", LogLevel::kError},
                                                      {"off", LogLevel::kOff}};
  return levels;
}

CLI::App* add_serve(CLI::App& app, ServeArguments& arguments) {
  auto* serve = app.add_subcommand("serve", "Run the server until SIGTERM");
  serve->add_option("--data", arguments.data, "The directory of its data; made when missing")
      ->capture_default_str();
  serve->add_option("--mysql-listen", arguments.mysql_listen, "HOST:PORT for MySQL clients")
      ->capture_default_str();
  serve->add_option("--http-listen", arguments.http_listen, "HOST:PORT for HTTP")
      ->capture_default_str();
  serve->add_option("--config", arguments.config, "A TOML file of these options")
      ->check(CLI::ExistingFile);
  serve->add_option("--log-level", arguments.log_level, "debug, info, warn, error or off")
      ->check(CLI::IsMember({"debug", "info", "warn", "error", "off"}))
      ->capture_default_str();
  serve->add_option("--auth-plugin", arguments.auth_plugin, "What clients are first asked for")
      ->check(CLI::IsMember({std::string(serve::kSha2Plugin), std::string(serve::kNativePlugin)}))
      ->capture_default_str();
  serve->add_option("--connections-max", arguments.connections_max, "Clients at the same time")
      ->check(CLI::Range(size_t{1}, size_t{100'000}))
      ->capture_default_str();
  serve->add_option("--http-allow-origin", arguments.http_allowed_origins,
                    "A site, as https://example.org, whose pages may ask over HTTP; repeatable");
  serve->add_flag("--http-tls", arguments.http_tls, "HTTP over TLS alone, with that certificate");
  serve->add_option("--tls-cert", arguments.tls_cert,
                    "The server's certificate, PEM; without it, one of its own in --data");
  serve->add_option("--tls-key", arguments.tls_key, "Its key, PEM");
  serve->add_flag("--require-secure-transport", arguments.require_secure_transport,
                  "Refuse MySQL clients without TLS");
  serve->add_option("--audit-log", arguments.audit_log,
                    "A file to append logins, DDL, grants and denials to, as lines of JSON");
  serve->add_flag("--no-file-access", arguments.no_file_access,
                  "No statement reaches a file of this machine, an admin's neither");
  serve->add_flag("--local-infile", arguments.local_infile,
                  "Allow LOAD DATA LOCAL, until SET GLOBAL local_infile says otherwise");
  serve->add_option("--memory-max", arguments.memory_max, "Memory of the store, as 4GB")
      ->transform(CLI::AsSizeValue(false));
  serve
      ->add_option("--threads-max", arguments.threads_max,
                   "Threads of the store; 0: every core but one")
      ->check(CLI::Range(0, 4096));
  return serve;
}

/// One `key = value` of the file: the option --key, unless the command line gave it.
Status apply_setting(CLI::App& serve, std::string_view key, const toml::node& node) {
  std::string name(key);
  std::replace(name.begin(), name.end(), '_', '-');
  auto* option = name == "config" ? nullptr : serve.get_option_no_throw("--" + name);
  if (option == nullptr) {
    static const std::vector<std::string_view> known{
        "data",           "mysql_listen",    "http_listen", "http_allow_origin",
        "http_tls",       "log_level",       "tls_cert",    "tls_key",
        "auth_plugin",    "connections_max", "memory_max",  "threads_max",
        "no_file_access", "local_infile",    "audit_log",   "require_secure_transport"};
    return Error(Code::kInvalidArgument, "setting \"" + std::string(key) + "\" does not exist",
                 did_you_mean(key, known));
  }
  if (option->count() > 0) return {};
  std::string value;
  if (const auto text = node.value_exact<std::string>())
    value = *text;
  else if (const auto number = node.value_exact<int64_t>())
    value = std::to_string(*number);
  else if (const auto flag = node.value_exact<bool>())
    value = *flag ? "true" : "false";
  else
    return Error(Code::kInvalidArgument, "setting \"" + std::string(key) +
                                             "\" must be a text, a whole number, true or false");
  try {
    option->add_result(value);
    option->run_callback();
  } catch (const CLI::Error& e) {
    return Error(Code::kInvalidArgument, "setting \"" + std::string(key) + "\": " + e.what());
  }
  return {};
}

Status apply_config(CLI::App& serve, const std::string& path) {
  if (path.empty()) return {};
  const auto parsed = toml::parse_file(path);
  if (!parsed)
    return Error(Code::kInvalidArgument, path + ":" +
                                             std::to_string(parsed.error().source().begin.line) +
                                             ": " + std::string(parsed.error().description()));
  for (const auto& [key, node] : parsed.table()) {
    if (auto applied = apply_setting(serve, key.str(), node); !applied)
      return std::move(applied).error().within(path + ":" +
                                               std::to_string(node.source().begin.line));
  }
  return {};
}

Result<serve::InstanceOptions> instance_options(const ServeArguments& arguments) {
  serve::InstanceOptions options;
  options.store.directory = arguments.data;
  options.store.memory_bytes_max = static_cast<int64_t>(arguments.memory_max);
  options.store.threads_max = arguments.threads_max;
  TRY(options.server.mysql_listen, serve::parse_address(arguments.mysql_listen));
  TRY(options.server.http_listen, serve::parse_address(arguments.http_listen));
  options.server.auth_plugin = arguments.auth_plugin;
  options.server.connections_max = arguments.connections_max;
  options.server.http_tls = arguments.http_tls;
  options.server.http_allowed_origins = arguments.http_allowed_origins;
  options.server.tls = {arguments.tls_cert, arguments.tls_key};
  options.server.tls_directory = arguments.data;
  options.store.file_access = !arguments.no_file_access;
  options.server.audit_log = arguments.audit_log;
  options.server.file_access = !arguments.no_file_access;
  options.server.local_infile = arguments.local_infile;
  options.server.tls_only = arguments.require_secure_transport;
  return options;
}

int run_serve(CLI::App& command, ServeArguments& arguments) {
  if (const auto applied = apply_config(command, arguments.config); !applied)
    return complain(applied.error(), kWrongOptions);
  set_log_level(log_levels().at(arguments.log_level));
  const auto options = instance_options(arguments);
  if (!options) return complain(options.error(), kWrongOptions);
  if (const auto armed = arm_faults_of_environment(); !armed)
    return complain(armed.error(), kWrongOptions);
  const sigset_t signals = hold_signals();
  auto instance = serve::Instance::open(*options);
  if (!instance) return complain(instance.error(), kFailed);
  std::printf("ready mysql=%s http=%s\n", (*instance)->mysql_address().to_string().c_str(),
              (*instance)->http_address().to_string().c_str());
  std::fflush(stdout);
  int number = 0;
  sigwait(&signals, &number);
  log_info("stopping", {{"signal", number}});
  // A second signal ends the process at once; what is committed is safe.
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  if (const auto stopped = (*instance)->stop(); !stopped) return complain(stopped.error(), kFailed);
  log_info("stopped");
  return kDone;
}

// --- millrace sql
// ---------------------------------------------------------------------------------

struct SqlArguments {
  std::vector<std::string> statements;
  std::string server = "127.0.0.1:3306";
  serve::ClientOptions client;
  std::string format;
};

CLI::App* add_sql(CLI::App& app, SqlArguments& arguments) {
  auto* sql = app.add_subcommand("sql", "Run SQL on a server, from the arguments or from stdin");
  sql->add_option("statement", arguments.statements, "SQL; without it, stdin is read");
  sql->add_option("-s,--server", arguments.server, "HOST:PORT of its MySQL side")
      ->capture_default_str();
  sql->add_option("-u,--user", arguments.client.user, "The user")->capture_default_str();
  sql->add_option("-p,--password", arguments.client.password, "The password")
      ->envname("MILLRACE_PASSWORD");
  sql->add_option("-d,--database", arguments.client.database, "The database to use");
  sql->add_flag("--local-infile", arguments.client.local_infile,
                "Give the server the files of LOAD DATA LOCAL: any that it asks for");
  sql->add_option("-f,--format", arguments.format,
                  "table, tabs, csv or json; a table on a terminal, tabs elsewhere")
      ->check(CLI::IsMember({"table", "tabs", "csv", "json"}));
  sql->add_flag_callback(
      "--csv", [&] { arguments.format = "csv"; }, "The same as --format csv");
  sql->add_flag_callback(
      "--json", [&] { arguments.format = "json"; },
      "The same as --format json: an object for each row, a line each");
  return sql;
}

void put(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
}

/// True when it worked; what did not is said on stderr.
bool run_statements(serve::Client& client, std::string_view text, serve::ResultPrinter& printer) {
  const auto done = client.query(text, printer);
  if (!done) printer.on_failure();
  std::fflush(stdout);
  if (!done) std::fprintf(stderr, "%s\n", done.error().to_string().c_str());
  return done.has_value();
}

serve::ResultPrinter::Form form_of(const std::string& format, bool person) {
  using Form = serve::ResultPrinter::Form;
  static const std::map<std::string, Form> forms{
      {"table", Form::kTable}, {"tabs", Form::kTabs}, {"csv", Form::kCsv}, {"json", Form::kJson}};
  return format.empty() ? (person ? Form::kTable : Form::kTabs) : forms.at(format);
}

int run_sql(SqlArguments& arguments) {
  auto address = serve::parse_address(arguments.server);
  if (!address) return complain(address.error(), kWrongOptions);
  arguments.client.server = *address;
  auto client = serve::Client::connect(arguments.client);
  if (!client) return complain(client.error(), kFailed);
  const bool person = isatty(STDOUT_FILENO) != 0;
  serve::ResultPrinter printer(form_of(arguments.format, person), put);
  if (arguments.statements.empty()) {
    if (person && isatty(STDIN_FILENO) != 0) {
      serve::Shell(**client, arguments.client, printer).converse();
      return kDone;
    }
    const std::string script{std::istreambuf_iterator<char>(std::cin), {}};
    return run_statements(**client, script, printer) ? kDone : kFailed;
  }
  for (const auto& statement : arguments.statements)
    if (!run_statements(**client, statement, printer)) return kFailed;
  return kDone;
}

// --- millrace transform
// ---------------------------------------------------------------------------

struct TransformArguments {
  engine::FilterOptions filter;
  std::string input = "framed";
  std::string separator = "\\t";
};

CLI::App* add_transform(CLI::App& app, TransformArguments& arguments) {
  auto& filter = arguments.filter;
  auto* transform = app.add_subcommand(
      "transform",
      "A model as a filter: rows of CSV from stdin go to stdout with predictions behind them.\n"
      "As it is, it is a program for WITH TRANSFORM of a SingleStore pipeline.");
  transform
      ->add_option("--model", filter.model_file, "A file of EXPORT MODEL name INTO OUTFILE 'file'")
      ->required()
      ->check(CLI::ExistingFile);
  transform->add_option("--fields", filter.fields, "The names of a row's fields: a,b,c")
      ->required()
      ->delimiter(',');
  transform
      ->add_option("--predictions", filter.predictions,
                   "What is added, of class_id, class, probability, probabilities, logits, "
                   "prediction and model_version; class_id,probability or prediction without it")
      ->delimiter(',');
  transform
      ->add_option("--input", arguments.input,
                   "framed: each message behind its length, as pipelines of Kafka give them; lines")
      ->check(CLI::IsMember({"framed", "lines"}))
      ->capture_default_str();
  transform
      ->add_option("--fields-terminated-by", arguments.separator,
                   "Between fields, of what is read and written; \\t is a tab")
      ->capture_default_str();
  transform->add_option("--enclosed-by", filter.csv.enclosed_by, "Around fields that need it");
  return transform;
}

int run_transform(TransformArguments& arguments) {
  signal(SIGPIPE, SIG_IGN);
  auto& filter = arguments.filter;
  if (arguments.input == "lines") filter.input = engine::FilterOptions::Input::kLines;
  filter.csv.fields_terminated_by = arguments.separator == "\\t" ? "\t" : arguments.separator;
  filter.csv.optionally_enclosed = true;
  constexpr int kComplaintsMax = 100;
  int complaints = 0;
  const auto complain = [&](const std::string& what) {
    if (complaints++ < kComplaintsMax) std::fprintf(stderr, "millrace: %s\n", what.c_str());
  };
  const auto report = engine::run_filter(filter, STDIN_FILENO, STDOUT_FILENO, complain);
  if (!report) return millrace::complain(report.error(), kFailed);
  if (report->unpredicted > 0)
    std::fprintf(stderr, "millrace: %lld of %lld rows went out without predictions\n",
                 static_cast<long long>(report->unpredicted), static_cast<long long>(report->rows));
  return kDone;
}

// --- millrace demo
// --------------------------------------------------------------------------------

CLI::App* add_demo(CLI::App& app, demo::Options& options) {
  auto* group = app.add_subcommand("demo", "See what millrace does");
  group->require_subcommand(1);
  auto* dating = group->add_subcommand("speed-dating", "Train and classify couples, live");
  dating->add_option("--kafka", options.kafka, "HOST:PORT of a broker; without it, one inside");
  dating->add_option("--data", options.data, "The Kaggle file; without it, couples are made up")
      ->check(CLI::ExistingFile);
  dating->add_option("--features", options.features, "profile, own or both")
      ->check(CLI::IsMember({"profile", "own", "both"}))
      ->capture_default_str();
  dating->add_option("--couples", options.couples, "How many; 0: all")
      ->check(CLI::NonNegativeNumber);
  dating->add_option("--seed", options.seed, "Of the couples and their order")
      ->capture_default_str();
  dating->add_option("--report", options.report, "Write all figures to this JSON file");
  dating->add_flag("--exit", options.exit, "End when the story is told");
  dating->add_option("--data-dir", options.data_dir, "Keep the data here");
  dating->add_option("--mysql-listen", options.mysql_listen, "HOST:PORT for MySQL clients")
      ->capture_default_str();
  dating->add_option("--http-listen", options.http_listen, "HOST:PORT for HTTP")
      ->capture_default_str();
  dating->add_option("--me", options.me, "Your profile, as age=30,gender=woman,...");
  dating->add_flag("--no-me", options.no_me, "Add nobody");
  return group;
}

int run_demo(demo::Options& options) {
  set_log_level(LogLevel::kWarn);
  const sigset_t signals = hold_signals();
  std::stop_source stop;
  options.stop = stop.get_token();
  const auto watcher = run_thread("signals", [&signals, &stop](const std::stop_token&) {
    int number = 0;
    sigwait(&signals, &number);
    stop.request_stop();
    pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);  // the second one ends us at once
  });
  const int status = demo::run(options);
  signal(SIGTERM, SIG_IGN);  // it is blocked, and so still reaches sigwait; it ends nothing else
  kill(getpid(), SIGTERM);
  return status;
}

int run(int argc, char** argv) {
  CLI::App app("millrace: train and classify streams, in SQL", "millrace");
  app.set_version_flag("--version", "millrace " + std::string(serve::kVersion) + " (as MySQL " +
                                        std::string(serve::kServerVersion) + ")");
  app.require_subcommand(1);
  ServeArguments serve_arguments;
  SqlArguments sql_arguments;
  TransformArguments transform_arguments;
  demo::Options demo_options;
  auto* serve = add_serve(app, serve_arguments);
  auto* sql = add_sql(app, sql_arguments);
  auto* transform = add_transform(app, transform_arguments);
  auto* demo = add_demo(app, demo_options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? kDone : kWrongOptions;
  }
  if (serve->parsed()) return run_serve(*serve, serve_arguments);
  if (sql->parsed()) return run_sql(sql_arguments);
  if (transform->parsed()) return run_transform(transform_arguments);
  return demo->parsed() ? run_demo(demo_options) : kWrongOptions;
}

}  // namespace
}  // namespace millrace

int main(int argc, char** argv) {
  return millrace::run(argc, argv);
}
