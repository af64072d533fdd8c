#!/usr/bin/env python3
"""Random golden cases from the real tf.estimator, to look for what no chosen case covers.

    python tests/golden/make_random.py FOLDER COUNT [SEED]
    MILLRACE_GOLDEN_CASES=FOLDER build/dev/tests/golden/golden_test

A difference is none where a gradient is what rounding leaves of a sum that cancels, and Adam's kin
or a centered RMSprop divide it by its own size. How far that goes, TensorFlow tells when it learns
the same batches with their rows in another order: of seed 1, random_017 is 1.3e-5 from itself then
and random_021 2.9e-5; we are 1.0e-5 and 1.2e-5 away. Needs what make_more.py needs. The cases are
not kept: one that shows a true difference becomes a case of make_more.py. Configurations that
TensorFlow refuses are left out and counted.
"""
import json
import os
import sys

import make_more as more

mg = more.mg
N, IND, EMB = more.N, more.IND, more.EMB
XSS, XBS, XV, XI, XN = mg.XSS, mg.XBS, mg.XV, mg.XI, mg.XN
CATEGORICAL = [mg.VOC, mg.VOCI, mg.HS, mg.HI, mg.ID, mg.IDD, mg.TAG, mg.WT, XSS, mg.XBI, mg.XM,
               XBS, XV, XI, XN, more.FILE, more.YEARS, mg.BK, mg.BKV]
NUMBERS = [N('x1'), N('x2', normalizer=['min_max', 0, 10]), N('age', normalizer=['log', 1]),
           N('cw'), N('v', shape=[3], normalizer=['z_score', .1, 2])]


def name_of(column):
    kind = column['type']
    if kind == 'crossed':
        leaves = []

        def add(cross):
            for key in cross['keys']:
                if isinstance(key, dict) and key['type'] == 'crossed':
                    add(key)
                else:
                    leaves.append(key if isinstance(key, str) else name_of(key))
        add(column)
        return '_X_'.join(sorted(leaves))
    if kind == 'bucketized':
        return column['source']['key'] + '_bucketized'
    if kind == 'weighted':
        return name_of(column['categorical']) + '_weighted_by_' + column['weight_key']
    if kind in ('indicator', 'embedding'):
        return name_of(column['categorical']) + '_' + kind
    return column['key']


def pick(random, values):
    return values[random.randint(len(values))]


def columns(random, dnn):
    """One to six of different names; a DNN's categories are wrapped."""
    chosen = {}
    for _ in range(random.randint(1, 7)):
        if random.rand() < .3:
            column = pick(random, NUMBERS)
        else:
            column = pick(random, CATEGORICAL)
            wrap = random.rand()
            if dnn or wrap < .4:
                if wrap < .2 or (dnn and wrap < .5):
                    column = column if column['type'] == 'bucketized' else IND(column)
                else:
                    more_norm = {'max_norm': round(.2 + random.rand(), 2)}
                    column = EMB(column, int(random.randint(1, 5)),
                                 pick(random, ['mean', 'sum', 'sqrtn']),
                                 **(more_norm if random.rand() < .3 else {}))
        chosen[name_of(column)] = column
    return list(chosen.values())


def optimizer(random):
    kind = pick(random, ['Ftrl', 'Adagrad', 'Adam', 'SGD', 'RMSprop', 'Adadelta', 'Adamax',
                         'Nadam'])
    rate = round(float(10 ** random.uniform(-2.5, -.8)), 5)
    made = {'type': kind, 'learning_rate': rate}
    part = lambda low, high: round(float(random.uniform(low, high)), 3)
    if kind == 'Ftrl':
        made.update(l1_regularization_strength=pick(random, [0., .005]),
                    l2_regularization_strength=pick(random, [0., .05]),
                    beta=pick(random, [0., .3]), learning_rate_power=pick(random, [-.5, -.6]),
                    l2_shrinkage_regularization_strength=pick(random, [0., 0., .02]))
    elif kind == 'SGD' and random.rand() < .6:
        made.update(momentum=part(.1, .9), nesterov=bool(random.rand() < .5))
    elif kind == 'RMSprop':
        made.update(rho=part(.5, .95), momentum=pick(random, [0., .4]),
                    centered=bool(random.rand() < .5))
    elif kind in ('Adam', 'Adamax', 'Nadam'):
        made.update(beta_1=part(.5, .95), beta_2=part(.8, .999))
        if kind == 'Adam':
            made['amsgrad'] = bool(random.rand() < .4)
    if random.rand() < .3:
        made[pick(random, ['clipvalue', 'clipnorm', 'global_clipnorm'])] = part(.01, .5)
    if kind != 'Nadam' and random.rand() < .3:
        made['learning_rate'] = pick(random, [
            {'type': 'ExponentialDecay', 'initial_learning_rate': rate, 'decay_steps': 5,
             'decay_rate': .7, 'staircase': bool(random.rand() < .5)},
            {'type': 'PolynomialDecay', 'initial_learning_rate': rate, 'decay_steps': 7,
             'end_learning_rate': rate / 5, 'power': 1.5, 'cycle': bool(random.rand() < .5)},
            {'type': 'CosineDecay', 'initial_learning_rate': rate, 'decay_steps': 12,
             'alpha': .2}])
    elif kind != 'Nadam' and random.rand() < .2:
        made['decay'] = part(0, .2)
    return made


def case(random, number):
    towers = pick(random, ['Linear', 'DNN', 'DNNLinearCombined'])
    kind = pick(random, ['Classifier', 'Classifier', 'Regressor'])
    arguments = {}
    if towers != 'DNN':
        prefix = 'linear_' if towers == 'DNNLinearCombined' else ''
        arguments[prefix + 'feature_columns'] = columns(random, False)
        arguments[prefix + 'optimizer'] = optimizer(random)
        arguments[prefix + 'sparse_combiner'] = pick(random, ['sum', 'mean', 'sqrtn'])
    if towers != 'Linear':
        prefix = 'dnn_' if towers == 'DNNLinearCombined' else ''
        arguments[prefix + 'feature_columns'] = columns(random, True)
        arguments[prefix + 'optimizer'] = optimizer(random)
        arguments[prefix + 'hidden_units'] = [
            int(random.randint(2, 8)) for _ in range(random.randint(1, 4))]
        arguments[prefix + 'activation_fn'] = pick(random, sorted(set(mg.ACT) | {'relu'}))
        arguments['batch_norm'] = bool(random.rand() < .25)
    label = 'y_reg'
    if kind == 'Regressor' and random.rand() < .4:
        label = 'y_reg2'
        arguments['label_dimension'] = 2
    if kind == 'Classifier':
        label = pick(random, ['y_bin', 'y_bin_str', 'y_multi', 'y_multi_str'])
        if 'multi' in label:
            arguments['n_classes'] = 3
        if label.endswith('_str'):
            arguments['label_vocabulary'] = (['low', 'mid', 'high'] if 'multi' in label
                                             else ['no', 'yes'])
    if random.rand() < .3:
        arguments['weight_column'] = 'w'
    if random.rand() < .2:
        arguments['loss_reduction'] = 'SUM'
    return {'name': 'random_%03d' % number, 'estimator': towers + kind, 'label': label,
            'args': arguments, 'feed': pick(random, ['dense', 'dense', 'example'])}


def main():
    folder, count = sys.argv[1], int(sys.argv[2])
    random = mg.np.random.RandomState(int(sys.argv[3]) if len(sys.argv) > 3 else 1)
    os.makedirs(folder, exist_ok=True)
    rows = mg.make_inputs()
    refused = 0
    for number in range(count):
        wanted = case(random, number)
        more.tf.compat.v1.reset_default_graph()
        try:
            made = more.run(rows, wanted)
        except Exception as error:  # TensorFlow refuses some combinations
            refused += 1
            print('refused', wanted['name'], type(error).__name__, str(error)[:200], flush=True)
            continue
        with open(os.path.join(folder, wanted['name'] + '.json'), 'w', encoding='utf-8') as f:
            json.dump(made, f, ensure_ascii=False, separators=(',', ':'))
    print(count - refused, 'made,', refused, 'refused')


if __name__ == '__main__':
    main()
