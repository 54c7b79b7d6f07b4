/* Which session a task belongs to, and how a record about it gets out. */
#pragma once

/* Where a record is put together; `used` counts its bytes of data. */
struct scratch {
  __u32 used;
  struct record_head head;
  char data[DATA_BYTES];
};

enum scratch_slot { SLOT_EXEC, SLOT_CALL, SLOTS };

struct {
  __uint(type, BPF_MAP_TYPE_TASK_STORAGE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, int);
  __type(value, struct tag);
} tags SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 16384);
  __type(key, __u64);
  __type(value, struct session_state);
} sessions SEC(".maps");

/* A program never interrupts itself, so one slot for each is enough. */
struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, SLOTS);
  __type(key, __u32);
  __type(value, struct scratch);
} scratches SEC(".maps");

/* Apart, so that no flood of files or of connections leaves a command without room. */
struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 8 << 20);
} commands SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 4 << 20);
} connections SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 32 << 20);
} files SEC(".maps");

static __always_inline struct tag *tag_of(struct task_struct *task) {
  return bpf_task_storage_get(&tags, task->group_leader, 0, 0);
}

/* The tag of a task whose doings are to be told. */
static __always_inline struct tag *begun_tag_of(struct task_struct *task) {
  struct tag *tag = tag_of(task);
  return tag && tag->begun ? tag : 0;
}

static __always_inline void count_lost(__u64 session, enum lost_kind kind) {
  struct session_state *state = bpf_map_lookup_elem(&sessions, &session);
  if (state) __sync_fetch_and_add(&state->lost[kind], 1);
}

/* Begins a record about the current task. */
static __always_inline void describe(struct record_head *head, __u16 kind, struct task_struct *task, __u64 session) {
  head->kind = kind;
  head->flags = 0;
  head->time_ns = bpf_ktime_get_ns();
  head->session = session;
  head->pid = bpf_get_current_pid_tgid() >> 32;
  head->parent_pid = BPF_CORE_READ(task, real_parent, tgid);
  head->uid = BPF_CORE_READ(task, cred, uid.val);
  head->effective_uid = BPF_CORE_READ(task, cred, euid.val);
  head->result = 0;
  head->detail[0] = head->detail[1] = head->detail[2] = 0;
  bpf_get_current_comm(head->name, sizeof head->name);
}

static __always_inline struct scratch *scratch_of(enum scratch_slot slot) {
  __u32 key = slot;
  struct scratch *scratch = bpf_map_lookup_elem(&scratches, &key);
  if (scratch) scratch->used = 0;
  return scratch;
}

/*
 * Whether a session may have so much of a ring: anything while an eighth of that is free, and from then on a 64th of it
 * in a second, so that what one does in a flood leaves room for what others do.
 */
static __always_inline int may_have(void *ring, enum lost_kind kind, struct record_head *head, __u32 length) {
  __u64 size = bpf_ringbuf_query(ring, BPF_RB_RING_SIZE);
  if (bpf_ringbuf_query(ring, BPF_RB_AVAIL_DATA) < size / 8 * 7) return 1;
  struct session_state *state = bpf_map_lookup_elem(&sessions, &head->session);
  if (!state) return 1;
  struct share *share = &state->shares[kind];
  __u64 second = head->time_ns >> 30;
  /* Two processors may both begin it anew: then a session has a little more. */
  if (share->second != second) {
    share->second = second;
    share->bytes = 0;
  }
  return __sync_fetch_and_add(&share->bytes, length) < size / 64;
}

/* Sends a record; false where there was no room for it. */
static __always_inline int try_submit(void *ring, enum lost_kind kind, struct record_head *head, __u32 length) {
  head->length = length;
  return may_have(ring, kind, head, length) && bpf_ringbuf_output(ring, head, length, 0) == 0;
}

/* Sends a record, or counts it as lost. */
static __always_inline void submit(void *ring, enum lost_kind kind, struct record_head *head, __u32 length) {
  if (!try_submit(ring, kind, head, length)) count_lost(head->session, kind);
}

static __always_inline void submit_scratch(void *ring, enum lost_kind kind, struct scratch *scratch) {
  __u32 used = scratch->used;
  if (used > DATA_BYTES) used = DATA_BYTES;
  submit(ring, kind, &scratch->head, sizeof scratch->head + used);
}
