// What a program in Rust does with sqlx: values through prepared statements, rows of text, a big
// result, errors, transactions, a pool. Prints "done"; anything wrong is a panic.
use sqlx::mysql::{MySqlConnectOptions, MySqlPoolOptions, MySqlRow};
use sqlx::{Connection, Executor, MySqlConnection, Row};

async fn values(session: &mut MySqlConnection) -> Result<(), sqlx::Error> {
    session
        .execute("CREATE TABLE t (id INT PRIMARY KEY, big BIGINT UNSIGNED, part DOUBLE, name TEXT, bytes BLOB, flag TINYINT(1))")
        .await?;
    let bytes: Vec<u8> = (0..=255).collect();
    let done = sqlx::query("INSERT INTO t VALUES (?, ?, ?, ?, ?, ?)")
        .bind(1)
        .bind(u64::MAX)
        .bind(-0.1)
        .bind("hé ' \u{1F600}")
        .bind(&bytes)
        .bind(true)
        .execute(&mut *session)
        .await?;
    assert_eq!(done.rows_affected(), 1);
    sqlx::query("INSERT INTO t VALUES (?, ?, ?, ?, ?, ?)")
        .bind(2)
        .bind(None::<u64>)
        .bind(None::<f64>)
        .bind(None::<String>)
        .bind(None::<Vec<u8>>)
        .bind(None::<bool>)
        .execute(&mut *session)
        .await?;
    let rows: Vec<MySqlRow> = sqlx::query("SELECT * FROM t WHERE id >= ? ORDER BY id")
        .bind(1)
        .fetch_all(&mut *session)
        .await?;
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0].get::<i32, _>("id"), 1);
    assert_eq!(rows[0].get::<u64, _>("big"), u64::MAX);
    assert_eq!(rows[0].get::<f64, _>("part"), -0.1);
    assert_eq!(rows[0].get::<String, _>("name"), "hé ' \u{1F600}");
    assert_eq!(rows[0].get::<Vec<u8>, _>("bytes"), bytes);
    assert!(rows[1].get::<Option<String>, _>("name").is_none());
    let text = session.fetch_one("SELECT count(*) AS n, 'x' AS t FROM t").await?;
    assert_eq!((text.get::<i64, _>("n"), text.get::<String, _>("t")), (2, "x".to_string()));
    Ok(())
}

async fn big_result(session: &mut MySqlConnection) -> Result<(), sqlx::Error> {
    let rows = sqlx::query("SELECT i, 'row ' || i AS t FROM range(100000) r(i) WHERE i >= ? ORDER BY i")
        .bind(10)
        .fetch_all(&mut *session)
        .await?;
    assert_eq!(rows.len(), 99_990);
    assert_eq!(rows[99_989].get::<String, _>("t"), "row 99999");
    Ok(())
}

async fn errors(session: &mut MySqlConnection) -> Result<(), sqlx::Error> {
    let wrong = session.execute("SELECT * FROM no_such").await.unwrap_err();
    let said = wrong.as_database_error().expect("the server's");
    assert_eq!(said.code().as_deref(), Some("42S02"));
    let twice = sqlx::query("INSERT INTO t (id) VALUES (?)").bind(1).execute(&mut *session).await;
    assert!(twice.unwrap_err().as_database_error().unwrap().is_unique_violation());
    session.ping().await
}

async fn transactions(session: &mut MySqlConnection) -> Result<(), sqlx::Error> {
    for (commits, left) in [(false, 2i64), (true, 3)] {
        let mut work = session.begin().await?;
        sqlx::query("INSERT INTO t (id) VALUES (?)").bind(3).execute(&mut *work).await?;
        if commits { work.commit().await? } else { work.rollback().await? }
        let count: i64 =
            sqlx::query_scalar("SELECT count(*) FROM t").fetch_one(&mut *session).await?;
        assert_eq!(count, left);
    }
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), sqlx::Error> {
    let words: Vec<String> = std::env::args().collect();
    let options = MySqlConnectOptions::new()
        .host(&words[1])
        .port(words[2].parse().expect("a port"))
        .username("root")
        .database("shop");
    let mut session = MySqlConnection::connect_with(&options).await?;
    values(&mut session).await?;
    big_result(&mut session).await?;
    errors(&mut session).await?;
    transactions(&mut session).await?;
    session.close().await?;
    let pool = MySqlPoolOptions::new().max_connections(3).connect_with(options).await?;
    for _ in 0..10 {
        let one: i32 = sqlx::query_scalar("SELECT 1").fetch_one(&pool).await?;
        assert_eq!(one, 1);
    }
    pool.close().await;
    println!("done");
    Ok(())
}
