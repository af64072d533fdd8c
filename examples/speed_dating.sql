-- The founding example: learn from one topic which dates become a match, judge the couples on
-- another, while both run. docs/guide/speed-dating.md goes through it slowly. Before, in a shell:
--
--   $ tools/kafka start --dir /tmp/millrace-kafka --port 9092
--   $ build/millrace sql < examples/couples.sql
--   $ tools/kafka topic --dir /tmp/millrace-kafka create training
--   $ tools/kafka topic --dir /tmp/millrace-kafka create classification
--   $ build/millrace sql "SELECT line FROM speed_dating_matches.training_lines" | tail -n +2 | tools/kafka produce --dir /tmp/millrace-kafka training
--   $ build/millrace sql "SELECT line FROM speed_dating_matches.classification_lines" | tail -n +2 | tools/kafka produce --dir /tmp/millrace-kafka classification
USE speed_dating_matches;

CREATE TABLE dating_results (
  iid INT, pid INT, isMatch TINYINT, probability DOUBLE, model_version BIGINT);

CREATE MODEL dating AS LinearClassifier(
  label => match,
  feature_columns => [
    numeric_column(int_corr),
    bucketized_column(age, boundaries => [24, 27, 30, 33]),
    bucketized_column(age_o, boundaries => [24, 27, 30, 33]),
    crossed_column([bucketized_column(age, boundaries => [24, 27, 30, 33]),
                    bucketized_column(age_o, boundaries => [24, 27, 30, 33])], 64),
    crossed_column([field, field_o], 64)],
  optimizer => Ftrl(learning_rate => 0.5),
  batch_size => 16);

CREATE PIPELINE speed_dating_training AS
  LOAD DATA KAFKA '127.0.0.1:9092/training'
  TRAIN MODEL dating
  INTO TABLE dating_training
  FIELDS TERMINATED BY ','
  (iid, pid, match, int_corr, age, age_o, field, field_o);

CREATE PIPELINE speed_dating_results AS
  LOAD DATA KAFKA '127.0.0.1:9092/classification'
  CLASSIFY WITH MODEL dating
  INTO TABLE dating_results
  FIELDS TERMINATED BY ','
  (iid, pid, int_corr, age, age_o, field, field_o)
  SET isMatch = @class_id, probability = @probability, model_version = @model_version;

START PIPELINE speed_dating_training;
START PIPELINE speed_dating_results;

-- Ask again and again: the numbers move while it learns.
SELECT global_step, accuracy, auc, average_loss FROM dating_training;
SELECT isMatch, count(*) FROM dating_results GROUP BY isMatch;
