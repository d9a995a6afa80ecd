/* SPDX-License-Identifier: MIT */
/* epilogue.glsl - the use of a product's sums; the numbers are those of enum epilogue. */
#define STORE 0
#define ADD 1
#define GATED_ADD 2
#define GATE 3
#define SWIGLU 4
#define SNAKE 5

/* y[m][n] from the sums of both weights. */
void finish(uint m, uint n, float sum, float second)
{
    uint at = m * p.ld_y + n;

    if ((p.has & HAS_A) != 0)
        sum += p.a.d[n];
    if (p.epilogue == ADD)
        sum += p.y.d[at];
    else if (p.epilogue == GATED_ADD)
        sum = fma(p.b.d[n], sum, p.y.d[at]);
    else if (p.epilogue == GATE)
        sum = p.y.d[at] * sigmoid(sum);
    else if (p.epilogue == SWIGLU)
        sum = silu(sum) * second;
    else if (p.epilogue == SNAKE)
        sum = snake(sum, p.b.d[n], p.b.d[p.ld_b + n]);
    if ((p.has & TO_HALF) != 0)
        Half(p.y).d[at] = to_half(sum);
    else
        p.y.d[at] = sum;
}
