-- Who earns more than 50,000 dollars a year: the UCI Adult data set (1994 census), a wide and deep
-- model. Get adult.data and adult.test from the UCI Machine Learning Repository into a folder, say
-- ADULT=DIR, and before, in a shell:
--
--   $ tools/kafka start --dir /tmp/millrace-kafka --port 9092
--   $ tools/kafka topic --dir /tmp/millrace-kafka create adult
--   $ tools/kafka topic --dir /tmp/millrace-kafka create adult_test
--   $ grep '^[0-9]' $ADULT/adult.data | tools/kafka produce --dir /tmp/millrace-kafka adult
--   $ grep '^[0-9]' $ADULT/adult.test | sed 's/\.$//' | tools/kafka produce --dir /tmp/millrace-kafka adult_test
CREATE DATABASE adult;
USE adult;

-- The file separates fields by a comma and a space, and its unknown is a question mark.
CREATE MODEL income AS DNNLinearCombinedClassifier(
  label => income,
  label_vocabulary => ['<=50K', '>50K'],
  linear_feature_columns => [
    bucketized_column(age, boundaries => [18, 25, 30, 35, 40, 45, 50, 55, 60, 65]),
    categorical_column_with_hash_bucket(education, 100),
    categorical_column_with_hash_bucket(marital_status, 100),
    categorical_column_with_hash_bucket(occupation, 100),
    categorical_column_with_hash_bucket(native_country, 1000),
    crossed_column([education, occupation], 1000)],
  dnn_feature_columns => [
    numeric_column(education_num),
    numeric_column(hours_per_week),
    indicator_column(categorical_column_with_vocabulary_list(sex, ['Female', 'Male'])),
    embedding_column(categorical_column_with_hash_bucket(occupation, 100), 8),
    embedding_column(categorical_column_with_hash_bucket(workclass, 100), 8)],
  dnn_hidden_units => [32, 16],
  linear_optimizer => Ftrl(learning_rate => 0.1),
  dnn_optimizer => Adagrad(learning_rate => 0.05),
  batch_size => 128);

CREATE TABLE predictions (
  age INT, education VARCHAR, occupation VARCHAR, income VARCHAR, predicted VARCHAR,
  probability DOUBLE);

CREATE PIPELINE adult_training AS
  LOAD DATA KAFKA '127.0.0.1:9092/adult'
  TRAIN MODEL income
  INTO TABLE evaluation
  FIELDS TERMINATED BY ', '
  (age, workclass, @weight, education, education_num, marital_status, occupation, @relationship,
   @race, sex, @gain, @loss, hours_per_week, native_country, income);

CREATE PIPELINE adult_test AS
  LOAD DATA KAFKA '127.0.0.1:9092/adult_test'
  CLASSIFY WITH MODEL income
  INTO TABLE predictions
  FIELDS TERMINATED BY ', '
  (age, workclass, @weight, education, education_num, marital_status, occupation, @relationship,
   @race, sex, @gain, @loss, hours_per_week, native_country, income)
  SET predicted = @class, probability = @probability;

START ALL PIPELINES;

-- Ask again and again: the numbers move while it learns.
SELECT global_step, accuracy, auc FROM evaluation;
SELECT income, predicted, count(*) FROM predictions GROUP BY income, predicted;
