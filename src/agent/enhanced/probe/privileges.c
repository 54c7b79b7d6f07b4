#define _GNU_SOURCE
#include "privileges.h"

#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * A user that nobody else is, above all that directories and containers give out: whoever has the same could stop the probe,
 * and "nobody" has many.
 */
#define OWN_USER 2147418112

static const char *become_own_user(void) {
  /* So that a flood of events finds it awake; it is no loss where that may not be. */
  setpriority(PRIO_PROCESS, 0, -10);
  for (int capability = 0; prctl(PR_CAPBSET_READ, capability) >= 0; capability++) {
    if (prctl(PR_CAPBSET_DROP, capability) != 0) return "PR_CAPBSET_DROP";
  }
  if (prctl(PR_SET_KEEPCAPS, 1) != 0) return "PR_SET_KEEPCAPS";
  if (setgroups(0, NULL) != 0) return "setgroups";
  if (setresgid(OWN_USER, OWN_USER, OWN_USER) != 0) return "setresgid";
  if (setresuid(OWN_USER, OWN_USER, OWN_USER) != 0) return "setresuid";
  return NULL;
}

static const char *keep_two_capabilities(void) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct data[2] = {{0}};
  if (syscall(SYS_capget, &header, data) != 0) return "capget";
  for (int index = 0; index < 2; index++) {
    data[index].permitted &= index == CAP_TO_INDEX(CAP_BPF) ? CAP_TO_MASK(CAP_BPF) | CAP_TO_MASK(CAP_PERFMON) : 0;
    data[index].effective = data[index].permitted;
    data[index].inheritable = 0;
  }
  return syscall(SYS_capset, &header, data) == 0 ? NULL : "capset";
}

const char *drop_privileges(void) {
  const struct rlimit none = {0, 0};
  const char *failed = geteuid() == 0 ? become_own_user() : NULL;
  if (failed == NULL) failed = keep_two_capabilities();
  if (failed != NULL) return failed;
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return "PR_SET_NO_NEW_PRIVS";
  if (prctl(PR_SET_DUMPABLE, 0) != 0) return "PR_SET_DUMPABLE";
  setrlimit(RLIMIT_CORE, &none);
  return chdir("/") == 0 ? NULL : "chdir";
}
