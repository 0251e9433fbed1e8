#include "base/random.h"

#include <Random123/philox.h>
#include <math.h>

void ebb_random_init(ebb_random *rng, uint64_t seed, ebb_purpose purpose, uint32_t task,
                     uint32_t epoch)
{
    *rng = (ebb_random){
        .key = {(uint32_t)seed, (uint32_t)(seed >> 32)},
        .counter = {0, (uint32_t)purpose, task, epoch},
        .used = 4,
    };
}

uint32_t ebb_random_next(ebb_random *rng)
{
    if (rng->used == 4) {
        const philox4x32_ctr_t counter = {
            {rng->counter[0], rng->counter[1], rng->counter[2], rng->counter[3]}};
        const philox4x32_key_t key = {{rng->key[0], rng->key[1]}};
        const philox4x32_ctr_t block = philox4x32(counter, key);
        for (int i = 0; i < 4; i++) {
            rng->block[i] = block.v[i];
        }
        rng->counter[0]++;
        rng->used = 0;
    }
    return rng->block[rng->used++];
}

/* Lemire, "Fast random integer generation in an interval", 2019. */
uint32_t ebb_random_below(ebb_random *rng, uint32_t n)
{
    uint64_t product = (uint64_t)ebb_random_next(rng) * n;
    if ((uint32_t)product < n) {
        const uint32_t threshold = (uint32_t)(-n) % n;
        while ((uint32_t)product < threshold) {
            product = (uint64_t)ebb_random_next(rng) * n;
        }
    }
    return (uint32_t)(product >> 32);
}

float ebb_random_unit(ebb_random *rng)
{
    return (float)(ebb_random_next(rng) >> 8) * 0x1p-24f;
}

float ebb_random_normal(ebb_random *rng)
{
    const double radius = sqrt(-2.0 * log(1.0 - (double)ebb_random_unit(rng)));
    return (float)(radius * cos(6.283185307179586 * (double)ebb_random_unit(rng)));
}

void ebb_random_shuffle(ebb_random *rng, uint32_t *items, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        const uint32_t j = ebb_random_below(rng, (uint32_t)i);
        const uint32_t item = items[i - 1];
        items[i - 1] = items[j];
        items[j] = item;
    }
}

enum { MT_LENGTH = 624, MT_SHIFT = 397 };

void ebb_mt19937_init(ebb_mt19937 *rng, uint32_t seed)
{
    rng->state[0] = seed;
    for (uint32_t i = 1; i < MT_LENGTH; i++) {
        const uint32_t last = rng->state[i - 1];
        rng->state[i] = 1812433253u * (last ^ (last >> 30)) + i;
    }
    rng->position = MT_LENGTH;
}

static void mt19937_refill(ebb_mt19937 *rng)
{
    uint32_t *s = rng->state;
    for (unsigned i = 0; i < MT_LENGTH; i++) {
        const uint32_t y = (s[i] & 0x80000000u) | (s[(i + 1) % MT_LENGTH] & 0x7fffffffu);
        s[i] = s[(i + MT_SHIFT) % MT_LENGTH] ^ (y >> 1) ^ ((y & 1u) ? 0x9908b0dfu : 0u);
    }
    rng->position = 0;
}

uint32_t ebb_mt19937_next(ebb_mt19937 *rng)
{
    if (rng->position == MT_LENGTH) {
        mt19937_refill(rng);
    }
    uint32_t y = rng->state[rng->position++];
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680u;
    y ^= (y << 15) & 0xefc60000u;
    return y ^ (y >> 18);
}

void ebb_mt19937_permutation(ebb_mt19937 *rng, uint32_t *out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        out[i] = (uint32_t)i;
    }
    for (size_t i = 0; i + 1 < n; i++) {
        const size_t j = i + ebb_mt19937_next(rng) % (uint32_t)(n - i);
        const uint32_t item = out[i];
        out[i] = out[j];
        out[j] = item;
    }
}
