-- Statements about models, every form of an argument.
CREATE MODEL dating AS LinearClassifier(label => match, feature_columns => [numeric_column(int_corr), bucketized_column(age, boundaries => [22, 25.5, -28, +32]), categorical_column_with_hash_bucket(field, 100), crossed_column([race, `s t`], 64)], optimizer => Ftrl(learning_rate => 0.2));
CREATE OR REPLACE MODEL a.m AS LinearClassifier(label => match, b => NULL, c => TRUE, d => 'it''s', e => none, f => `none`, g => -0.2e3, h => [], i => [[], f()],);
CREATE MODEL IF NOT EXISTS m AS DNNClassifier(label => y, feature_columns => auto, hidden_units => [64, 32], label_vocabulary => ['a', "b", 'c'], normalizer_fn => standard(), warm_start_from => 'd.m');
DROP MODEL IF EXISTS m;
SHOW MODELS LIKE 'a%';
SHOW CREATE MODEL m;
DESCRIBE MODEL m;
TRAIN MODEL m ON SELECT 1;
EVALUATE MODEL a.m VERSION 3 ON WITH x AS (SELECT 1) FROM x;
ALTER MODEL m SET learning_rate = 0.1, linear_optimizer.beta => 1;
RESTORE MODEL m TO VERSION 3;
CHECK MODEL m;
EXPORT MODEL m VERSION 2 INTO OUTFILE '/tmp/m';
