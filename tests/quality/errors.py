# SPDX-License-Identifier: MIT
"""Errors counted, and how sure the counts are.

A score is a list of pairs, one a sentence: (errors, words), or (1 or 0, 1) for a share.
"""
import functools
import random

RESAMPLES = 2000
SEED = 1


def distance(a, b):
    """Words to insert, delete or replace.  Two words written as one are no error, nor one written as two."""
    d = [list(range(len(b) + 1))]
    for i, x in enumerate(a, 1):
        d.append([i])
        for j, y in enumerate(b, 1):
            d[i].append(min(d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (x != y)))
            if i > 1 and a[i - 2] + x == y:
                d[i][j] = min(d[i][j], d[i - 2][j - 1])
            if j > 1 and b[j - 2] + y == x:
                d[i][j] = min(d[i][j], d[i - 1][j - 2])
    return d[-1][-1]


def score(said, heard):
    """Of lists of words."""
    return [(distance(a, b), len(a)) for a, b in zip(said, heard)]


def share(truths):
    return [(int(truth), 1) for truth in truths]


def rate(pairs):
    """In per cent."""
    return 100 * sum(hits for hits, _ in pairs) / sum(all_ for _, all_ in pairs)


@functools.lru_cache(maxsize=None)
def resamples(n):
    rng = random.Random(SEED)
    return [rng.choices(range(n), k=n) for _ in range(RESAMPLES)]


def middle(values):
    """Where 95 % of the values lie."""
    values = sorted(values)
    return values[round(0.025 * (len(values) - 1))], values[round(0.975 * (len(values) - 1))]


def interval(pairs):
    """95 % by bootstrap over the sentences."""
    return middle(rate([pairs[i] for i in drawn]) for drawn in resamples(len(pairs)))


def paired(pairs, others):
    """By how much the first rate exceeds the second, sentence by sentence the same texts, and its interval."""
    both = list(zip(pairs, others))
    return (rate(pairs) - rate(others),
            *middle(rate([both[i][0] for i in drawn]) - rate([both[i][1] for i in drawn])
                    for drawn in resamples(len(both))))
