#pragma once

/*
 * Gives up everything but CAP_BPF and CAP_PERFMON: root becomes a user that nobody else is, without groups, and nothing
 * can be gained again. Returns NULL, or what failed, with errno.
 */
const char *drop_privileges(void);
