#pragma once

/*
 * Gives up everything but CAP_BPF and CAP_PERFMON: root becomes the user nobody, without groups, and nothing can be gained
 * again. Returns NULL, or what failed, with errno.
 */
const char *drop_privileges(void);
