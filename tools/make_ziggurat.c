/*
 * Writes src/base/ziggurat.inc, the layers of the normal ziggurat:
 *
 *     cc -std=c17 -o make_ziggurat tools/make_ziggurat.c -lm
 *     ./make_ziggurat > src/base/ziggurat.inc
 *
 * Marsaglia and Tsang, "The ziggurat method for generating random variables", J. Stat. Softw. 5
 * (2000): f(x) = exp(-x^2 / 2), x > 0, is covered by LAYERS layers of equal area V. Layer 0 is the
 * strip below f(r) with the tail beyond r; each other one is a rectangle from the axis to edge[i]
 * and from f(edge[i]) to f(edge[i + 1]), where edge[1] = r and edge[LAYERS] = 0. As if layer 0 were
 * a rectangle too, edge[0] = V / f(r).
 */
#include <math.h>
#include <stdio.h>

enum { LAYERS = 256 };

static long double density(long double x)
{
    return expl(-0.5L * x * x);
}

static long double area(long double r)
{
    long double half_pi = acosl(0);
    return r * density(r) + sqrtl(half_pi) * erfcl(r / sqrtl(2));
}

/* Fills edge[0 .. LAYERS - 1] from r; returns by how much the top layer ends above f(0) = 1. */
static long double stack(long double r, long double edge[LAYERS + 1])
{
    long double v = area(r);
    long double height = density(r);
    edge[0] = v / height;
    edge[1] = r;
    for (int i = 2; i < LAYERS; i++) {
        height += v / edge[i - 1];
        if (height >= 1)
            return height; /* far too high: r is too small */
        edge[i] = sqrtl(-2 * logl(height));
    }
    return height + v / edge[LAYERS - 1] - 1;
}

int main(void)
{
    long double edge[LAYERS + 1] = {0};
    long double low = 3, high = 4;
    for (int i = 0; i < 80; i++) {
        long double r = (low + high) / 2;
        if (stack(r, edge) > 0)
            low = r;
        else
            high = r;
    }
    (void)stack(high, edge);
    printf("/* Written by tools/make_ziggurat.c: edge, f(edge). */\n");
    for (int i = 0; i <= LAYERS; i++)
        printf("{%.17Lg, %.17Lg},\n", edge[i], density(edge[i]));
    return 0;
}
