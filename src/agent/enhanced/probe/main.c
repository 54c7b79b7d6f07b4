/*
 * The part of the probe that runs as a process: it loads the other part into the kernel, follows the sessions that it is told
 * to, and writes what it sees to its standard output. See wire.h. Started by mezd, as root or with two capabilities; without
 * them, or where the kernel has not what it needs, it says so in one line and ends with EXIT_UNSUPPORTED.
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "canary.h"
#include "output.h"
#include "privileges.h"
#include "sources.h"
#include "support.h"
#include "watching.h"

#define ACCOUNTS_EVERY_MS 1000

static char lines[4096];
static size_t lines_filled;

/* The verifier's log and the like: for people who look for the reason of a refusal. */
static int log_warning(enum libbpf_print_level level, const char *format, va_list arguments) {
  return level == LIBBPF_WARN ? vfprintf(stderr, format, arguments) : 0;
}

static void obey(const char *line) {
  int pid;
  unsigned long long session;
  if (sscanf(line, "track %d %llu", &pid, &session) == 2) {
    put_record(RECORD_TRACKED, session, track(pid, session), NULL, 0);
  } else if (sscanf(line, "sync %llu", &session) == 1) {
    sync_session(session);
  }
}

/* Obeys every line that is complete; false at the end of the input. */
static int read_lines(void) {
  const ssize_t count = read(STDIN_FILENO, lines + lines_filled, sizeof lines - 1 - lines_filled);
  if (count <= 0) return count < 0 && errno == EINTR;
  lines_filled += count;
  lines[lines_filled] = '\0';
  char *line = lines;
  for (char *end = strchr(line, '\n'); end != NULL; end = strchr(line, '\n')) {
    *end = '\0';
    obey(line);
    line = end + 1;
  }
  lines_filled -= line - lines;
  memmove(lines, line, lines_filled);
  return lines_filled < sizeof lines - 1;
}

static long long now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static void serve(void) {
  struct pollfd ready[2] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = events_descriptor(), .events = POLLIN}};
  long long accounts_at = now_ms() + ACCOUNTS_EVERY_MS;
  for (int input_open = 1; input_open;) {
    if (poll(ready, 2, ACCOUNTS_EVERY_MS) < 0 && errno != EINTR) return;
    if (ready[0].revents != 0) input_open = read_lines();
    put_events();
    put_answers();
    if (now_ms() >= accounts_at) {
      put_accounts();
      accounts_at = now_ms() + ACCOUNTS_EVERY_MS;
    }
    write_out();
  }
}

static int unsupported(const char *line) {
  fprintf(stderr, "%s\n", line);
  return EXIT_UNSUPPORTED;
}

int main(int count, char **arguments) {
  if (count == 2 && strcmp(arguments[1], "canary") == 0) return canary();
  if (count == 2 && strcmp(arguments[1], "sing") == 0) return canary_sings();
  /* It ends when mezd closes its input, and not with the signal that ends mezd: sessions are still to be ended then. */
  for (const int *name = (const int[]){SIGINT, SIGTERM, SIGHUP, SIGPIPE, 0}; *name != 0; name++) signal(*name, SIG_IGN);
  libbpf_set_print(log_warning);
  const char *obstacle = obstacle_of_machine();
  if (obstacle != NULL) return unsupported(obstacle);
  const char *failed = drop_privileges();
  if (failed != NULL) {
    fprintf(stderr, "privileges cannot be dropped: %s: %s\n", failed, strerror(errno));
    return EXIT_BROKEN;
  }
  obstacle = obstacle_of_kernel();
  if (obstacle != NULL) return unsupported(obstacle);
  const int error = start_watching();
  if (error != 0) return unsupported(refusal(error));
  const struct record_head ready = {.length = sizeof ready, .kind = RECORD_READY, .detail = {WIRE_VERSION}};
  put(&ready, sizeof ready);
  write_out();
  serve();
  return EXIT_SUCCESS;
}
