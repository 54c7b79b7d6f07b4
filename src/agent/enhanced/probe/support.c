#include "support.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#define OLDEST_MAJOR 5
#define OLDEST_MINOR 14

static char line[512];

/* Whether a line of a small file begins so, or holds that; false where there is no such file. */
static int file_says(const char *path, const char *beginning, const char *word) {
  char text[256];
  FILE *file = fopen(path, "re");
  if (file == NULL) return 0;
  int found = 0;
  while (!found && fgets(text, sizeof text, file) != NULL) {
    found = strncmp(text, beginning, strlen(beginning)) == 0 && strstr(text, word) != NULL;
  }
  fclose(file);
  return found;
}

static int in_user_namespace(void) {
  unsigned inside = 0, outside = 0, count = 0;
  FILE *file = fopen("/proc/self/uid_map", "re");
  if (file == NULL) return 0;
  const int read = fscanf(file, "%u %u %u", &inside, &outside, &count);
  fclose(file);
  return read == 3 && (inside != 0 || outside != 0 || count != 4294967295u);
}

static int has_capabilities(void) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct data[2] = {{0}};
  if (syscall(SYS_capget, &header, data) != 0) return 0;
  const unsigned wanted = CAP_TO_MASK(CAP_BPF) | CAP_TO_MASK(CAP_PERFMON);
  return (data[CAP_TO_INDEX(CAP_BPF)].effective & wanted) == wanted;
}

static int is_too_old(void) {
  struct utsname name;
  unsigned major = 0, minor = 0;
  if (uname(&name) != 0 || sscanf(name.release, "%u.%u", &major, &minor) != 2) return 0;
  if (major > OLDEST_MAJOR || (major == OLDEST_MAJOR && minor >= OLDEST_MINOR)) return 0;
  snprintf(line, sizeof line, "Linux %s is too old for it: it needs %u.%u or newer", name.release, OLDEST_MAJOR,
           OLDEST_MINOR);
  return 1;
}

const char *obstacle_of_machine(void) {
  if (is_too_old()) return line;
  if (in_user_namespace()) {
    return "this is a container with a user namespace of its own, where the kernel gives no BPF: run mezd on its host";
  }
  return NULL;
}

const char *obstacle_of_kernel(void) {
  if (!has_capabilities()) {
    return "mezd lacks CAP_BPF and CAP_PERFMON: run it as root, or with AmbientCapabilities=CAP_BPF CAP_PERFMON";
  }
  if (file_says("/sys/kernel/security/lockdown", "", "[confidentiality]")) {
    return "the kernel is locked down (confidentiality), which forbids it: boot with lockdown=integrity or less";
  }
  if (access("/sys/kernel/btf/vmlinux", R_OK) != 0) {
    return "/sys/kernel/btf/vmlinux is missing: the kernel needs CONFIG_DEBUG_INFO_BTF, and a container the host's /sys";
  }
  return NULL;
}

const char *refusal(int error) {
  if (error == EPERM && file_says("/proc/self/status", "Seccomp:", "2")) {
    return "a seccomp filter, as containers have, forbids bpf(2): allow it, or run mezd on the host";
  }
  snprintf(line, sizeof line, "the kernel does not accept the probe: %s", strerror(error));
  return line;
}
