/* SPDX-License-Identifier: MIT */
/*
 * The virtual board's processor, clock and console on QEMU's MPS2 machines.
 *
 * QEMU advances time by 32 ns per instruction (-icount shift=5), so a free-running 25 MHz timer counts instructions,
 * 1.25 per tick. The timer stands still while the console waits for the host. Times are therefore repeatable, and an
 * idle board costs the host nothing.
 */
#include "py/mphal.h"
#include "py/runtime.h"
#include "py/stream.h"
#include "shared/runtime/interrupt_char.h"
#include "virtual_board.h"

typedef struct {
    volatile uint32_t ctrl, value, reload, interrupt;
} cmsdk_timer_t;

typedef struct {
    volatile uint32_t data, state, ctrl, interrupt, baud_divider;
} cmsdk_uart_t;

#define CLOCK ((cmsdk_timer_t *)0x40000000)
#define ALARM ((cmsdk_timer_t *)0x40001000)
#define CONSOLE ((cmsdk_uart_t *)0x40004000)
#define TIMER_ENABLE 1u
#define TIMER_INTERRUPT 8u
#define UART_RX_FULL 2u
#define UART_RX_INTERRUPT_ENABLE 8u
#define UART_RX_INTERRUPT 2u

#define SCB_VTOR (*(volatile uint32_t *)0xE000ED08)
#define SCB_AIRCR (*(volatile uint32_t *)0xE000ED0C)
#define SCB_CPACR (*(volatile uint32_t *)0xE000ED88)
#define SYSTICK_CTRL (*(volatile uint32_t *)0xE000E010)
#define NVIC_ENABLE (*(volatile uint32_t *)0xE000E100)

enum { IRQ_CONSOLE_RX = 0, IRQ_CLOCK = 8, IRQ_ALARM = 9, N_CORE_VECTORS = 16, N_VECTORS = 48 };

/* The host may send faster than Python reads. A whole chunk of mpremote fits. */
#define CONSOLE_BYTES 4096u

#define RESET_REQUEST 0x05FA0004u /* the key that AIRCR asks for, and SYSRESETREQ */

static uint32_t vectors[N_VECTORS] __attribute__((aligned(256)));
static volatile uint32_t clock_wraps;
static uint64_t slept_ticks;
static uint8_t console[CONSOLE_BYTES];
static volatile uint32_t console_in, console_out;

static uint32_t interrupts_off(void) {
    uint32_t primask;
    __asm volatile("mrs %0, primask\ncpsid i" : "=r"(primask) : : "memory");
    return primask;
}

static void interrupts_restore(uint32_t primask) {
    __asm volatile("msr primask, %0" : : "r"(primask) : "memory");
}

static void wait_for_interrupt(void) {
    __asm volatile("wfi" : : : "memory");
}

static void on_console_rx(void) {
    CONSOLE->interrupt = UART_RX_INTERRUPT; /* first, so that a byte that arrives meanwhile raises it again */
    while (CONSOLE->state & UART_RX_FULL) {
        uint8_t byte = CONSOLE->data;
        if (byte == mp_interrupt_char) {
            mp_sched_keyboard_interrupt();
        } else if (console_in - console_out < CONSOLE_BYTES) {
            console[console_in++ % CONSOLE_BYTES] = byte;
        }
    }
}

static void on_clock_wrap(void) {
    CLOCK->interrupt = 1;
    clock_wraps++;
}

static void on_alarm(void) {
    ALARM->ctrl = 0;
    ALARM->interrupt = 1;
}

uint64_t virtual_clock_ticks(void) {
    uint32_t primask = interrupts_off();
    uint32_t low = ~CLOCK->value;
    uint64_t wraps = clock_wraps;
    if ((CLOCK->interrupt & 1u) && low < 0x80000000u) {
        wraps++; /* it wrapped, and its interrupt has not run yet */
    }
    interrupts_restore(primask);
    return wraps << 32 | low;
}

uint64_t virtual_clock_slept(void) {
    return slept_ticks;
}

void virtual_clock_sleep_until(uint64_t tick) {
    for (;;) {
        uint64_t now = virtual_clock_ticks();
        if (now >= tick || MP_STATE_THREAD(mp_pending_exception) != MP_OBJ_NULL) {
            return;
        }
        uint64_t left = tick - now;
        ALARM->value = left > 0xF0000000u ? 0xF0000000u : (uint32_t)left;
        ALARM->ctrl = TIMER_ENABLE | TIMER_INTERRUPT;
        uint32_t primask = interrupts_off();
        uint64_t start = virtual_clock_ticks();
        wait_for_interrupt(); /* an interrupt that is pending already ends it at once */
        slept_ticks += virtual_clock_ticks() - start;
        interrupts_restore(primask);
    }
}

void virtual_reset(void) {
    SCB_AIRCR = RESET_REQUEST;
    for (;;) {
    }
}

/* The port calls this before main() and before any floating-point code. */
void __real_uart_init(void);
void __wrap_uart_init(void);
void __wrap_uart_init(void) {
#if defined(__ARM_FP)
    SCB_CPACR |= 0xF00000; /* MicroPython switches the FPU on itself since 1.27 */
    __asm volatile("dsb\nisb");
#endif
    for (uint32_t i = 0; i < N_CORE_VECTORS; i++) {
        vectors[i] = ((volatile uint32_t *)SCB_VTOR)[i];
    }
    vectors[N_CORE_VECTORS + IRQ_CONSOLE_RX] = (uint32_t)&on_console_rx;
    vectors[N_CORE_VECTORS + IRQ_CLOCK] = (uint32_t)&on_clock_wrap;
    vectors[N_CORE_VECTORS + IRQ_ALARM] = (uint32_t)&on_alarm;
    SCB_VTOR = (uint32_t)vectors;
    SYSTICK_CTRL = 0; /* because a periodic interrupt would disturb the counts */
    __real_uart_init();
    CONSOLE->ctrl |= UART_RX_INTERRUPT_ENABLE;
    CLOCK->reload = CLOCK->value = 0xFFFFFFFF;
    CLOCK->ctrl = TIMER_ENABLE | TIMER_INTERRUPT;
    NVIC_ENABLE = 1u << IRQ_CONSOLE_RX | 1u << IRQ_CLOCK | 1u << IRQ_ALARM;
}

/* select.poll() on sys.stdin, as mpremote mount needs it. */
uintptr_t __wrap_mp_hal_stdio_poll(uintptr_t wanted);
uintptr_t __wrap_mp_hal_stdio_poll(uintptr_t wanted) {
    return wanted & (MP_STREAM_POLL_WR | (console_in != console_out ? MP_STREAM_POLL_RD : 0));
}

int __wrap_uart_rx_any(void);
int __wrap_uart_rx_any(void) {
    return console_in != console_out;
}

/* The port polls this for the next character. Sleep instead, with the clock stopped. */
int __wrap_uart_rx_chr(void);
int __wrap_uart_rx_chr(void) {
    uint32_t primask = interrupts_off();
    if (console_in == console_out) {
        CLOCK->ctrl = TIMER_INTERRUPT;
        wait_for_interrupt();
        CLOCK->ctrl = TIMER_ENABLE | TIMER_INTERRUPT;
    }
    interrupts_restore(primask);
    if (console_in == console_out) {
        return -1;
    }
    uint8_t byte = console[console_out % CONSOLE_BYTES];
    console_out++;
    return byte;
}

mp_uint_t __wrap_mp_hal_ticks_ms(void);
mp_uint_t __wrap_mp_hal_ticks_ms(void) {
    return virtual_clock_ticks() / (VIRTUAL_TICKS_PER_SECOND / 1000u);
}

mp_uint_t __wrap_mp_hal_ticks_us(void);
mp_uint_t __wrap_mp_hal_ticks_us(void) {
    return virtual_clock_ticks() / (VIRTUAL_TICKS_PER_SECOND / 1000000u);
}

/* time.ticks_cpu(): executed instructions */
mp_uint_t __wrap_mp_hal_ticks_cpu(void);
mp_uint_t __wrap_mp_hal_ticks_cpu(void) {
    return (virtual_clock_ticks() - slept_ticks) * 5u / 4u;
}

void __wrap_mp_hal_delay_us(mp_uint_t us);
void __wrap_mp_hal_delay_us(mp_uint_t us) {
    uint64_t until = virtual_clock_ticks() + (uint64_t)us * (VIRTUAL_TICKS_PER_SECOND / 1000000u);
    while (virtual_clock_ticks() < until) {
        virtual_clock_sleep_until(until);
        mp_handle_pending(true);
    }
}

void __wrap_mp_hal_delay_ms(mp_uint_t ms);
void __wrap_mp_hal_delay_ms(mp_uint_t ms) {
    for (; ms > 1000; ms -= 1000) {
        __wrap_mp_hal_delay_us(1000000);
    }
    __wrap_mp_hal_delay_us(ms * 1000);
    mp_handle_pending(true);
}
