/* Compiled and run by libmariadb_test.py: libmariadb PORT PASSWORD WAY. libmariadb's C interface, on
   which many drivers stand; ends with what was wrong. WAY is plain, tls or zlib. */
#include <mysql.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check(int well, const char *what, const char *why) {
  if (well) return;
  fprintf(stderr, "%s: %s\n", what, why);
  exit(1);
}

static void ask(MYSQL *session, const char *sql) {
  check(mysql_query(session, sql) == 0, sql, mysql_error(session));
}

static MYSQL_STMT *prepare(MYSQL *session, const char *sql) {
  MYSQL_STMT *statement = mysql_stmt_init(session);
  check(mysql_stmt_prepare(statement, sql, strlen(sql)) == 0, sql, mysql_stmt_error(statement));
  return statement;
}

static void bind(MYSQL_BIND *bind, enum enum_field_types type, void *data, unsigned long size,
                 unsigned long *length, my_bool *null) {
  memset(bind, 0, sizeof *bind);
  bind->buffer_type = type;
  bind->buffer = data;
  bind->buffer_length = size;
  bind->length = length;
  bind->is_null = null;
}

static void insert_values(MYSQL *session) {
  MYSQL_STMT *statement = prepare(session, "INSERT INTO t (big, text_, day, bytes) VALUES (?, ?, ?, ?)");
  check(mysql_stmt_param_count(statement) == 4, "parameters", "not four");
  long long big = -5;
  char text[] = "h\xc3\xa9 ' --";
  unsigned long length = strlen(text);
  MYSQL_TIME day = {.year = 2026, .month = 11, .day = 23};
  my_bool null = 0;
  MYSQL_BIND values[4];
  bind(&values[0], MYSQL_TYPE_LONGLONG, &big, sizeof big, NULL, &null);
  bind(&values[1], MYSQL_TYPE_STRING, text, length, &length, &null);
  bind(&values[2], MYSQL_TYPE_DATE, &day, sizeof day, NULL, &null);
  bind(&values[3], MYSQL_TYPE_BLOB, NULL, 0, NULL, NULL);
  check(mysql_stmt_bind_param(statement, values) == 0, "bind", mysql_stmt_error(statement));
  for (int piece = 0; piece < 100; ++piece)
    check(mysql_stmt_send_long_data(statement, 3, "0123456789", 10) == 0, "long data",
          mysql_stmt_error(statement));
  check(mysql_stmt_execute(statement) == 0, "insert", mysql_stmt_error(statement));
  check(mysql_stmt_affected_rows(statement) == 1, "insert", "not one row");
  check(mysql_stmt_insert_id(statement) == 1, "insert id", "not 1");
  check(mysql_stmt_reset(statement) == 0, "reset", mysql_stmt_error(statement));
  null = 1;
  bind(&values[3], MYSQL_TYPE_NULL, NULL, 0, NULL, NULL);
  check(mysql_stmt_bind_param(statement, values) == 0, "bind", mysql_stmt_error(statement));
  check(mysql_stmt_execute(statement) == 0, "insert of NULLs", mysql_stmt_error(statement));
  mysql_stmt_close(statement);
}

static void select_values(MYSQL *session) {
  MYSQL_STMT *statement = prepare(session, "SELECT big, text_, day, octet_length(bytes) AS n FROM t WHERE id >= ? ORDER BY id");
  MYSQL_RES *columns = mysql_stmt_result_metadata(statement);
  check(columns != NULL && mysql_num_fields(columns) == 4, "columns", "not four");
  check(strcmp(mysql_fetch_field_direct(columns, 3)->name, "n") == 0, "column", "not n");
  mysql_free_result(columns);
  int first = 1;
  MYSQL_BIND value;
  bind(&value, MYSQL_TYPE_LONG, &first, sizeof first, NULL, NULL);
  long long big, size;
  char text[100];
  unsigned long length;
  MYSQL_TIME day;
  my_bool nulls[4];
  MYSQL_BIND row[4];
  bind(&row[0], MYSQL_TYPE_LONGLONG, &big, sizeof big, NULL, &nulls[0]);
  bind(&row[1], MYSQL_TYPE_STRING, text, sizeof text, &length, &nulls[1]);
  bind(&row[2], MYSQL_TYPE_DATE, &day, sizeof day, NULL, &nulls[2]);
  bind(&row[3], MYSQL_TYPE_LONGLONG, &size, sizeof size, NULL, &nulls[3]);
  check(mysql_stmt_bind_param(statement, &value) == 0, "bind", mysql_stmt_error(statement));
  check(mysql_stmt_execute(statement) == 0, "select", mysql_stmt_error(statement));
  check(mysql_stmt_bind_result(statement, row) == 0, "bind", mysql_stmt_error(statement));
  check(mysql_stmt_fetch(statement) == 0, "first row", mysql_stmt_error(statement));
  check(big == -5 && length == 8 && memcmp(text, "h\xc3\xa9 ' --", 8) == 0, "first row", "other values");
  check(day.year == 2026 && day.month == 11 && day.day == 23 && size == 1000, "first row", "other values");
  check(mysql_stmt_fetch(statement) == 0, "second row", mysql_stmt_error(statement));
  check(nulls[0] && nulls[1] && nulls[2] && nulls[3], "second row", "not NULL");
  check(mysql_stmt_fetch(statement) == MYSQL_NO_DATA, "third row", "is there");
  mysql_stmt_close(statement);
}

static void fetch_with_a_cursor(MYSQL *session) {
  MYSQL_STMT *statement = mysql_stmt_init(session);
  unsigned long cursor = CURSOR_TYPE_READ_ONLY, rows_at_once = 700;
  mysql_stmt_attr_set(statement, STMT_ATTR_CURSOR_TYPE, &cursor);
  mysql_stmt_attr_set(statement, STMT_ATTR_PREFETCH_ROWS, &rows_at_once);
  const char *sql = "SELECT i FROM range(10000) r(i) ORDER BY i";
  check(mysql_stmt_prepare(statement, sql, strlen(sql)) == 0, sql, mysql_stmt_error(statement));
  check(mysql_stmt_execute(statement) == 0, "cursor", mysql_stmt_error(statement));
  long long i, expected = 0;
  MYSQL_BIND row;
  bind(&row, MYSQL_TYPE_LONGLONG, &i, sizeof i, NULL, NULL);
  check(mysql_stmt_bind_result(statement, &row) == 0, "bind", mysql_stmt_error(statement));
  int state;
  while ((state = mysql_stmt_fetch(statement)) == 0) {
    check(i == expected, "cursor", "another row");
    if (++expected == 1000) ask(session, "SET @beside = 1");  /* the cursor stays open */
  }
  check(state == MYSQL_NO_DATA && expected == 10000, "cursor", mysql_stmt_error(statement));
  mysql_stmt_close(statement);
}

int main(int count, char **arguments) {
  if (count != 4) return 2;
  MYSQL *session = mysql_init(NULL);
  my_bool no = 0, yes = 1;
  mysql_optionsv(session, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &no);
  if (strcmp(arguments[3], "tls") == 0) mysql_optionsv(session, MYSQL_OPT_SSL_ENFORCE, &yes);
  if (strcmp(arguments[3], "zlib") == 0) mysql_optionsv(session, MYSQL_OPT_COMPRESS, NULL);
  MYSQL *connected = mysql_real_connect(session, "127.0.0.1", "root", arguments[2], NULL,
                                        (unsigned)atoi(arguments[1]), NULL, CLIENT_MULTI_STATEMENTS);
  check(connected != NULL, "connect", mysql_error(session));
  if (strcmp(arguments[3], "tls") == 0)
    check(mysql_get_ssl_cipher(session) != NULL, "TLS", "is not there");
  ask(session, "CREATE DATABASE IF NOT EXISTS c");
  check(mysql_select_db(session, "c") == 0, "select_db", mysql_error(session));
  ask(session, "CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, big BIGINT, text_ TEXT, day DATE, bytes BLOB)");
  insert_values(session);
  select_values(session);
  fetch_with_a_cursor(session);
  check(mysql_query(session, "SELECT * FROM nowhere") != 0 && mysql_errno(session) == 1146, "error", "another");
  check(strcmp(mysql_sqlstate(session), "42S02") == 0, "SQLSTATE", mysql_sqlstate(session));
  mysql_autocommit(session, 0);
  ask(session, "DELETE FROM t");
  check(mysql_affected_rows(session) == 2, "delete", "not two rows");
  check(mysql_rollback(session) == 0, "rollback", mysql_error(session));
  check(mysql_reset_connection(session) == 0, "reset", mysql_error(session));
  check(mysql_change_user(session, "root", arguments[2], "c") == 0, "change user", mysql_error(session));
  ask(session, "SELECT repeat('x', 20000000); SELECT count(*) FROM t");
  MYSQL_RES *result = mysql_use_result(session);
  MYSQL_ROW row = mysql_fetch_row(result);
  check(row != NULL && mysql_fetch_lengths(result)[0] == 20000000, "big value", mysql_error(session));
  mysql_free_result(result);
  check(mysql_next_result(session) == 0, "second result", mysql_error(session));
  result = mysql_store_result(session);
  check(strcmp(mysql_fetch_row(result)[0], "2") == 0, "rows left", "not two");
  mysql_free_result(result);
  mysql_close(session);
  puts("done");
  return 0;
}
