-- A template: from a CSV file to a topic, to a model, to predictions. docs/guide/your-own-data.md
-- explains each line. Before, in a shell:
--
--   $ tools/kafka start --dir /tmp/millrace-kafka --port 9092
--   $ tools/kafka topic --dir /tmp/millrace-kafka create rents
--   $ tools/kafka topic --dir /tmp/millrace-kafka create new_flats
--   $ sed -n 2,1501p examples/rents.csv | tools/kafka produce --dir /tmp/millrace-kafka rents
--   $ tail -n +1502 examples/rents.csv | tools/kafka produce --dir /tmp/millrace-kafka new_flats
CREATE DATABASE flats;
USE flats;

CREATE MODEL rent AS LinearRegressor(
  label => rent_100,
  feature_columns => [
    numeric_column(size_10),
    numeric_column(rooms),
    categorical_column_with_vocabulary_list(district,
      ['Old Town, west', 'Old Town, east', 'Harbour', 'Hill', 'Station']),
    bucketized_column(numeric_column(year, default_value => 1960), boundaries => [1920, 2000]),
    crossed_column([district, bucketized_column(size, boundaries => [30, 50, 70, 90])], 64)],
  optimizer => Ftrl(learning_rate => 0.5),
  batch_size => 32);

CREATE PIPELINE rents_training AS
  LOAD DATA KAFKA '127.0.0.1:9092/rents'
  TRAIN MODEL rent
  INTO TABLE rents_evaluation
  FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '"'
  (@id, district, size, rooms, year, @rent)
  SET rent_100 = CAST(@rent AS DOUBLE) / 100, size_10 = size / 10;

CREATE TABLE offers (
  id INT, district VARCHAR, size DOUBLE, rent DOUBLE, fair_rent DOUBLE, model_version BIGINT);

CREATE PIPELINE rents_offers AS
  LOAD DATA KAFKA '127.0.0.1:9092/new_flats'
  PREDICT WITH MODEL rent
  INTO TABLE offers
  FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '"'
  (id, district, size, rooms, year, rent)
  SET size_10 = size / 10, fair_rent = round(100 * @prediction), model_version = @model_version;

START PIPELINE rents_training;
START PIPELINE rents_offers;

SELECT examples, sqrt(average_loss) AS error_100 FROM rents_evaluation;
SELECT id, district, rent, fair_rent FROM offers ORDER BY rent / fair_rent LIMIT 3;
