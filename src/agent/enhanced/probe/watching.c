#define _GNU_SOURCE
#include "watching.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "output.h"
#include "probe.skel.h"
#include "shared.h"

/* Bytes of files that are taken before it is looked whether there are commands. */
#define FILES_AT_ONCE (128 * 1024)

/* What is left of a TCP connection's record after so long was missed: no attempt takes that long. */
#define LONGEST_ATTEMPT_NS (600 * 1000000000ULL)

/* Sessions that are looked at in one round; those that are left come with the next. */
#define SESSIONS_AT_ONCE 1024

struct source {
  struct ring_buffer *ring;
  size_t capacity;
  size_t left; /* bytes that may still be taken */
};

static struct probe_bpf *probe;
static struct source commands, connections, files;
static int poll_descriptor = -1;

static int take(void *context, void *record, size_t length) {
  struct source *source = context;
  put(record, length);
  source->left = source->left > length ? source->left - length : 0;
  return source->left > 0 ? 0 : -1;
}

static void consume(struct source *source, size_t most) {
  source->left = most;
  ring_buffer__consume(source->ring);
}

static int open_source(struct source *source, struct bpf_map *map) {
  source->ring = ring_buffer__new(bpf_map__fd(map), take, source, NULL);
  source->capacity = bpf_map__max_entries(map);
  if (source->ring == NULL) return errno;
  const int descriptor = ring_buffer__epoll_fd(source->ring);
  struct epoll_event event = {.events = EPOLLIN};
  return epoll_ctl(poll_descriptor, EPOLL_CTL_ADD, descriptor, &event) == 0 ? 0 : errno;
}

/* Of the two programs for io_uring, the one whose tracepoint this kernel has. */
static void choose_uring_program(void) {
  struct btf *kernel = btf__load_vmlinux_btf();
  const int has_request = btf__find_by_name_kind(kernel, "btf_trace_io_uring_submit_req", BTF_KIND_TYPEDEF) > 0;
  const int has_entry = btf__find_by_name_kind(kernel, "btf_trace_io_uring_submit_sqe", BTF_KIND_TYPEDEF) > 0;
  bpf_program__set_autoload(probe->progs.on_uring_request, has_request);
  bpf_program__set_autoload(probe->progs.on_uring_entry, has_entry && !has_request);
  btf__free(kernel);
}

int start_watching(void) {
  probe = probe_bpf__open();
  if (probe == NULL) return errno;
  choose_uring_program();
  int failed = probe_bpf__load(probe);
  if (failed == 0) failed = probe_bpf__attach(probe);
  if (failed != 0) return -failed;
  poll_descriptor = epoll_create1(EPOLL_CLOEXEC);
  if (poll_descriptor < 0) return errno;
  failed = open_source(&commands, probe->maps.commands);
  if (failed == 0) failed = open_source(&connections, probe->maps.connections);
  if (failed == 0) failed = open_source(&files, probe->maps.files);
  return failed;
}

int events_descriptor(void) { return poll_descriptor; }

void put_events(void) {
  consume(&commands, commands.capacity);
  consume(&connections, connections.capacity);
  consume(&files, FILES_AT_ONCE);
}

static void put_all_events(void) {
  consume(&commands, commands.capacity);
  consume(&connections, connections.capacity);
  consume(&files, files.capacity);
}

int track(int pid, unsigned long long session) {
  const struct session_state state = {.tasks = 1};
  const struct tag tag = {.session = session};
  const __u64 key = session;
  const int states = bpf_map__fd(probe->maps.sessions);
  const int process = syscall(SYS_pidfd_open, pid, 0);
  if (process < 0) return errno;
  int failed = bpf_map_update_elem(states, &key, &state, BPF_NOEXIST);
  if (failed == 0) {
    failed = bpf_map_update_elem(bpf_map__fd(probe->maps.tags), &process, &tag, BPF_NOEXIST);
    if (failed != 0) bpf_map_delete_elem(states, &key);
  }
  close(process);
  return -failed;
}

static int put_lost(__u64 session, const struct session_state *state) {
  static const __u64 nothing[LOST_KINDS];
  if (memcmp(state->lost, nothing, sizeof nothing) == 0) return 0;
  put_record(RECORD_LOST, session, 0, state->lost, sizeof state->lost);
  return 1;
}

void put_everything(unsigned long long session) {
  const __u64 key = session;
  struct session_state state;
  put_all_events();
  if (bpf_map_lookup_elem(bpf_map__fd(probe->maps.sessions), &key, &state) == 0) put_lost(key, &state);
}

/* A session is over when nothing of it is left in the kernel: whatever it still said is in the rings by then. */
static void end_sessions(const __u64 *over, int count) {
  if (count == 0) return;
  const int states = bpf_map__fd(probe->maps.sessions);
  put_all_events();
  for (int index = 0; index < count; index++) {
    struct session_state state;
    if (bpf_map_lookup_elem(states, &over[index], &state) == 0) put_lost(over[index], &state);
    put_record(RECORD_ENDED, over[index], 0, NULL, 0);
    bpf_map_delete_elem(states, &over[index]);
  }
}

static void put_session_accounts(void) {
  __u64 over[SESSIONS_AT_ONCE];
  int count = 0;
  const int states = bpf_map__fd(probe->maps.sessions);
  __u64 key, *previous = NULL;
  while (count < SESSIONS_AT_ONCE && bpf_map_get_next_key(states, previous, &key) == 0) {
    struct session_state state;
    if (bpf_map_lookup_elem(states, &key, &state) == 0) {
      put_lost(key, &state);
      if (state.tasks <= 0) over[count++] = key;
    }
    previous = &key;
  }
  end_sessions(over, count);
}

/* Where an interrupt came in the way of the program that tells outcomes, the kernel has skipped one of them. */
static void put_missed_outcomes(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  const __u64 now_ns = now.tv_sec * 1000000000ULL + now.tv_nsec;
  const int map = bpf_map__fd(probe->maps.pending_connections);
  __u64 key, *previous = NULL;
  while (bpf_map_get_next_key(map, previous, &key) == 0) {
    struct connection_record missed = {0};
    struct pending pending;
    previous = &key;
    if (bpf_map_lookup_elem(map, &key, &pending) != 0 || now_ns - pending.since_ns < LONGEST_ATTEMPT_NS) continue;
    bpf_map_delete_elem(map, &key);
    missed.head = pending.head;
    missed.head.kind = RECORD_CONNECTED;
    missed.head.length = sizeof missed;
    missed.head.time_ns = now_ns;
    missed.head.result = ENODATA;
    put(&missed, sizeof missed);
    previous = NULL;
  }
}

void put_accounts(void) {
  put_session_accounts();
  put_missed_outcomes();
}
