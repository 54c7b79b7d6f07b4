#pragma once

/* Exit statuses of the probe. */
enum { EXIT_UNSUPPORTED = 3, EXIT_BROKEN = 4 };

/* The capabilities that the probe keeps. */
int has_capabilities(void);

/* Why this machine cannot have enhanced recording, as one line; NULL where nothing is known to be in the way. */
const char *known_obstacle(void);

/* Why the kernel did not take the probe, as one line. */
const char *refusal(int error);
