// Run by mariadb_node_test.py: node mariadb.js PORT PASSWORD WAY. Prints what came, as one JSON
// line. WAY is plain, tls or zlib.
const mariadb = require('mariadb');

async function main() {
  const [port, password, way] = process.argv.slice(2);
  const options = {host: '127.0.0.1', port: Number(port), user: 'root', password,
                   compress: way === 'zlib', allowPublicKeyRetrieval: true,
                   ssl: way === 'tls' ? {rejectUnauthorized: false} : false,
                   connectionLimit: 3, dateStrings: true, insertIdAsNumber: true};
  const pool = mariadb.createPool(options);
  const seen = {};
  await pool.query('CREATE DATABASE node');
  const session = await pool.getConnection();
  await session.query('USE node');
  seen.database = (await session.query('SELECT DATABASE() AS d'))[0].d;
  await session.query('CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, name TEXT, bytes BLOB,' +
                      ' price DECIMAL(10, 2), at DATETIME)');
  const made = await session.execute('INSERT INTO t (name, bytes, price, at) VALUES (?, ?, ?, ?)',
      ["h\u00e9 ' --", Buffer.from([0, 255, 92]), 1.25, '2026-11-23 10:00:01']);
  seen.made = [made.affectedRows, made.insertId];
  const batch = await session.batch('INSERT INTO t (name) VALUES (?)', [['a'], ['b'], [null]]);
  seen.batch = [batch].flat().reduce((rows, one) => rows + one.affectedRows, 0);
  const rows = await session.execute('SELECT * FROM t WHERE id <= ? ORDER BY id', [2]);
  seen.rows = rows.map(row => ({...row, bytes: row.bytes && row.bytes.toString('hex')}));
  const statement = await session.prepare('SELECT ? + 1 AS next');
  seen.next = [];
  for (const value of [1, 41]) seen.next.push(Number((await statement.execute([value]))[0].next));
  statement.close();
  seen.big = (await session.execute('SELECT i FROM range(100000) r(i)')).length;
  let count = 0;
  for await (const row of session.queryStream('SELECT i FROM range(50000) r(i)')) count += 1;
  seen.streamed = count;
  seen.error = await session.execute('SELECT * FROM nowhere WHERE a = ?', [1]).catch(
      wrong => [wrong.errno, wrong.sqlState]);
  await session.beginTransaction();
  await session.execute('DELETE FROM t WHERE id > ?', [0]);
  await session.rollback();
  seen.left = Number((await session.query('SELECT count(*) AS n FROM t'))[0].n);
  await session.reset();
  await session.release();
  seen.together = (await Promise.all([1, 2, 3].map(
      n => pool.execute('SELECT ? AS n', [n])))).map(found => Number(found[0].n));
  seen.wrong = await mariadb.createConnection({...options, password: password + 'x'}).catch(
      wrong => wrong.errno);
  await pool.end();
  console.log(JSON.stringify(seen));
}

main().catch(wrong => { console.error(wrong); process.exit(1); });
