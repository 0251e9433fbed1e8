#include "data/rotate.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* To 15 decimal places, correctly rounded, as Pillow does to sines. */
static double rounded(double value)
{
    char text[32];
    snprintf(text, sizeof text, "%.15f", value);
    return strtod(text, NULL);
}

static int64_t fixed(double value)
{
    return (int64_t)floor(value * 65536.0 + 0.5);
}

/* Quarter turns exchange pixels exactly. */
static void turn_quarters(int32_t *map, size_t side, int quarters)
{
    for (size_t y = 0; y < side; y++) {
        for (size_t x = 0; x < side; x++) {
            size_t row = y;
            size_t column = x;
            for (int i = 0; i < quarters; i++) {
                const size_t old_row = row;
                row = column;
                column = side - 1 - old_row;
            }
            map[y * side + x] = (int32_t)(row * side + column);
        }
    }
}

/* The inverse turn, stepped from the centre of each pixel of the result. */
static void turn(int32_t *map, size_t side, double degrees)
{
    const double angle = -(degrees * (3.141592653589793 / 180.0));
    const double cosine = rounded(cos(angle));
    const double sine = rounded(sin(angle));
    const double minus_sine = rounded(-sin(angle));
    const double centre = (double)side / 2.0;
    const double x_shift = cosine * -centre + sine * -centre + centre;
    const double y_shift = minus_sine * -centre + cosine * -centre + centre;
    const int64_t extent = (int64_t)side;
    int64_t x_row = fixed(x_shift + cosine * 0.5 + sine * 0.5);
    int64_t y_row = fixed(y_shift + minus_sine * 0.5 + cosine * 0.5);
    for (size_t y = 0; y < side; y++) {
        int64_t x_in = x_row;
        int64_t y_in = y_row;
        for (size_t x = 0; x < side; x++) {
            const int64_t column = x_in >> 16;
            const int64_t row = y_in >> 16;
            const bool inside =
                column >= 0 && column < extent && row >= 0 && row < extent;
            map[y * side + x] = inside ? (int32_t)(row * extent + column) : -1;
            x_in += fixed(cosine);
            y_in += fixed(minus_sine);
        }
        x_row += fixed(sine);
        y_row += fixed(cosine);
    }
}

void ebb_rotate_map(int32_t *map, size_t side, double degrees)
{
    double angle = fmod(degrees, 360.0);
    if (angle < 0.0) {
        angle += 360.0;
    }
    const double quarters = angle / 90.0;
    if (quarters == floor(quarters)) {
        turn_quarters(map, side, (int)quarters % 4);
    } else {
        turn(map, side, angle);
    }
}
