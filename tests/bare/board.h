/* The little that a bare image needs of a machine. */
#include <stdint.h>

#ifndef TIMER_BASE
#define TIMER_BASE 0x40000000u /* CMSDK timer 0 of the MPS2 machines, 25 MHz, counts down */
#endif
#define TIMER_CTRL (*(volatile uint32_t *)(TIMER_BASE + 0))
#define TIMER_VALUE (*(volatile uint32_t *)(TIMER_BASE + 4))
#define TIMER_RELOAD (*(volatile uint32_t *)(TIMER_BASE + 8))

int semihost(int operation, const void *argument);
void print(const char *text);
void exit_with(int status);

/* With -icount shift=5 a tick of 40 ns is 1.25 instructions. */
static inline uint32_t clock_ticks(void) {
    return ~TIMER_VALUE;
}
