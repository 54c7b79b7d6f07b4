#pragma once

/* Exit statuses of the probe. */
enum { EXIT_UNSUPPORTED = 3, EXIT_BROKEN = 4 };

/*
 * Why this machine cannot have enhanced recording, as one line; NULL where nothing is known to be in the way. The first is
 * to be asked with the privileges that the probe was started with, the second with those that it keeps.
 */
const char *obstacle_of_machine(void);
const char *obstacle_of_kernel(void);

/* Why the kernel did not take the probe, as one line. */
const char *refusal(int error);
