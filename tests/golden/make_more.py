#!/usr/bin/env python3
"""Further golden cases from the real tf.estimator, beside those of shared/reference/golden.

    python tests/golden/make_more.py              # all cases, into tests/golden/cases/
    python tests/golden/make_more.py lc_opt_ cc_  # only those whose name starts so

Needs tensorflow-cpu 2.15.1 and numpy 1.26.4 on Python 3.11 (`make golden` sets both up); the tests
read what it wrote and need neither. Rows, recording and format are make_golden.py's of the shared
folder (its README.md describes them), with these additions:

- a learning rate may be a schedule, `{"type": "ExponentialDecay", ...}`; optimizers may be
  Adadelta, Adamax and Nadam; `normalizer` of a numeric column is `["z_score", 45, 12]`;
- `vocabulary_file` columns carry the file's lines as `lines`;
- `extra` holds further input columns, 200 values each: weights with zeros, fractional labels;
- `thresholds`: the head reports accuracy, precision and recall at them too;
- `warm_start`: the variables of the finished model that the run was started from.
"""
import importlib.util
import json
import os
import shutil
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
SHARED = os.environ.get('MILLRACE_SHARED', os.path.join(HERE, '..', '..', '..', 'shared'))


def load_golden():
    path = os.path.join(SHARED, 'reference', 'golden', 'make_golden.py')
    spec = importlib.util.spec_from_file_location('make_golden', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


mg = load_golden()
np, tf, fc = mg.np, mg.tf, mg.fc
base_column, base_estimator = mg.column, mg.estimator
temporary = tempfile.mkdtemp(prefix='golden_more')

# ------------------------------------------------------------ configuration -> TensorFlow

NORMALIZERS = {
    'min_max': lambda low, high: lambda x: (x - low) / (high - low),
    'z_score': lambda mean, stddev: lambda x: (x - mean) / stddev,
    'log': lambda offset: lambda x: tf.math.log(x + offset),
}


def column(c):
    if c['type'] == 'numeric' and 'normalizer' in c:
        name, *numbers = c['normalizer']
        return fc.numeric_column(c['key'], shape=tuple(c.get('shape', [1])),
                                 normalizer_fn=NORMALIZERS[name](*numbers))
    if c['type'] == 'vocabulary_file':
        path = os.path.join(temporary, 'vocabulary_%d' % abs(hash(json.dumps(c))))
        with open(path, 'w', encoding='utf-8') as f:
            f.write(''.join(line + '\n' for line in c['lines']))
        return fc.categorical_column_with_vocabulary_file(
            c['key'], path, vocabulary_size=c.get('vocabulary_size'),
            dtype=tf.dtypes.as_dtype(c.get('dtype', 'string')),
            default_value=c.get('default_value'), num_oov_buckets=c.get('num_oov_buckets', 0))
    return base_column(c)


def optimizer(o):
    if o is None or isinstance(o, str):
        return o
    arguments = {k: v for k, v in o.items() if k != 'type'}
    rate = arguments.get('learning_rate')
    if isinstance(rate, dict):
        schedule = getattr(tf.keras.optimizers.schedules, rate['type'])
        arguments['learning_rate'] = schedule(**{k: v for k, v in rate.items() if k != 'type'})
    return getattr(mg.L, o['type'])(**arguments)


def estimator(case, folder):
    arguments = dict(case['args'])
    if 'warm_start_folder' in case:
        case['args']['warm_start_from'] = case['warm_start_folder']
    if 'thresholds' in case:
        head = tf.estimator.BinaryClassHead(thresholds=case['thresholds'])
        config = tf.estimator.RunConfig(
            tf_random_seed=7, save_summary_steps=10**6, log_step_count_steps=None,
            session_config=tf.compat.v1.ConfigProto(intra_op_parallelism_threads=1,
                                                    inter_op_parallelism_threads=1))
        return tf.estimator.LinearEstimator(
            head, mg.columns(arguments['feature_columns']), model_dir=folder, config=config,
            optimizer=arguments.get('optimizer', 'Ftrl'))
    made = base_estimator(case, folder)
    case['args'].pop('warm_start_from', None)
    return made


mg.column, mg.optimizer, mg.estimator = column, optimizer, estimator
mg.ACT.update({'linear': None, 'softsign': tf.nn.softsign})


def run(rows, case):
    rows = dict(rows)
    for name, values in case.get('extra', {}).items():
        rows[name] = np.array(values, 'float32')
        if name not in mg.FEATURES:
            mg.FEATURES.append(name)
    folder = None
    if 'warm_start_epochs' in case:
        folder = tempfile.mkdtemp(prefix='golden_warm')
        finished = base_estimator(case, folder)
        recorder = mg.Recorder(set())
        finished.train(mg.input_fn(rows, case, 0, mg.NTRAIN, case['warm_start_epochs']),
                       hooks=[recorder])
        case = dict(case, warm_start_folder=folder)
        tf.compat.v1.reset_default_graph()
    try:
        made = mg.run(rows, case)
    finally:
        if folder:
            shutil.rmtree(folder, ignore_errors=True)
    if folder:
        made['warm_start'] = recorder.vars[str(recorder.n)]
    for key in ('extra', 'thresholds'):
        if key in case:
            made[key] = case[key]
    return made


# ------------------------------------------------------------ cases

N, IND, EMB, X = mg.N, mg.IND, mg.EMB, mg.X
HS, BK, BKV, TAG, TAGV, WT = mg.HS, mg.BK, mg.BKV, mg.TAG, mg.TAGV, mg.WT
VOC, ID, IDD, HI, XM, XBI = mg.VOC, mg.ID, mg.IDD, mg.HI, mg.XM, mg.XBI
SLIM = {'slim': True}


def optimizers():
    schedule = lambda kind, **a: {'type': kind, **a}
    sgd = lambda rate, **a: {'type': 'SGD', 'learning_rate': rate, **a}
    return {
        'adadelta': {'type': 'Adadelta', 'learning_rate': 1.0},
        'adadelta_rho': {'type': 'Adadelta', 'learning_rate': .5, 'rho': .8, 'epsilon': 1e-4},
        'adamax': {'type': 'Adamax', 'learning_rate': .05},
        'adamax_decay': {'type': 'Adamax', 'learning_rate': .05, 'beta_1': .8, 'decay': .1},
        'nadam': {'type': 'Nadam', 'learning_rate': .05},
        'nadam_full': {'type': 'Nadam', 'learning_rate': .05, 'beta_1': .8, 'beta_2': .99,
                       'schedule_decay': .1},
        'exponential': sgd(schedule('ExponentialDecay', initial_learning_rate=.1, decay_steps=4,
                                    decay_rate=.5)),
        'exponential_staircase': {
            'type': 'Ftrl', 'l1_regularization_strength': .01,
            'learning_rate': schedule('ExponentialDecay', initial_learning_rate=.2, decay_steps=4,
                                      decay_rate=.5, staircase=True)},
        'polynomial': {'type': 'Adam', 'learning_rate': schedule(
            'PolynomialDecay', initial_learning_rate=.1, decay_steps=6, end_learning_rate=.01,
            power=2.0)},
        'polynomial_cycle': sgd(schedule('PolynomialDecay', initial_learning_rate=.1,
                                         decay_steps=3, end_learning_rate=.01, cycle=True)),
        'cosine': {'type': 'Adagrad', 'learning_rate': schedule(
            'CosineDecay', initial_learning_rate=.1, decay_steps=8, alpha=.1)},
        'cosine_warmup': sgd(schedule('CosineDecay', initial_learning_rate=.01, decay_steps=5,
                                      warmup_target=.1, warmup_steps=3), momentum=.9),
        'inverse_time': {'type': 'RMSprop', 'learning_rate': schedule(
            'InverseTimeDecay', initial_learning_rate=.05, decay_steps=2, decay_rate=.5,
            staircase=True)},
        'clipvalue': {'type': 'Adagrad', 'learning_rate': .1, 'clipvalue': .005},
        'clip_both': sgd(.05, clipvalue=.02, clipnorm=.05),
        'global_clipnorm': sgd(.05, global_clipnorm=.1),
        'global_clipnorm_ftrl': {'type': 'Ftrl', 'learning_rate': .2, 'global_clipnorm': .2,
                                 'clipvalue': .1},
    }


NORMALIZED = [N('age', normalizer=['z_score', 45, 12.5]), N('x2', normalizer=['min_max', 0, 10]),
              N('cw', normalizer=['log', 1]),
              N('v', shape=[3], normalizer=['z_score', .25, 1.5]),
              {'type': 'bucketized', 'source': N('x1', normalizer=['min_max', -2, 2]),
               'boundaries': [.25, .5, .75]}]
FILE = {'type': 'vocabulary_file', 'key': 'color', 'lines': ['red', 'green', 'blue', 'mauve']}
YEARS = {'type': 'vocabulary_file', 'key': 'year', 'dtype': 'int64',
         'lines': ['2000', '1990', '2010'], 'num_oov_buckets': 2}


def weights_with_zeros():
    """A third of the rows weigh nothing, and so do a batch of training and one of evaluation."""
    values = [0. if i % 3 == 0 else round(.1 + i % 7 * .3, 2) for i in range(mg.NROWS)]
    for i in list(range(32, 48)) + list(range(166, 182)):
        values[i] = 0.
    return values


def cases():
    all_cases = []

    def add(prefix, kind, name, columns, label, more, **arguments):
        all_cases.append({'name': prefix + name, 'estimator': kind, 'label': label, **more,
                          'args': {'feature_columns': columns, **arguments}})

    lc = lambda name, columns, label='y_bin', more={}, **a: add(
        'lc_', 'LinearClassifier', name, columns, label, more, **a)
    lr = lambda name, columns, label='y_reg', more={}, **a: add(
        'lr_', 'LinearRegressor', name, columns, label, more, **a)
    adagrad = {'type': 'Adagrad', 'learning_rate': .05}
    dnn = {'hidden_units': [6, 4], 'optimizer': adagrad}
    dc = lambda name, columns, label='y_bin', more={}, **a: add(
        'dnnc_', 'DNNClassifier', name, columns, label, more, **{**dnn, **a})
    dr = lambda name, columns, label='y_reg', more={}, **a: add(
        'dnnr_', 'DNNRegressor', name, columns, label, more, **{**dnn, **a})

    def combined(name, label='y_bin', kind='Classifier', more={}, **arguments):
        prefix = 'cc_' if kind == 'Classifier' else 'cr_'
        all_cases.append({
            'name': prefix + name, 'estimator': 'DNNLinearCombined' + kind, 'label': label, **more,
            'args': {'linear_feature_columns': mg.WIDE, 'dnn_feature_columns': mg.DEEP,
                     'dnn_hidden_units': [6, 4], **arguments}})

    made = optimizers()
    wide = X + [HS, BK, TAG]
    deep = [N('x1'), N('v', shape=[3]), EMB(HS, 2)]
    for name, one in made.items():
        lc('opt_' + name, wide, optimizer=one)
    for name in ('adadelta', 'adamax', 'nadam', 'exponential', 'polynomial', 'cosine', 'clipvalue',
                 'global_clipnorm'):
        dc('opt_' + name, deep, optimizer=made[name])
    lc('multi_nadam', X + [HS], 'y_multi', n_classes=3, optimizer=made['nadam_full'])
    # Gradients that cancel: Adamax makes steps of what rounding leaves of them.
    cancelling = {'type': 'Adamax', 'learning_rate': .06723, 'beta_1': .618, 'beta_2': .824}
    for combiner in ('mean', 'sqrtn'):
        lc('multi_' + combiner, [NORMALIZED[1], BKV, N('cw'), HI],
           'y_multi_str', n_classes=3, label_vocabulary=['low', 'mid', 'high'],
           sparse_combiner=combiner, optimizer=cancelling)
    lc('schedule_100', X + [HS], more={**SLIM, 'epochs': 10}, optimizer=made['polynomial'])
    combined('schedules', linear_optimizer=made['exponential_staircase'],
             dnn_optimizer=made['cosine'])
    combined('nadam_nadam', linear_optimizer=made['nadam'], dnn_optimizer=made['nadam_full'])
    combined('global_clipnorm', linear_optimizer=made['global_clipnorm_ftrl'],
             dnn_optimizer=made['global_clipnorm'])
    combined('adamax_adadelta', 'y_reg', 'Regressor', linear_optimizer=made['adamax'],
             dnn_optimizer=made['adadelta'])

    lc('normalizers', NORMALIZED)
    dr('normalizers', NORMALIZED)
    lc('vocabulary_file', [FILE, YEARS, dict(FILE, key='city', lines=['Paris', 'Oslo', 'Lima'],
                                             vocabulary_size=2, default_value=1)])
    dc('vocabulary_file', [IND(FILE), EMB(YEARS, 2)])
    dc('indicator_corners', [IND(ID), IND(HI), IND(XM), BKV, IND(IDD)])
    dc('embedding_corners', [EMB(ID, 1), EMB(BK, 2), EMB(XM, 2, 'sqrtn'), EMB(TAG, 3, 'sum',
                                                                             max_norm=.4),
                             EMB(WT, 2, 'mean', max_norm=.3)])
    lc('embedding_corners', [EMB(TAG, 2, 'sqrtn'), EMB(BK, 3, max_norm=.5), EMB(WT, 2, 'sum'),
                             N('x1')], optimizer=made['adamax'])
    lc('embedding_multi', [EMB(HS, 2), EMB(XBI, 2), IND(VOC)], 'y_multi', n_classes=3)
    for name in ('linear', 'softsign', 'sigmoid', 'selu', 'tanh'):
        dr('act_' + name, X + [EMB(HS, 2)], more=SLIM, activation_fn=name, hidden_units=[5, 4, 3])
    dc('act_relu6_multi', X + [IND(VOC)], 'y_multi', SLIM, n_classes=3, activation_fn='relu6')
    combined('act_swish', more=SLIM, dnn_activation_fn='swish')

    dc('multi_sum', mg.DEEP, 'y_multi', SLIM, n_classes=3, loss_reduction='SUM')
    dr('sum', mg.DEEP, more=SLIM, loss_reduction='SUM')
    dr('dim2_sum_weights', X, 'y_reg2', SLIM, label_dimension=2, loss_reduction='SUM',
       weight_column='w')
    combined('sum', more=SLIM, loss_reduction='SUM')
    combined('sum_weights', 'y_reg', 'Regressor', SLIM, loss_reduction='SUM', weight_column='w')
    zeros = {'extra': {'wz': weights_with_zeros()}}
    lc('zero_weights', X + [HS, BK], more=zeros, weight_column='wz')
    lc('zero_weights_multi', X + [HS], 'y_multi', zeros, n_classes=3, weight_column='wz',
       loss_reduction='SUM')
    lr('zero_weights', X + [HS, TAG], more=zeros, weight_column='wz')
    dc('zero_weights', mg.DEEP, more=zeros, weight_column='wz', optimizer=mg.OPTS['adam'])
    combined('zero_weights', 'y_reg2', 'Regressor', zeros, label_dimension=2, weight_column='wz')
    fractions = {'extra': {'y_part': [round(i * 7 % 11 / 10, 1) for i in range(mg.NROWS)]}}
    lc('fractional_labels', X + [VOC], 'y_part', fractions)
    dc('fractional_labels', X + [IND(VOC)], 'y_part', {**fractions, **SLIM})
    lc('thresholds', X + [HS, BK], more={'thresholds': [.25, .5, .9]})
    lc('warm_start', X + [HS, BK], more={'warm_start_epochs': 2})
    dc('warm_start', mg.DEEP, more={'warm_start_epochs': 2}, optimizer='Adagrad', batch_norm=True)
    combined('warm_start', more={'warm_start_epochs': 2})
    return all_cases


def main():
    rows = mg.make_inputs()
    folder = os.path.join(HERE, 'cases')
    os.makedirs(folder, exist_ok=True)
    wanted = sys.argv[1:]
    failed = 0
    for case in cases():
        if wanted and not any(case['name'].startswith(prefix) for prefix in wanted):
            continue
        tf.compat.v1.reset_default_graph()
        try:
            made = run(rows, case)
        except Exception as error:  # one that TensorFlow refuses must not hide the others
            failed += 1
            print('FAILED', case['name'], type(error).__name__, str(error)[:600], flush=True)
            continue
        with open(os.path.join(folder, case['name'] + '.json'), 'w', encoding='utf-8') as f:
            json.dump(made, f, ensure_ascii=False, separators=(',', ':'))
        print(case['name'], made['train']['steps'], made['loss'][0], made['loss'][-1], flush=True)
    shutil.rmtree(temporary, ignore_errors=True)
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
