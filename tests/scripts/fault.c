/* fault.c - commits the fault that its argument names: a sanitizer that says nothing
 * about it would say nothing about the tests either. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "machine/team.h"

typedef struct shared {
    ebb_team *team;
    long sum;
} shared;

static void add_at_once(void *argument, size_t thread)
{
    shared *all = argument;
    for (size_t i = 0; i < 1000; i++) {
        all->sum += (long)thread;
    }
}

static void add_in_turn(void *argument, size_t thread)
{
    shared *all = argument;
    for (size_t turn = 0; turn < ebb_team_size(all->team); turn++) {
        if (turn == thread) {
            all->sum += (long)thread;
        }
        ebb_team_barrier(all->team, thread);
    }
}

static int run_team(ebb_team_fn add)
{
    shared all = {NULL, 0};
    if (ebb_team_create(&all.team, 2) != EBB_OK) {
        return 2;
    }
    ebb_team_run(all.team, add, &all);
    ebb_team_destroy(all.team);
    printf("sum %ld\n", all.sum);
    return 0;
}

/* Volatile, so that the compiler neither sees nor removes the fault. */
static int leak(void)
{
    void *volatile block = malloc(100);
    block = NULL;
    return block != NULL;
}

static int overrun(void)
{
    char *volatile block = calloc(4, 1);
    volatile size_t end = 4;
    const int last = block == NULL ? 0 : block[end];
    free(block);
    return last;
}

static int overflow(void)
{
    volatile int large = 2147483647;
    return large + 1 == 0;
}

/* For the release build, which has no sanitizer: a copy that the library checks. */
static int copy_too_much(void)
{
    char block[8];
    volatile size_t size = sizeof block + 8;
    memset(block, 1, size);
    return block[0];
}

/* And stores of our own, which only the guard below the return address notices. */
static int smash(void)
{
    volatile char block[8];
    for (volatile size_t i = 0; i < sizeof block + 24; i++) {
        block[i] = 1;
    }
    return block[0];
}

/* A test that is ended by a signal counts as failed, whatever it said before. */
static void end_quietly(int number)
{
    _exit(128 + number);
}

int main(int argc, char **argv)
{
    const char *name = argc == 2 ? argv[1] : "";
    signal(SIGABRT, end_quietly);
    if (strcmp(name, "copy") == 0) {
        return copy_too_much();
    }
    if (strcmp(name, "smash") == 0) {
        return smash();
    }
    if (strcmp(name, "race") == 0) {
        return run_team(add_at_once);
    }
    if (strcmp(name, "turns") == 0) {
        return run_team(add_in_turn);
    }
    if (strcmp(name, "leak") == 0) {
        return leak();
    }
    if (strcmp(name, "overrun") == 0) {
        return overrun();
    }
    return strcmp(name, "overflow") == 0 ? overflow() : 2;
}
