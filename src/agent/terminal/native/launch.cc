// Becomes a user's program: `launch GATE TTY SWITCH UID GID LOGIN HOME FILE ARGV0 [ARGUMENT...]`, where the first three are 0
// or 1. It replaces itself by FILE, so that no process stays between the agent and the shell. It is started as the leader
// of a new session, with its environment being the user's already. Nothing of the user's runs before the last step. With
// GATE it begins when it can read a byte from descriptor 3, and never where that is closed instead. To that descriptor it
// says, in decimal, what audit session is this program's and its descendants' alone, where the kernel gives it one.

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

constexpr rlim_t kUsualFiles = 1024;
constexpr rlim_t kManyFiles = 65536;
constexpr int kFailed = 254;
constexpr int kGate = 3;

[[noreturn]] void fail(const char* step) {
  fprintf(stderr, "mezd: cannot start your session: %s: %s\n", step, strerror(errno));
  _exit(kFailed);
}

void waitAtGate() {
  char byte;
  ssize_t count;
  while ((count = read(kGate, &byte, 1)) < 0 && errno == EINTR) continue;
  if (count != 1) _exit(kFailed);
}

// As pam_loginuid(8) does for sshd: whoever descends from here has this audit session, whatever it makes of its environment,
// its session and its parents, and only CAP_AUDIT_CONTROL gets it another one. Where the kernel keeps the one that the agent
// has, that is others' too and is not told.
void enterAuditSession(const char* uid) {
  const int login = open("/proc/self/loginuid", O_WRONLY | O_CLOEXEC);
  if (login < 0) return;
  const bool entered = write(login, uid, strlen(uid)) > 0;
  close(login);
  if (!entered) return;
  char id[16];
  const int session = open("/proc/self/sessionid", O_RDONLY | O_CLOEXEC);
  const ssize_t length = session < 0 ? 0 : read(session, id, sizeof id);
  if (session >= 0) close(session);
  if (length <= 0) return;
  // Without a listener, or with an agent that is gone, there is nobody to tell.
  if (send(kGate, id, static_cast<size_t>(length), MSG_NOSIGNAL) < 0) return;
}

void closeInherited() {
#ifdef SYS_close_range
  if (syscall(SYS_close_range, 3U, ~0U, 0U) == 0) return;
#endif
  const long limit = sysconf(_SC_OPEN_MAX);
  for (int fd = 3; fd < (limit > 0 && limit < 65536 ? limit : 65536); fd++) close(fd);
}

// Node raises its soft limit to the hard one; programs that use select(2) break under the huge limits of systemd.
void restoreFileLimit() {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur > kManyFiles) {
    limit.rlim_cur = kUsualFiles;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
}

void becomeUser(uid_t uid, gid_t gid, const char* login) {
  if (initgroups(login, gid) != 0) fail("initgroups");
  if (setresgid(gid, gid, gid) != 0) fail("setresgid");
  if (setresuid(uid, uid, uid) != 0) fail("setresuid");
  if (uid != 0 && setuid(0) == 0) {
    errno = EPERM;
    fail("privileges were not dropped");
  }
}

// Without the agent nobody records: an agent that is killed takes its sessions' first processes with it. A change of user
// would forget this.
void dieWith(pid_t agent) {
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) fail("prctl");
  if (getppid() != agent) _exit(kFailed);
}

void enterHome(const char* home) {
  if (chdir(home) == 0) return;
  fprintf(stderr, "Could not chdir to home directory %s: %s\n", home, strerror(errno));
  if (chdir("/") != 0) fail("chdir /");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 10) {
    fprintf(stderr, "usage: launch GATE TTY SWITCH UID GID LOGIN HOME FILE ARGV0 [ARGUMENT...]\n");
    return 2;
  }
  const pid_t agent = getppid();
  if (argv[1][0] == '1') waitAtGate();
  enterAuditSession(argv[4]);
  closeInherited();
  if (argv[2][0] == '1' && ioctl(STDIN_FILENO, TIOCSCTTY, 0) != 0) fail("TIOCSCTTY");
  restoreFileLimit();
  umask(022);
  if (argv[3][0] == '1') {
    becomeUser(static_cast<uid_t>(strtoul(argv[4], nullptr, 10)), static_cast<gid_t>(strtoul(argv[5], nullptr, 10)), argv[6]);
  }
  dieWith(agent);
  enterHome(argv[7]);
  const char* file = argv[8];
  execv(file, argv + 9);
  // As sshd does; the shell itself reports a command that is missing, with 127.
  const int reason = errno;
  fprintf(stderr, "%s: %s\n", file, strerror(reason));
  return reason == ENOENT ? 127 : 126;
}
