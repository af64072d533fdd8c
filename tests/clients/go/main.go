// Run by go_test.py: client DSN. go-sql-driver/mysql, Go's usual driver; ends with what was wrong.
package main

import (
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
)

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func check(expected, came any, what string) {
	if expected != came {
		log.Fatalf("%s: expected %v, came %v", what, expected, came)
	}
}

func number(from interface {
	QueryRow(string, ...any) *sql.Row
}, query string, values ...any) int64 {
	var n int64
	must(from.QueryRow(query, values...).Scan(&n))
	return n
}

func values(db *sql.DB) {
	_, err := db.Exec("CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, name TEXT, price DOUBLE, bytes BLOB," +
		" moment DATETIME, big BIGINT UNSIGNED)")
	must(err)
	moment := time.Date(2026, 11, 23, 10, 0, 1, 500_000_000, time.UTC)
	made, err := db.Exec("INSERT INTO t (name, price, bytes, moment, big) VALUES (?, ?, ?, ?, ?)",
		"h\u00e9 ' --", -0.1, []byte{0, 255, 92}, moment, uint64(1<<63))
	must(err)
	id, err := made.LastInsertId()
	must(err)
	check(int64(1), id, "insert id")
	_, err = db.Exec("INSERT INTO t (name) VALUES (?)", nil)
	must(err)
	var name sql.NullString
	var price float64
	var bytes []byte
	var at time.Time
	var big uint64
	must(db.QueryRow("SELECT name, price, bytes, moment, big FROM t WHERE id = ?", 1).
		Scan(&name, &price, &bytes, &at, &big))
	check("h\u00e9 ' --", name.String, "text")
	check(-0.1, price, "double")
	check("\x00\xff\\", string(bytes), "bytes")
	check(true, at.Equal(moment), "moment")
	check(uint64(1<<63), big, "unsigned")
	must(db.QueryRow("SELECT name FROM t WHERE id = ?", 2).Scan(&name))
	check(false, name.Valid, "null")
}

func results(db *sql.DB) {
	statement, err := db.Prepare("SELECT i FROM range(100000) r(i) WHERE i >= ?")
	must(err)
	defer statement.Close()
	for _, low := range []int{0, 99000} {
		rows, err := statement.Query(low)
		must(err)
		count := 0
		for rows.Next() {
			count++
		}
		must(rows.Err())
		check(100000-low, count, "rows")
	}
}

func transactions(db *sql.DB) {
	_, err := db.Query("SELECT * FROM nowhere WHERE a = ?", 1)
	var wrong *mysql.MySQLError
	check(true, errors.As(err, &wrong) && wrong.Number == 1146, "error")
	for _, keep := range []bool{false, true} {
		transaction, err := db.Begin()
		must(err)
		_, err = transaction.Exec("DELETE FROM t WHERE id = ?", 2)
		must(err)
		check(int64(1), number(transaction, "SELECT count(*) FROM t"), "rows inside")
		if keep {
			must(transaction.Commit())
		} else {
			must(transaction.Rollback())
			check(int64(2), number(db, "SELECT count(*) FROM t"), "rows after the rollback")
		}
	}
	check(int64(1), number(db, "SELECT count(*) FROM t"), "rows after the commit")
}

func files(db *sql.DB) {
	_, err := db.Exec("CREATE TABLE loaded (id INT, name TEXT)")
	must(err)
	mysql.RegisterReaderHandler("rows", func() io.Reader {
		return strings.NewReader(strings.Repeat("1\tname\n", 100_000))
	})
	loaded, err := db.Exec("LOAD DATA LOCAL INFILE 'Reader::rows' INTO TABLE loaded")
	must(err)
	changed, err := loaded.RowsAffected()
	must(err)
	check(int64(100_000), changed, "rows loaded")
	_, err = db.Exec("LOAD DATA LOCAL INFILE 'Reader::rows' INTO TABLE loaded (id)")
	var wrong *mysql.MySQLError
	check(true, errors.As(err, &wrong) && wrong.Number == 1366, "bad rows")
	check(int64(100_000), number(db, "SELECT count(*) FROM loaded"), "rows after bad ones")
}

func main() {
	db, err := sql.Open("mysql", os.Args[1])
	must(err)
	defer db.Close()
	must(db.Ping())
	values(db)
	results(db)
	transactions(db)
	files(db)
	fmt.Println("done")
}
