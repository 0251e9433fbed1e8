/* rotate.h - a square image turned about its centre, as a map of pixels. */
#ifndef EBB_DATA_ROTATE_H
#define EBB_DATA_ROTATE_H

#include <stddef.h>
#include <stdint.h>

enum { EBB_ROTATE_MAX_SIDE = 16384 };

/* Pixel i of the image turned counter-clockwise by degrees is pixel map[i] of the image,
 * or lies outside of it where map[i] is −1. Nearest neighbour in the 16.16 fixed-point
 * arithmetic of Pillow's Image.rotate, so that pixels on an edge fall on the same side.
 * map has side x side entries. */
void ebb_rotate_map(int32_t *map, size_t side, double degrees);

#endif
