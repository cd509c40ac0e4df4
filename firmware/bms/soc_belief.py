"""What the voltage says about how wrong the counted charge is: a few dozen hypotheses, weighed.

Each hypothesis says "the truth is the count plus so much" and keeps its own estimate of the voltage bias
that would have to be true with it: sensor offset, another maker's curve, an unknown branch. What tells
hypotheses apart is therefore how the voltage *changes* while charge moves, and only weakly its level.
The bias may change with the charge moved, as curves of cells differ in shape too.

Weights are base-2 logarithms in 1/256, the best is 0. Voltages in 0.1 mV (`_dmv`), biases in 1/16 of
that, charge in 1e-5 of the capacity (`_e5`).
Bounds: variances of a count <= 1e8 e5^2, of a bias <= 2.5e5 dmv^2; 33 weights * 4096 * 16 * 256
= 5.5e8; an innovation is clipped to 2400 dmv: 2400^2 * 185 = 1.066e9 < 2^30.
"""

from array import array

from micropython import const

HYPOTHESES_N = const(33)
SLICE_N = const(11)
_MIDDLE = const(16)
_FLOOR = const(-5120)  # 2^-20
_STEP_MIN_E5 = const(50)
_STEP_MAX_E5 = const(3200)
_CLIP_DMV = const(2400)
_LOSS_MAX = const(768)  # one observation does not rule out more than 2^-3
_BEYOND_E5 = const(300)  # so far beyond empty or full a hypothesis may be
_BEYOND_LOSS = const(64)
_UNIT = const(4096)
_WHOLE_E5 = const(100000)
_UNKNOWN_E5 = const(60000)
_VAR_MAX = const(100000000)
_BIAS_VAR_MAX = const(250000)
# 2^-(k/16) * 4096
_EXP2 = (
    4096, 3922, 3756, 3597, 3444, 3298, 3158, 3025, 2896, 2774, 2656, 2543, 2435, 2332, 2233, 2139,
)  # fmt: skip


def exp2(log: int) -> int:
    """2^(log/256) * 4096 of a log <= 0, to 4 %; 0 when below 1."""
    if log <= -3072:
        return 0
    low = -log
    return _EXP2[(low >> 4) & 15] >> (low >> 8)


def log2(value: int) -> int:
    """log2(value / 4096) * 256 for 1 <= value < 2^30, to 0.01."""
    log = 0
    while value >= 8192:
        value >>= 1
        log += 256
    while value < 4096:
        value <<= 1
        log -= 256
    part = value - 4096  # log2(1 + x) = x + 0.346 x (1 - x)
    return log + (part >> 4) + ((part * (4096 - part) >> 12) * 354 >> 14)


class Belief:
    """Hypotheses about the error of a count: center_e5 + (k - 16) * step_e5."""

    def __init__(self, curve, bias_dmv: int):
        self._curve = curve
        self.bias_var = bias_dmv * bias_dmv  # common to all, dmv^2
        self.step_e5 = _STEP_MAX_E5
        self.center_e5 = 0
        self.mean_e5 = 0
        self.sigma_e5 = 0
        self.low_e5 = 0
        self.high_e5 = 0
        self.observing = False
        self.log = array("i", [0] * HYPOTHESES_N)
        self.bias = array("i", [0] * HYPOTHESES_N)
        self._weight = array("i", [0] * HYPOTHESES_N)
        self._old = array("i", [0] * HYPOTHESES_N)
        self._total = 1
        self._new_e5 = 0  # step after a refit, 0: as it is
        self._pending_var = 0  # not yet spread, e5^2
        self._rate = 0  # of spreading in this round
        self._before = 0
        self._s_var = 1
        self._gain = 0
        self.reset(0, _UNKNOWN_E5)

    def reset(self, center_e5: int, sigma_e5: int) -> None:
        """A bell of this width around this error; what is known of the bias stays."""
        step = _STEP_MIN_E5
        while step < _STEP_MAX_E5 and sigma_e5 > 3 * step:
            step *= 2
        bias = self.likely_bias()
        self.step_e5 = step
        self.center_e5 = center_e5
        for k in range(HYPOTHESES_N):
            z = max(-90, min((k - _MIDDLE) * step * 16 // sigma_e5, 90))
            self.log[k] = max(_FLOOR, -(z * z * 185 // 256))
            self.bias[k] = bias
        self._pending_var = 0
        self.weigh()
        self.judge()
        self.bound()

    def lean(self, to_e5: int, sigma_e5: int) -> None:
        """Somebody's guess: errors near this are likelier."""
        for k in range(HYPOTHESES_N):
            off = self.center_e5 + (k - _MIDDLE) * self.step_e5 - to_e5
            z = max(-90, min(off * 16 // sigma_e5, 90))
            self.log[k] = max(_FLOOR, self.log[k] - z * z * 185 // 256)
        self.weigh()
        self.judge()
        self.bound()

    def shift(self, by_e5: int) -> None:
        """The count has been corrected by so much."""
        self.center_e5 -= by_e5
        self.mean_e5 -= by_e5
        self.low_e5 -= by_e5
        self.high_e5 -= by_e5

    def likely_bias(self) -> int:
        """Bias in the best hypothesis, 1/16 dmv."""
        best = 0
        for k in range(HYPOTHESES_N):
            if self.log[k] > self.log[best]:
                best = k
        return self.bias[best]

    def spread(self, var_e5: int) -> None:
        """The count may have become wrong by this variance, in e5^2; small amounts wait."""
        self._pending_var = min(self._pending_var + var_e5, _VAR_MAX)
        quarter = self.step_e5 * self.step_e5 // 4
        self._rate = 0
        if self._pending_var * 8 >= quarter:
            part = min(self._pending_var, quarter)
            self._pending_var -= part
            self._rate = part * 128 // (self.step_e5 * self.step_e5 // 16)
        self._before = self.log[0]

    def diffuse(self, first: int) -> None:
        """A slice of one step of the heat equation, in logarithms; rate <= 1/8 in 1/4096."""
        if not self._rate:
            return
        log = self.log
        before = self._before
        for k in range(first, first + SLICE_N):
            here = log[k]
            after = log[k + 1] if k < HYPOTHESES_N - 1 else here
            rise = _ratio(before - here) + _ratio(after - here) - 2 * _UNIT
            log[k] = here + log2(_UNIT + (rise * self._rate >> 12))
            before = here
        self._before = before

    def begin(self, noise_var: int, drift_var: int) -> None:
        """Before `observe`: variance of the reading, and what the bias may have moved since the last."""
        self.bias_var = min(self.bias_var + drift_var, _BIAS_VAR_MAX)
        self._s_var = self.bias_var + noise_var
        self._gain = self.bias_var * 1024 // self._s_var
        self.bias_var -= self.bias_var * self._gain >> 10

    def observe(self, first: int, soc_e5: int, seen_dmv: int, branch_pm: int) -> None:
        """Weigh a slice of hypotheses by a squeezed rest voltage at this count."""
        log = self.log
        bias = self.bias
        curve = self._curve
        s_var = self._s_var
        gain = self._gain
        step = self.step_e5
        e5 = soc_e5 + self.center_e5 + (first - _MIDDLE) * step
        for k in range(first, first + SLICE_N):
            d = seen_dmv - curve.at(e5, branch_pm) - (bias[k] >> 4)
            if d > _CLIP_DMV:
                d = _CLIP_DMV
            elif d < -_CLIP_DMV:
                d = -_CLIP_DMV
            bias[k] += d * gain >> 6
            loss = d * d * 185 // s_var
            if loss > _LOSS_MAX:
                loss = _LOSS_MAX
            if e5 < -_BEYOND_E5 or e5 > _WHOLE_E5 + _BEYOND_E5:
                loss += _BEYOND_LOSS
            log[k] -= loss
            e5 += step

    def weigh(self) -> None:
        """Logarithms to weights; the best weighs 1, none less than the floor."""
        log = self.log
        weight = self._weight
        best = max(log)
        total = 0
        for k in range(HYPOTHESES_N):
            value = max(log[k] - best, _FLOOR)
            log[k] = value
            value = exp2(value)
            weight[k] = value
            total += value
        self._total = total

    def judge(self) -> None:
        """Mean and spread of the error."""
        weight = self._weight
        total = self._total
        first = 0
        for k in range(HYPOTHESES_N):
            first += weight[k] * (k - _MIDDLE)
        mean = first * 256 // total  # in 1/256 step
        second = 0
        for k in range(HYPOTHESES_N):
            off = (k - _MIDDLE) * 16 - (mean >> 4)
            second += weight[k] * (off * off) >> 4
        self.mean_e5 = self.center_e5 + (mean * self.step_e5 >> 8)
        self.sigma_e5 = root(second // (total >> 4)) * self.step_e5 // 16

    def bound(self) -> None:
        """The limits."""
        total = self._total
        self.low_e5 = self._quantile(total // 40)
        self.high_e5 = self._quantile(total - total // 40)

    def _quantile(self, share: int) -> int:
        weights = self._weight
        below = k = 0
        while below + weights[k] < share or not weights[k]:
            below += weights[k]
            k += 1
        at = (k - _MIDDLE) * 256 - 128 + (share - below) * 256 // weights[k]
        return self.center_e5 + (at * self.step_e5 >> 8)

    def refit(self) -> None:
        """Finer or coarser steps, and the middle where the weight is; `refit_bias` must follow."""
        step = self.step_e5
        self._new_e5 = 0
        if self.sigma_e5 < 2 * step and step > _STEP_MIN_E5:
            self._new_e5 = step // 2
        elif self.sigma_e5 > 5 * step and step < _STEP_MAX_E5:
            self._new_e5 = step * 2
        elif abs(self.mean_e5 - self.center_e5) > 4 * step:
            self._new_e5 = step
        if self._new_e5:
            self._resample(self.log, True)

    def refit_bias(self) -> None:
        """The other half of `refit`."""
        if self._new_e5:
            self._resample(self.bias, False)
            self.center_e5 = self.mean_e5
            self.step_e5 = self._new_e5

    def _resample(self, values, falls: bool) -> None:
        at = (self.mean_e5 - self.center_e5) * 256 // self.step_e5 + _MIDDLE * 256
        by = 256 * self._new_e5 // self.step_e5
        old = self._old
        last = HYPOTHESES_N - 1
        for k in range(HYPOTHESES_N):
            old[k] = values[k]
        x = at - _MIDDLE * by
        for k in range(HYPOTHESES_N):
            if x <= 0:
                values[k] = old[0] + (2 * x if falls else 0)
            elif x >= last * 256:
                values[k] = old[last] - (2 * (x - last * 256) if falls else 0)
            else:
                i = x >> 8
                values[k] = old[i] + ((old[i + 1] - old[i]) * (x & 255) >> 8)
            x += by


def _ratio(log: int) -> int:
    """2^(log/256) in 1/4096, between 2^-12 and 2^6."""
    if log > 1536:
        log = 1536
    if log > 0:
        return exp2(log - 1536) << 6
    return exp2(log)


def root(value: int) -> int:
    """Integer square root."""
    root = 0
    bit = 1 << 14
    while bit:
        if (root + bit) * (root + bit) <= value:
            root += bit
        bit >>= 1
    return root
