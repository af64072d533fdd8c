// Run by mysql2_test.py: node mysql2.js PORT PASSWORD WAY. Prints what came, as one JSON line.
// WAY is plain, tls or zlib.
const mysql = require('mysql2/promise');

async function main() {
  const [port, password, way] = process.argv.slice(2);
  const options = {host: '127.0.0.1', port: Number(port), user: 'root', password,
                   multipleStatements: true, supportBigNumbers: true, dateStrings: true,
                   compress: way === 'zlib',
                   ssl: way === 'tls' ? {rejectUnauthorized: false} : undefined};
  const session = await mysql.createConnection(options);
  const seen = {};
  const [rows, fields] = await session.query(
      "SELECT 1 AS one, 'h\u00e9llo' AS text, 1.5::DOUBLE AS number, NULL AS nothing, " +
      "9007199254740993::BIGINT AS big, DATE '2026-11-23' AS day, {'a': [1, 2]} AS tree");
  seen.row = rows[0];
  seen.names = fields.map(field => field.name);
  const [several] = await session.query('SELECT 1 AS a; SELECT 2 AS a');
  seen.several = several.map(result => result[0].a);
  await session.ping();
  await session.query('CREATE DATABASE IF NOT EXISTS node');
  await session.changeUser({database: 'node'});
  seen.database = (await session.query('SELECT DATABASE() AS d'))[0][0].d;
  seen.error = await session.query('SELECT * FROM nowhere').catch(
      wrong => [wrong.errno, wrong.sqlState]);
  let count = 0;
  await new Promise((resolve, reject) => {
    session.connection.query('SELECT i FROM range(200000) r(i)')
        .on('error', reject).on('result', () => { count += 1; }).on('end', resolve);
  });
  seen.count = count;
  await session.query('CREATE TABLE t (id INT PRIMARY KEY, name TEXT, bytes BLOB, at DATETIME)');
  const [made] = await session.execute('INSERT INTO t VALUES (?, ?, ?, ?)',
      [1, "h\u00e9 ' --", Buffer.from([0, 255, 92, 120]), '2026-11-23 10:00:01']);
  await session.execute('INSERT INTO t VALUES (?, ?, ?, ?)', [2, null, null, null]);
  const [stored] = await session.execute('SELECT * FROM t WHERE id >= ? ORDER BY id LIMIT ?, ?',
                                         [1, 0, 10]);
  seen.prepared = [made.affectedRows, ...stored.map(
      row => ({...row, bytes: row.bytes && row.bytes.toString('hex')}))];
  const [big] = await session.execute('SELECT i, i / 2 AS half FROM range(100000) r(i)');
  seen.preparedCount = [big.length, big[99999].half];
  seen.preparedError = await session.execute('SELECT * FROM nowhere WHERE a = ?', [1]).catch(
      wrong => wrong.errno);
  await session.beginTransaction();
  await session.execute('DELETE FROM t WHERE id = ?', [1]);
  await session.rollback();
  seen.left = (await session.execute('SELECT count(*) AS n FROM t'))[0][0].n;
  seen.wrong = await mysql.createConnection({...options, password: password + 'x'}).catch(
      wrong => wrong.errno);
  await session.end();
  console.log(JSON.stringify(seen));
}

main().catch(wrong => { console.error(wrong); process.exit(1); });
