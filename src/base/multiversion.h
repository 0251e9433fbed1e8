/* multiversion.h - one loop compiled for several instruction sets, chosen when it is
 * first called, so that a program built for the baseline uses what the processor has.
 *
 * Contraction is off and no loop reassociates, so all versions give the same bits. */
#ifndef EBB_BASE_MULTIVERSION_H
#define EBB_BASE_MULTIVERSION_H

/* Not for clang: version 14 accepts these names, but the resolver it writes takes the
 * first one on every processor. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) &&                   \
    !defined(EBB_NO_MULTIVERSION)
#define EBB_MULTIVERSION                                                                 \
    __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define EBB_MULTIVERSION
#endif

#endif
