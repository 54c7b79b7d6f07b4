#include "output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static char waiting[256 * 1024];
static size_t filled;

void write_out(void) {
  for (size_t at = 0; at < filled;) {
    const ssize_t written = write(STDOUT_FILENO, waiting + at, filled - at);
    if (written < 0 && errno != EINTR) exit(EXIT_SUCCESS);
    if (written > 0) at += written;
  }
  filled = 0;
}

void put(const void *bytes, size_t length) {
  if (length > sizeof waiting) abort();
  if (filled + length > sizeof waiting) write_out();
  memcpy(waiting + filled, bytes, length);
  filled += length;
}

void put_record(enum record_kind kind, __u64 session, int result, const void *data, size_t length) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  const struct record_head head = {.length = sizeof head + length,
                                   .kind = kind,
                                   .time_ns = now.tv_sec * 1000000000ULL + now.tv_nsec,
                                   .session = session,
                                   .result = result};
  put(&head, sizeof head);
  put(data, length);
}
