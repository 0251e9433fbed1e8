#include "gnuplot.h"

#include "filter.h"
#include "find_program.h"

char *ebb_gnuplot_find(void)
{
    return ebb_find_program("gnuplot");
}

ebb_status ebb_gnuplot_draw(ebb_text *out, const char *program, const char *script)
{
    static const char *const words[] = {"gnuplot", "-d", NULL};
    return ebb_filter_run(out, &(ebb_filter){"gnuplot", program, words}, script);
}
