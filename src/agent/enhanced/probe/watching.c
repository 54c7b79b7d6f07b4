#define _GNU_SOURCE
#include "watching.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "output.h"
#include "probe.skel.h"
#include "shared.h"
#include "sources.h"

/* What is left of a TCP connection's record after so long was missed: no attempt takes that long. */
#define LONGEST_ATTEMPT_NS (600 * 1000000000ULL)

/* Sessions that end in one round; those that are left come with the next. */
#define ENDS_AT_ONCE 1024

/* Answers that may wait for their time. */
#define MOST_ANSWERS 1024

struct answer {
  __u64 session;
  struct moment after;
};

static struct probe_bpf *probe;

/* First in, first out. */
static struct answer answers[MOST_ANSWERS];
static unsigned first_answer, answer_count;

/* The sessions that are over, of which it is told once all that they did has been. */
static struct {
  __u64 sessions[ENDS_AT_ONCE];
  int count;
  struct moment after;
} ends;

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
  const int maps[SOURCES] = {[SOURCE_COMMANDS] = bpf_map__fd(probe->maps.commands),
                             [SOURCE_CONNECTIONS] = bpf_map__fd(probe->maps.connections),
                             [SOURCE_FILES] = bpf_map__fd(probe->maps.files)};
  return open_sources(maps);
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

static void put_lost(__u64 session) {
  static const __u64 nothing[LOST_KINDS];
  struct session_state state;
  if (bpf_map_lookup_elem(bpf_map__fd(probe->maps.sessions), &session, &state) != 0) return;
  if (memcmp(state.lost, nothing, sizeof nothing) == 0) return;
  put_record(RECORD_LOST, session, 0, state.lost, sizeof state.lost);
}

void sync_session(unsigned long long session) {
  while (answer_count == MOST_ANSWERS) {
    put_events();
    put_answers();
  }
  answers[(first_answer + answer_count) % MOST_ANSWERS] = (struct answer){session, written_now()};
  answer_count++;
}

/* A session is over when nothing of it is left in the kernel: whatever it still said is in the rings by then. */
static void put_ends(void) {
  for (int index = 0; index < ends.count; index++) {
    put_lost(ends.sessions[index]);
    put_record(RECORD_ENDED, ends.sessions[index], 0, NULL, 0);
    bpf_map_delete_elem(bpf_map__fd(probe->maps.sessions), &ends.sessions[index]);
  }
  ends.count = 0;
}

void put_answers(void) {
  for (; answer_count > 0 && is_put(&answers[first_answer].after); answer_count--) {
    const __u64 session = answers[first_answer].session;
    first_answer = (first_answer + 1) % MOST_ANSWERS;
    put_lost(session);
    put_record(RECORD_SYNCED, session, 0, NULL, 0);
  }
  if (ends.count > 0 && is_put(&ends.after)) put_ends();
}

static void put_session_accounts(void) {
  const int states = bpf_map__fd(probe->maps.sessions);
  const int may_end = ends.count == 0;
  __u64 key, *previous = NULL;
  while (bpf_map_get_next_key(states, previous, &key) == 0) {
    struct session_state state;
    put_lost(key);
    const int is_over = bpf_map_lookup_elem(states, &key, &state) == 0 && state.tasks <= 0;
    if (is_over && may_end && ends.count < ENDS_AT_ONCE) ends.sessions[ends.count++] = key;
    previous = &key;
  }
  if (may_end) ends.after = written_now();
}

static void put_missed_outcome(int map, __u64 key, __u64 now_ns) {
  struct connection_record missed = {0};
  struct pending pending;
  if (bpf_map_lookup_elem(map, &key, &pending) != 0 || pending.since_ns + LONGEST_ATTEMPT_NS > now_ns) return;
  bpf_map_delete_elem(map, &key);
  missed.head = pending.head;
  missed.head.kind = RECORD_CONNECTED;
  missed.head.length = sizeof missed;
  missed.head.time_ns = now_ns;
  missed.head.result = ENODATA;
  put(&missed, sizeof missed);
}

/* Where an interrupt came in the way of the program that tells outcomes, the kernel has skipped one of them. */
static void put_missed_outcomes(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  const int map = bpf_map__fd(probe->maps.pending_connections);
  __u64 key, next = 0;
  /* The next one is looked up first: from one that is gone, the kernel begins anew. */
  for (int more = bpf_map_get_next_key(map, NULL, &key) == 0; more; key = next) {
    more = bpf_map_get_next_key(map, &key, &next) == 0;
    put_missed_outcome(map, key, now.tv_sec * 1000000000ULL + now.tv_nsec);
  }
}

void put_accounts(void) {
  put_session_accounts();
  put_missed_outcomes();
}
