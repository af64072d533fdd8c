-- People who might date, made up: 400 of them, and 8,000 dates on which both said yes or no.
-- What they like is planted here: common interests, the same field of work, a small difference of
-- age; and some luck. The same rows at every run.
--
--   $ build/millrace sql < examples/couples.sql
CREATE DATABASE IF NOT EXISTS speed_dating_matches;
USE speed_dating_matches;

-- Interests are from 0 to 10. hash() is our dice.
CREATE OR REPLACE TABLE people AS
SELECT i AS iid,
       CASE WHEN i % 2 = 0 THEN 'woman' ELSE 'man' END AS gender,
       CAST(21 + hash(i, 'age') % 15 AS INT) AS age,
       CASE hash(i, 'field') % 4 WHEN 0 THEN 'law' WHEN 1 THEN 'arts' WHEN 2 THEN 'science'
            ELSE 'business' END AS field,
       CAST(hash(i, 'sports') % 11 AS INT) AS sports,
       CAST(hash(i, 'music') % 11 AS INT) AS music,
       CAST(hash(i, 'books') % 11 AS INT) AS books
FROM range(1, 401) t(i);

-- Any two people who could meet, as the model sees them; a suffix _o is the other one.
-- int_corr, the likeness of interests, goes from -1 to 1.
CREATE OR REPLACE VIEW pairs AS
SELECT a.iid AS iid, b.iid AS pid, a.age AS age, b.age AS age_o, a.field AS field,
       b.field AS field_o,
       round(1 - (abs(a.sports - b.sports) + abs(a.music - b.music) +
                  abs(a.books - b.books)) / 15, 2) AS int_corr
FROM people a JOIN people b ON a.gender <> b.gender;

-- The dates that took place, with what each of the two decided. It is a match when both said yes.
CREATE OR REPLACE TABLE couples AS
WITH liked AS (
  SELECT *, 4 * int_corr + CASE WHEN field = field_o THEN 1.2 ELSE 0 END
            - 0.2 * abs(age - age_o) AS taste
  FROM pairs WHERE iid % 2 = 0 AND hash(iid, pid, 'met') % 5 = 0),
luck AS (
  SELECT *, (1 + hash(iid, pid, 'hers') % 999) / 1000.0 AS hers,
         (1 + hash(iid, pid, 'his') % 999) / 1000.0 AS his
  FROM liked),
decided AS (
  SELECT *, CASE WHEN taste - 1.0 > ln(hers / (1 - hers)) THEN 1 ELSE 0 END AS dec,
         CASE WHEN taste - 0.6 > ln(his / (1 - his)) THEN 1 ELSE 0 END AS dec_o
  FROM luck)
SELECT iid, pid, age, age_o, field, field_o, int_corr, dec, dec_o, dec * dec_o AS match,
       CASE WHEN hash(iid, pid, 'role') % 4 = 0 THEN 'asked' ELSE 'known' END AS role
FROM decided ORDER BY hash(iid, pid);

-- The lines of the two topics: dates that are known, with their outcome; and couples to be judged.
CREATE OR REPLACE VIEW training_lines AS
SELECT concat_ws(',', iid, pid, match, int_corr, age, age_o, field, field_o) AS line
FROM couples WHERE role = 'known';
CREATE OR REPLACE VIEW classification_lines AS
SELECT concat_ws(',', iid, pid, int_corr, age, age_o, field, field_o) AS line
FROM couples WHERE role = 'asked';
