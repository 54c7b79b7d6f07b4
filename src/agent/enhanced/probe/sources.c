#include "sources.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

#include "output.h"

struct source {
  struct ring_buffer *ring;
  const atomic_ulong *written; /* how far the kernel has written: a page of the ring */
  unsigned long taken;         /* how far this program has read */
  unsigned long until;         /* and how far it is to read */
};

/* Bytes that are taken of each at once. */
static const size_t at_once[SOURCES] = {1024 * 1024, 256 * 1024, 128 * 1024};

static struct source sources[SOURCES];
static int poll_descriptor = -1;

/* In a ring each record follows a head of 8 bytes, and ends at a multiple of 8 (Documentation/bpf/ringbuf.rst). */
static unsigned long bytes_in_ring(size_t length) { return 8 + (length + 7) / 8 * 8; }

static int take(void *context, void *record, size_t length) {
  struct source *source = context;
  put(record, length);
  source->taken += bytes_in_ring(length);
  return (long)(source->until - source->taken) > 0 ? 0 : -1;
}

static int open_source(struct source *source, int map) {
  const long page = sysconf(_SC_PAGESIZE);
  source->ring = ring_buffer__new(map, take, source, NULL);
  source->written = mmap(NULL, page, PROT_READ, MAP_SHARED, map, page);
  if (source->ring == NULL || source->written == MAP_FAILED) return errno;
  struct epoll_event event = {.events = EPOLLIN};
  return epoll_ctl(poll_descriptor, EPOLL_CTL_ADD, ring_buffer__epoll_fd(source->ring), &event) == 0 ? 0 : errno;
}

int open_sources(const int maps[SOURCES]) {
  poll_descriptor = epoll_create1(EPOLL_CLOEXEC);
  if (poll_descriptor < 0) return errno;
  int failed = 0;
  for (int kind = 0; kind < SOURCES && failed == 0; kind++) failed = open_source(&sources[kind], maps[kind]);
  return failed;
}

int events_descriptor(void) { return poll_descriptor; }

static void put_until(struct source *source, unsigned long written, size_t most) {
  if (written == source->taken) return;
  source->until = written - source->taken > most ? source->taken + most : written;
  ring_buffer__consume(source->ring);
}

void put_events(void) {
  /* Up to the same moment, so that no ring's events are told before earlier ones of another. */
  const struct moment now = written_now();
  for (int kind = 0; kind < SOURCES; kind++) put_until(&sources[kind], now.written[kind], at_once[kind]);
}

struct moment written_now(void) {
  struct moment moment;
  for (int kind = 0; kind < SOURCES; kind++) moment.written[kind] = atomic_load(sources[kind].written);
  return moment;
}

int is_put(const struct moment *moment) {
  for (int kind = 0; kind < SOURCES; kind++) {
    if ((long)(sources[kind].taken - moment->written[kind]) < 0) return 0;
  }
  return 1;
}
