// Run by jdbc_test.py: java -cp mysql-connector-j.jar Jdbc.java URL PASSWORD. MySQL's Connector/J as
// programs and BI tools use it; fails with what was wrong.
import java.io.ByteArrayInputStream;
import java.math.BigDecimal;
import java.sql.*;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Properties;
import java.util.TreeSet;

public class Jdbc {
  static void check(Object expected, Object came, String what) {
    if (!expected.equals(came)) throw new AssertionError(what + ": expected " + expected + ", came " + came);
  }

  static List<String> texts(ResultSet rows, String... columns) throws SQLException {
    List<String> all = new ArrayList<>();
    while (rows.next()) {
      StringBuilder line = new StringBuilder();
      for (String column : columns) line.append(line.length() > 0 ? "|" : "").append(rows.getString(column));
      all.add(line.toString());
    }
    return all;
  }

  static void values(Connection session) throws SQLException {
    try (Statement statement = session.createStatement()) {
      statement.execute("CREATE TABLE parent (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(20) NOT NULL UNIQUE)");
      statement.execute("CREATE TABLE item (id BIGINT PRIMARY KEY AUTO_INCREMENT, parent_id INT, price DECIMAL(20, 4),"
          + " real_ DOUBLE, text_ TEXT, bytes BLOB, day DATE, moment DATETIME(6), clock TIME, flag BOOLEAN,"
          + " FOREIGN KEY (parent_id) REFERENCES parent (id))");
      statement.execute("CREATE INDEX by_text ON item (text_)");
      check(1, statement.executeUpdate("INSERT INTO parent (name) VALUES ('ann')", Statement.RETURN_GENERATED_KEYS),
          "rows inserted");
      try (ResultSet keys = statement.getGeneratedKeys()) {
        keys.next();
        check(1, keys.getInt(1), "generated key");
      }
    }
    byte[] bytes = {0, (byte) 255, 92};
    Timestamp moment = Timestamp.valueOf("2026-11-23 10:00:01.5");
    try (PreparedStatement insert = session.prepareStatement(
        "INSERT INTO item (parent_id, price, real_, text_, bytes, day, moment, clock, flag) VALUES (?,?,?,?,?,?,?,?,?)",
        Statement.RETURN_GENERATED_KEYS)) {
      insert.setInt(1, 1);
      insert.setBigDecimal(2, new BigDecimal("12345678901234.5678"));
      insert.setDouble(3, -0.1);
      insert.setString(4, "h\u00e9 ' -- ");
      insert.setBytes(5, bytes);
      insert.setDate(6, Date.valueOf("2026-11-23"));
      insert.setTimestamp(7, moment);
      insert.setTime(8, Time.valueOf("10:00:01"));
      insert.setBoolean(9, true);
      check(1, insert.executeUpdate(), "rows of the prepared insert");
      try (ResultSet keys = insert.getGeneratedKeys()) {
        keys.next();
        check(1L, keys.getLong(1), "key of the prepared insert");
      }
      for (int i = 2; i <= 9; ++i) insert.setNull(i, Types.NULL);
      insert.addBatch();
      insert.addBatch();
      for (int rows : insert.executeBatch()) {  // a batch in one statement has no count of its own
        if (rows != 1 && rows != Statement.SUCCESS_NO_INFO) throw new AssertionError("batch: " + rows);
      }
    }
    try (PreparedStatement select = session.prepareStatement("SELECT * FROM item WHERE id >= ? ORDER BY id")) {
      select.setLong(1, 1);
      try (ResultSet rows = select.executeQuery()) {
        rows.next();
        check(new BigDecimal("12345678901234.5678"), rows.getBigDecimal("price"), "decimal");
        check(-0.1, rows.getDouble("real_"), "double");
        check("h\u00e9 ' -- ", rows.getString("text_"), "text");
        check("[0, -1, 92]", Arrays.toString(rows.getBytes("bytes")), "bytes");
        check("2026-11-23", rows.getDate("day").toString(), "date");
        check(moment, rows.getTimestamp("moment"), "timestamp");
        check("10:00:01", rows.getTime("clock").toString(), "time");
        check(true, rows.getBoolean("flag"), "boolean");
        rows.next();
        rows.getString("text_");
        check(true, rows.wasNull(), "null");
        rows.next();
        check(false, rows.next(), "end");
      }
    }
  }

  static void results(Connection session) throws SQLException {
    try (PreparedStatement big = session.prepareStatement("SELECT i, 'row ' || i AS t FROM range(100000) r(i)")) {
      big.setFetchSize(1000);  // a cursor, with useCursorFetch
      long sum = 0;
      try (ResultSet rows = big.executeQuery()) {
        while (rows.next()) sum += rows.getLong(1);
      }
      check(4999950000L, sum, "sum of a big result");
    }
    try (Statement streamed = session.createStatement(ResultSet.TYPE_FORWARD_ONLY, ResultSet.CONCUR_READ_ONLY)) {
      streamed.setFetchSize(Integer.MIN_VALUE);
      int count = 0;
      try (ResultSet rows = streamed.executeQuery("SELECT i FROM range(50000) r(i)")) {
        while (rows.next()) ++count;
      }
      check(50000, count, "rows streamed");
    }
  }

  static void errors(Connection session) throws SQLException {
    String[][] wrong = {{"SELECT * FROM nowhere", "1146"}, {"SELEKT 1", "1064"},
        {"INSERT INTO parent (name) VALUES ('ann')", "1062"}, {"SELECT nothing FROM parent", "1054"}};
    for (String[] one : wrong) {
      try (PreparedStatement statement = session.prepareStatement(one[0])) {
        statement.execute();
        throw new AssertionError(one[0] + " did not fail");
      } catch (SQLException e) {
        check(Integer.valueOf(one[1]), e.getErrorCode(), one[0]);
      }
    }
    session.setAutoCommit(false);
    try (Statement statement = session.createStatement()) {
      statement.executeUpdate("INSERT INTO parent (name) VALUES ('bob')");
      session.rollback();
      statement.executeUpdate("INSERT INTO parent (name) VALUES ('eve')");
      session.commit();
      session.setAutoCommit(true);
      check("[ann, eve]", texts(statement.executeQuery("SELECT name FROM parent ORDER BY name"), "name").toString(),
          "what was committed");
    }
  }

  static void metadata(Connection session, String database) throws SQLException {
    DatabaseMetaData facts = session.getMetaData();
    check("MySQL", facts.getDatabaseProductName(), "product");
    check(true, texts(facts.getCatalogs(), "TABLE_CAT").contains(database), "catalogs");
    check("[item|TABLE, loaded|TABLE, parent|TABLE]",
        texts(facts.getTables(database, null, "%", new String[] {"TABLE"}), "TABLE_NAME", "TABLE_TYPE").toString(),
        "tables");
    check("[id|INT|NO|YES, name|TEXT|NO|NO]",
        texts(facts.getColumns(database, null, "parent", "%"), "COLUMN_NAME", "TYPE_NAME", "IS_NULLABLE",
            "IS_AUTOINCREMENT").toString().replace("VARCHAR", "TEXT"), "columns");
    check("[id|1]", texts(facts.getPrimaryKeys(database, null, "parent"), "COLUMN_NAME", "KEY_SEQ").toString(),
        "primary key");
    check("[parent|id|item|parent_id]",
        texts(facts.getImportedKeys(database, null, "item"), "PKTABLE_NAME", "PKCOLUMN_NAME", "FKTABLE_NAME",
            "FKCOLUMN_NAME").toString(), "imported keys");
    // The driver gives a key once for each unique key of the table that it is of.
    check("[item|parent_id]", new TreeSet<>(
        texts(facts.getExportedKeys(database, null, "parent"), "FKTABLE_NAME", "FKCOLUMN_NAME")).toString(),
        "exported keys");
    check(true, texts(facts.getIndexInfo(database, null, "item", false, true), "INDEX_NAME", "COLUMN_NAME")
        .contains("by_text|text_"), "indexes");
    check("[]", texts(facts.getProcedures(database, null, "%"), "PROCEDURE_NAME").toString(), "procedures");
    check("[]", texts(facts.getFunctions(database, null, "%"), "FUNCTION_NAME").toString(), "functions");
    check(true, facts.getSQLKeywords().length() > 0, "keywords");
    check(Connection.TRANSACTION_REPEATABLE_READ, session.getTransactionIsolation(), "isolation");
    try (PreparedStatement statement = session.prepareStatement("SELECT id, name FROM parent WHERE id = ?")) {
      check(1, statement.getParameterMetaData().getParameterCount(), "parameters");
      check("name", statement.getMetaData().getColumnName(2), "column of a prepared statement");
    }
    check(true, session.isValid(5), "valid");
  }

  static void files(Connection session) throws SQLException {
    try (Statement statement = session.createStatement()) {
      statement.execute("CREATE TABLE loaded (id INT, name TEXT)");
      statement.unwrap(com.mysql.cj.jdbc.JdbcStatement.class)
          .setLocalInfileInputStream(new ByteArrayInputStream("1\tname\n".repeat(100_000).getBytes()));
      check(100_000, statement.executeUpdate("LOAD DATA LOCAL INFILE 'stream' INTO TABLE loaded"), "rows loaded");
    }
  }

  public static void main(String[] arguments) throws SQLException {
    Properties options = new Properties();
    options.setProperty("user", "root");
    options.setProperty("password", arguments[1]);
    options.setProperty("connectionTimeZone", "UTC");
    try (Connection session = DriverManager.getConnection(arguments[0], options)) {
      String database = session.getCatalog();
      values(session);
      results(session);
      errors(session);
      files(session);
      metadata(session, database);
    }
    options.setProperty("password", arguments[1] + "x");
    try {
      DriverManager.getConnection(arguments[0], options);
      throw new AssertionError("a wrong password was taken");
    } catch (SQLException e) {
      check(1045, e.getErrorCode(), "wrong password");
    }
    System.out.println("done");
  }
}
