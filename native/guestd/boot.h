/* From the initramfs to the root file system; guestd stays PID 1 throughout. */
#ifndef BOOT_H
#define BOOT_H

/* Returns with the root mounted and entered, or powers the VM off after saying why on the console. */
void boot(void);
/* Ends all processes, writes everything to the disk and powers off; does not return. */
void power_off(void) __attribute__((noreturn));

#endif
