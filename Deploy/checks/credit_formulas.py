"""What every method of /v1/methods is worth, written anew from the formulas of the papers with numpy.

Each function takes the rollouts of one request as `Seen` and gives, one a rollout, any of credit, advantage, reward and
tokens. reference/credit-methods.md has the formulas and what is known of them. NaN is what is absent.
"""

import numpy as np

NONE = float("nan")


# -- phrases

def there(values):
    return values[~np.isnan(values)]


def groups(rollouts):
    found = {}
    for index, rollout in enumerate(rollouts):
        found.setdefault(rollout.group, []).append(index)
    return found.values()


def normal(rows, keys, ddof=1, eps=1e-6, inside=0.0, single="raw", std=True, floor=None):
    """(x - mean)/(std + eps) of each number among those of its key; rows and keys are lists of lists."""
    pools = {}
    for row, names in zip(rows, keys):
        for value, name in zip(row, names):
            if not np.isnan(value):
                pools.setdefault(name, []).append(value)

    def one(value, name):
        if np.isnan(value):
            return NONE
        pool = np.array(pools[name])
        if len(pool) == 1:
            return value if single == "raw" else 0.0
        if not std:
            return value - pool.mean()
        spread = np.sqrt(pool.var(ddof=ddof) + inside)
        if floor is not None and spread < floor:
            spread = 1.0
        # Equal numbers are 0, whatever a mean's rounding leaves of them.
        return 0.0 if np.ptp(pool) == 0 else (value - pool.mean()) / (spread + eps)

    return [np.array([one(v, k) for v, k in zip(row, names)]) for row, names in zip(rows, keys)]


def among_prompt(rollouts, rows, **options):
    return normal(rows, [[r.group] * len(row) for r, row in zip(rollouts, rows)], **options)


def among_turns(rollouts, rows, **options):
    return normal(rows, [[(r.group, turn) for turn in r.turns] for r in rollouts], **options)


def scalars(rollouts, numbers, **options):
    return np.array([row[0] for row in among_prompt(rollouts, [[x] for x in numbers], **options)])


def whiten(rows):
    return normal(rows, [[0] * len(row) for row in rows], eps=0.0, inside=1e-8)


def others(rollouts, numbers):
    """Less the mean of the others of the prompt; alone: itself."""
    result = np.array(numbers, float)
    for members in groups(rollouts):
        for i in members:
            rest = there(np.array([numbers[j] for j in members if j != i]))
            if len(rest):
                result[i] = numbers[i] - rest.mean()
    return result


def later(row, discount=1.0):
    """The discounted sum from each number on, of those that are there."""
    result, total = np.full(len(row), NONE), 0.0
    for i in reversed(range(len(row))):
        if not np.isnan(row[i]):
            total = result[i] = row[i] + discount * total
    return result


def steps_of(signal):
    """Differences of n + 1 values, each with the last one that is there before it; the first needs the first value."""
    result, before = np.full(len(signal) - 1, NONE), signal[0]
    for i, value in enumerate(signal[1:]):
        if not np.isnan(value):
            result[i], before = value - before, value
    return result


def total(row):
    if len(row) == 0:
        return 0.0
    return NONE if np.isnan(row).all() else np.nansum(row)


def at_last(row, number):
    """`number` more at the last that is there; nothing where it is absent."""
    row = row.copy()
    present = np.flatnonzero(~np.isnan(row))
    if len(present) and not np.isnan(number):
        row[present[-1]] += number
    return row


def outcomes(rollouts):
    return np.array([r.outcome for r in rollouts])


def everywhere(rollouts, reward, advantage):
    return dict(reward=reward, advantage=advantage, credit=[r.everywhere(a) for r, a in zip(rollouts, advantage)],
                tokens=[r.all_tokens(a) for r, a in zip(rollouts, advantage)])


def spans(rollouts, rows):
    return [r.spread(row) for r, row in zip(rollouts, rows)]


# -- aggregates

def softmax(scores, temperature):
    exponents = np.exp(-(scores - np.nanmin(scores)) / temperature) if len(there(scores)) else scores
    return exponents / np.nansum(exponents)


def aggregate(kind, temperature=0.05):
    def weights(p):
        present = ~np.isnan(p)
        n = present.sum()
        if kind in ("sws", "softmin"):
            return softmax(p, temperature)
        if kind == "mean":
            return np.where(present, 1 / max(n, 1), NONE)
        if kind in ("product", "geometric_mean"):
            return (1 / p) / np.nansum(1 / p)
        one = np.where(present, 0.0, NONE)
        if n:
            one[np.nanargmin(p) if kind == "min" else np.flatnonzero(present)[-1]] = 1
        return one

    def value(p):
        x = there(p)
        if not len(x):
            return NONE
        return {"min": lambda: x.min(), "mean": lambda: x.mean(), "last": lambda: x[-1], "product": lambda: x.prod(),
                "sws": lambda: np.nansum(softmax(p, temperature) * p),
                "geometric_mean": lambda: x.prod() ** (1 / len(x)),
                "softmin": lambda: -temperature * np.log(np.mean(np.exp(-x / temperature)))}[kind]()

    def formula(rollouts):
        chances = [(r.margins + 1) / 2 for r in rollouts]
        reward = [value(p) for p in chances]
        summed = kind in ("min", "sws", "mean", "last")
        credit = [weights(p) * (p if summed else v) for p, v in zip(chances, reward)]
        return dict(reward=reward, credit=credit, tokens=[r.ends(row) for r, row in zip(rollouts, credit)])
    return formula


# -- PURE

def pure(baseline, whitened=True):
    def formula(rollouts):
        credit = [softmax(r.margins, 0.1) * r.margins for r in rollouts]
        reward = np.array([NONE if np.isnan(c).all() else np.nansum(c) for c in credit])
        process = [c.copy() for c in credit]
        if baseline in ("token", "step"):
            for members in groups(rollouts):
                able = [i for i in members if len(there(credit[i])) and (baseline == "step" or rollouts[i].spans)]
                for i in members:
                    rest = [j for j in able if j != i]
                    if i not in able:
                        process[i] = np.full(rollouts[i].n, NONE)
                    elif rest and baseline == "token":
                        rate = reward[rest].sum() / sum(rollouts[j].tokens for j in rest)
                        process[i] = credit[i] - rate * np.array([b - a for a, b in rollouts[i].spans])
                    elif rest:
                        process[i] = credit[i] - np.mean([reward[j] / len(there(credit[j])) for j in rest])
        bonus = outcomes(rollouts) if baseline == "padded" else others(rollouts, outcomes(rollouts) - 1)
        shaped = [at_last(row, more) for row, more in zip(process, bonus)]
        advantage = [later(row) for row in shaped]
        tokens = [r.ends(row) for r, row in zip(rollouts, shaped)]
        if baseline == "padded":
            tokens = padded(rollouts, advantage)
            tokens = whiten(tokens) if whitened else tokens
        return dict(reward=reward, credit=credit, advantage=advantage, tokens=tokens)
    return formula


def padded(rollouts, returns):
    tokens = spans(rollouts, returns)
    width = max(r.tokens for r in rollouts)
    sums = np.array([NONE if not len(there(row)) else np.nansum(row) for row in tokens])
    result = list(tokens)
    for members in groups(rollouts):
        for i in members:
            rest = [j for j in members if j != i and not np.isnan(sums[j])]
            if rest:
                result[i] = tokens[i] - sums[rest].sum() / (len(rest) * width)
    return result


def pure_strict(rollouts, code=False):
    credit = []
    for r in rollouts:
        row, least = r.margins.copy(), np.inf
        for i in reversed(range(r.n)):
            if not np.isnan(row[i]):
                least = row[i] = min(least, row[i])
        credit.append(np.minimum(row, 0) if code else row)
    return dict(credit=credit, tokens=spans(rollouts, credit),
                reward=[NONE if np.isnan(r.margins).all() else np.nanmin(r.margins) for r in rollouts])


# -- outcomes against the group

def grpo(rollouts, **options):
    return everywhere(rollouts, outcomes(rollouts), scalars(rollouts, outcomes(rollouts), **options))


def rloo(rollouts):
    return everywhere(rollouts, outcomes(rollouts), others(rollouts, outcomes(rollouts)))


def maxrl(rollouts):
    reward = outcomes(rollouts)
    mean = np.array([np.nanmean([q.outcome for q in rollouts if q.group == r.group] + [NONE]) if not np.isnan(r.outcome)
                     else NONE for r in rollouts])
    return everywhere(rollouts, reward, (reward - mean) / (mean + 1e-6))


def reinforce(rollouts):
    result = everywhere(rollouts, outcomes(rollouts), scalars(rollouts, outcomes(rollouts), std=False))
    return {**result, "tokens": whiten(result["tokens"])}


def grpo_process(rollouts, **options):
    credit = among_prompt(rollouts, [r.margins for r in rollouts], **options)
    advantage = [later(row) for row in credit]
    return dict(credit=credit, advantage=advantage, tokens=spans(rollouts, advantage))


def gdpo(rollouts):
    dimensions = np.array([r.dimensions for r in rollouts])
    mixed = sum(scalars(rollouts, column) for column in dimensions.T)
    return everywhere(rollouts, dimensions.sum(axis=1), np.array([row[0] for row in whiten([[x] for x in mixed])]))


def shares(rollouts, majority=False):
    result = np.full(len(rollouts), NONE)
    for members in groups(rollouts):
        answers = [rollouts[i].answer for i in members if rollouts[i].answer is not None]
        for i in members:
            if rollouts[i].answer is not None:
                best = max(answers, key=answers.count)
                share = answers.count(rollouts[i].answer) / len(answers)
                result[i] = float(rollouts[i].answer == best) if majority else share
    return result


def votes(majority):
    def formula(rollouts):
        reward = shares(rollouts, majority)
        return everywhere(rollouts, reward, scalars(rollouts, reward))
    return formula


# -- gains of likelihood

def mig(rollouts):
    credit = []
    for r in rollouts:
        mark, row = r.answer_logprob[0], np.full(r.n, NONE)
        for i, value in enumerate(r.answer_logprob[1:]):
            if not np.isnan(value):
                row[i] = max(0.0, value - mark) if not np.isnan(mark) else NONE
                mark = np.fmax(mark, value)
        credit.append(row)
    reward = np.array([total(row) for row in credit])
    advantage = scalars(rollouts, reward)
    laid = [r.everywhere(a) for r, a in zip(rollouts, advantage)]
    return dict(credit=credit, reward=reward, advantage=advantage, tokens=spans(rollouts, laid))


def before_answer(rollouts, credit):
    """Where a rollout has an outcome its last step has that and no gain: the gains without it, and where that step is."""
    places = [np.flatnonzero(r.valid)[-1:] if not np.isnan(r.outcome) else np.array([], int) for r in rollouts]
    gains = [row.copy() for row in credit]
    for row, place in zip(gains, places):
        row[place] = NONE
    return gains, places


def put(row, place, number):
    row = row.copy()
    row[place] = number
    return row


def igpo(rollouts, zeros="counted", form="probability", answer=True):
    credit = [steps_of(np.exp(r.answer_logprob) if form == "probability" else r.answer_logprob) for r in rollouts]
    options = dict(ddof=0, inside=1e-8, single="zero")
    turns, places = before_answer(rollouts, credit)
    turns = turns if answer else credit
    kept = [np.where(row == 0, NONE, row) for row in turns] if zeros == "missing" else turns
    gain = among_prompt(rollouts, kept, **options)
    gain = [np.where(row == 0, 0.0, part) for row, part in zip(turns, gain)] if zeros == "missing" else gain
    bonus = scalars(rollouts, outcomes(rollouts), **options)
    shaped = [put(row, place, more + np.nan_to_num(row[place])) for row, place, more in zip(gain, places, bonus)]
    advantage = [later(row) for row in shaped]
    return dict(credit=credit, reward=[total(row) for row in credit], advantage=advantage,
                tokens=spans(rollouts, advantage))


def siop(rollouts):
    q, credit = shares(rollouts), []
    for r, share in zip(rollouts, q):
        row = share * steps_of(np.log(np.exp(r.answer_logprob) + 1e-8))
        last = np.flatnonzero(r.valid)[-1:]
        # One step alone needs no likelihood.
        row[last] = 0.5 * share + (row[last] if r.valid.sum() > 1 else 0)
        credit.append(row)
    gain = among_prompt(rollouts, credit, single="zero", floor=1e-6)
    advantage = [later(row) for row in gain]
    return dict(credit=credit, reward=[total(row) for row in credit], advantage=advantage,
                tokens=spans(rollouts, advantage))


def a2tgpo(rollouts):
    credit = [steps_of(np.exp(r.answer_logprob)) for r in rollouts]
    turns, places = before_answer(rollouts, credit)
    gain = among_turns(rollouts, turns, ddof=0, single="zero")
    bonus, advantage = scalars(rollouts, outcomes(rollouts)), []
    for row, place, more in zip(gain, places, bonus):
        left = np.array([len(there(row[i:])) for i in range(len(row))])
        advantage.append(put(0.3 * later(row) / np.sqrt(np.maximum(left, 1)) + more, place, more))
    clip = [put(1 + 0.3 * (2 / (1 + np.exp(-row)) - 1), place, 1.0) for row, place in zip(gain, places)]
    return dict(credit=credit, reward=[total(row) for row in credit], advantage=advantage, clip=clip,
                tokens=spans(rollouts, advantage))


# -- progress of value

def progress(rollouts):
    credit = [steps_of(r.value) for r in rollouts]
    return dict(credit=credit, reward=[total(row) for row in credit], tokens=spans(rollouts, credit))


def mean(row):
    return np.nanmean(row) if len(there(row)) else NONE


def pav(rollouts):
    credit = [r.outcome + 5 * steps_of(1 - (1 - r.value) ** 4) for r in rollouts]
    return dict(credit=credit, reward=[mean(row) for row in credit], tokens=spans(rollouts, credit))


def progress_aware(rollouts):
    credit = [r.outcome + steps_of(r.value) for r in rollouts]
    advantage = among_prompt(rollouts, credit, std=False)
    tokens = [row * r.token_entropy / mean(r.token_entropy) if len(row) else row
              for r, row in zip(rollouts, spans(rollouts, advantage))]
    return dict(credit=credit, reward=[mean(row) for row in credit], advantage=advantage, tokens=tokens)


# -- ratios of two models

def implicit(rollouts, reduce=np.sum, least=False):
    credit = [r.by_step(0.05 * r.logratio, reduce) for r in rollouts]
    reward = [np.nanmin(c) if least and len(there(c)) else NONE if least else total(c) for c in credit]
    return dict(credit=credit, reward=reward, tokens=[r.ends(row) for r, row in zip(rollouts, credit)])


def prime(rollouts):
    ratios = [r.logratio for r in rollouts]
    peak = max((np.abs(there(later(row))).max() for row in ratios if len(there(row))), default=0.0)
    scaled = [row / (peak + 1e-6) for row in ratios]
    shaped = [row.copy() for row in scaled]
    for members in groups(rollouts):
        able = [i for i in members if len(there(scaled[i]))]
        n, means = len(able), sum(np.nanmean(scaled[i]) for i in able)
        for i in able if n > 1 else []:
            shaped[i] = scaled[i] * n / (n - 1) - means / (n - 1)
    bonus = others(rollouts, outcomes(rollouts))
    returns = [later(at_last(5 * row, more)) for row, more in zip(shaped, bonus)]
    return dict(credit=[r.by_step(r.logratio, np.sum) for r in rollouts], reward=[total(row) for row in ratios],
                tokens=whiten(returns))


def istar(rollouts, code=False):
    credit = [r.by_step(0.05 * r.logratio, np.sum) for r in rollouts]
    if not code:
        episode, step = scalars(rollouts, outcomes(rollouts)), among_prompt(rollouts, credit)
    else:
        episode = others(rollouts, outcomes(rollouts))
        # A row of the code is one step.
        peak = max((np.abs(there(row)).max() for row in credit if len(there(row))), default=0.0)
        scaled = [row / (peak + 1e-6) for row in credit]
        step = list(scaled)
        for members in groups(rollouts):
            first = np.array([there(scaled[i])[0] for i in members if len(there(scaled[i]))])
            n = len(first)
            for i in members if n > 1 else []:
                step[i] = n / (n - 1) * (scaled[i] - first.mean())
    advantage = [row + more for row, more in zip(step, episode)]
    return dict(credit=credit, reward=outcomes(rollouts), advantage=advantage, tokens=spans(rollouts, advantage))


# -- turns and states

def matchtir(rollouts):
    credit = [later(r.external, 0.9) for r in rollouts]
    reward = np.array([total(r.external) for r in rollouts])
    group, turn = scalars(rollouts, reward), among_turns(rollouts, credit)
    advantage = [0.5 * row + 0.5 * more for row, more in zip(turn, group)]
    return dict(credit=credit, reward=reward, advantage=advantage, tokens=spans(rollouts, advantage))


def scrl(rollouts):
    credit = []
    for r in rollouts:
        row, failed = r.external.copy(), False
        for i in np.flatnonzero(~np.isnan(row)):
            row[i] = 0.0 if failed else row[i]
            failed = failed or row[i] == 0
        credit.append(row)
    advantage = among_turns(rollouts, credit)
    return dict(credit=credit, reward=[total(row) for row in credit], advantage=advantage,
                tokens=spans(rollouts, advantage))


def gigpo(rollouts):
    credit = []
    for r in rollouts:
        row = r.everywhere(0.0) + (0 if not np.isnan(r.outcome) else NONE)
        credit.append(later(at_last(row, r.outcome), 0.95))
    step = normal(credit, [[(r.group, s) for s in r.states] for r in rollouts], std=False, single="zero")
    episode = scalars(rollouts, outcomes(rollouts), std=False)
    advantage = [row + more for row, more in zip(step, episode)]
    return dict(credit=credit, reward=outcomes(rollouts), advantage=advantage, tokens=spans(rollouts, advantage))


# -- trees and weights of rollouts

def mars2(rollouts):
    raw = outcomes(rollouts)
    reward = raw.copy()
    for i, r in enumerate(rollouts):
        parent = NONE if r.parent is None else raw[r.parent]
        siblings = there(np.array([raw[j] for j, q in enumerate(rollouts)
                                   if j != i and q.parent == r.parent
                                   and (r.parent is not None or q.group == r.group)] + [NONE]))
        if len(siblings) and not np.isnan(parent):
            reward[i] += 0.3 * (raw[i] - 0.5 * parent - 0.5 * siblings.mean())
        elif len(siblings):
            reward[i] += 0.3 * (raw[i] - siblings.mean())
        elif not np.isnan(parent):
            reward[i] += 0.3 * (raw[i] - parent)
    return everywhere(rollouts, reward, scalars(rollouts, reward))


def r3l(rollouts, best=3.0):
    base = scalars(rollouts, outcomes(rollouts), std=False)
    advantage = np.where(outcomes(rollouts) >= 1, best, np.where(base > 0, 3 * base, base))
    advantage = np.where(np.isnan(base), NONE, advantage)
    credit = [np.where(np.arange(r.n) >= r.pivot, r.everywhere(a), NONE) for r, a in zip(rollouts, advantage)]
    return dict(credit=credit, reward=outcomes(rollouts), advantage=advantage, tokens=spans(rollouts, credit))


def scope(rollouts, sign=1.0, counts=False):
    student = np.array([mean(r.token_logprob) for r in rollouts])
    teacher = np.array([mean(r.teacher_logprob) for r in rollouts])
    weight = np.full(len(rollouts), NONE)
    for members in groups(rollouts):
        for right, powers in ((1.0, np.exp(-sign * student)), (0.0, np.exp(teacher))):
            part = [i for i in members if rollouts[i].outcome == right and not np.isnan(powers[i])]
            for i in part:
                weight[i] = (len(part) if counts else 1) * powers[i] / powers[part].sum()
    return dict(reward=weight, credit=[r.everywhere(w) for r, w in zip(rollouts, weight)],
                tokens=[r.all_tokens(w) for r, w in zip(rollouts, weight)])


# -- labels

def grounded_prm(rollouts):
    credit, reward = [], []
    for r in rollouts:
        labels, row = there(r.external), r.external.copy()
        size = len(labels)
        if size:
            row[~np.isnan(row)] = labels * (size - np.arange(size)) / size / size
        counted = max(size, 1)
        process = 0.0 if r.n == 0 else np.nansum(row) if size else NONE
        credit.append(row)
        reward.append(process + r.outcome / counted)
    return dict(credit=credit, reward=reward, tokens=[r.ends(row) for r, row in zip(rollouts, credit)])


def capo(rollouts):
    credit, reward = [], []
    for r in rollouts:
        wrong = np.where(np.isnan(r.margins), NONE, ((r.margins + 1) / 2 < 0.5).astype(float))
        any_wrong = 0.0 if r.n == 0 else NONE if np.isnan(wrong).all() else np.nanmax(wrong)
        reward.append(2 * r.outcome - any_wrong)
        credit.append(reward[-1] - wrong)
    return dict(credit=credit, reward=reward, advantage=among_prompt(rollouts, credit),
                tokens=among_prompt(rollouts, spans(rollouts, credit)))


# -- entropies

def on_tokens(change):
    def formula(rollouts):
        result = everywhere(rollouts, outcomes(rollouts), scalars(rollouts, outcomes(rollouts)))
        return {**result, "tokens": change(rollouts, result["tokens"])}
    return formula


def sepa(rollouts, even, b=0.1):
    return [a * np.maximum(0, 1 + b * (r.token_entropy / mean(r.token_entropy) - 1)) for r, a in zip(rollouts, even)]


def top_entropy(rollouts, even):
    every = np.sort(there(np.concatenate([r.token_entropy for r in rollouts])))
    bound = every[-int(np.ceil(0.2 * len(every)))]
    return [np.where(r.token_entropy >= bound, a, NONE) for r, a in zip(rollouts, even)]


def entropy_bonus(rollouts, even):
    return [a + np.minimum(0.4 * r.token_entropy, np.abs(a) / 2) for r, a in zip(rollouts, even)]


def gtpo(rollouts):
    tokens = [np.full(r.tokens, NONE) for r in rollouts]
    for members in groups(rollouts):
        for right in (1.0, 0.0):
            part = [i for i in members if rollouts[i].outcome == right]
            for k in range(max((rollouts[i].tokens for i in part), default=0)):
                alive = [i for i in part if k < rollouts[i].tokens and not np.isnan(rollouts[i].token_entropy[k])]
                entropy = np.array([rollouts[i].token_entropy[k] for i in alive])
                for i, h in zip(alive, entropy):
                    if right:
                        tokens[i][k] = 1.0 + 0.1 * len(alive) * h / entropy.sum()
                    else:
                        tokens[i][k] = -1.0 - 0.1 * len(alive) * (1 / h) / (1 / entropy).sum()
    return dict(reward=outcomes(rollouts), tokens=tokens)
