/* Processes: who belongs to a session, what it runs, how it ends. */
#pragma once

SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child) {
  struct tag *tag = tag_of(parent);
  if (!tag) return 0;
  struct tag inherited = {.session = tag->session, .begun = tag->begun};
  if (!bpf_task_storage_get(&tags, child, &inherited, BPF_LOCAL_STORAGE_GET_F_CREATE)) {
    count_lost(inherited.session, LOST_PROCESSES);
    return 0;
  }
  struct session_state *state = bpf_map_lookup_elem(&sessions, &inherited.session);
  if (state) __sync_fetch_and_add(&state->tasks, 1);
  return 0;
}

/* One part of the arguments; false after the last. What has no room is seen as missing; what is counted is the command. */
static __noinline int submit_part(struct scratch *scratch, unsigned long start, __u32 at, __u32 total) {
  if (at >= total) return 0;
  __u32 length = total - at;
  if (length > ARGUMENT_BYTES) length = ARGUMENT_BYTES;
  if (bpf_probe_read_user(scratch->data, length, (void *)(start + at)) != 0) return 1;
  scratch->head.detail[0] = at;
  try_submit(&commands, LOST_COMMANDS, &scratch->head, sizeof scratch->head + length);
  return 1;
}

/* The arguments as they lie in the new program's memory, where nobody else can have changed them yet. */
static __always_inline __u32 submit_arguments(struct scratch *scratch, struct task_struct *task) {
  unsigned long start = BPF_CORE_READ(task, mm, arg_start);
  __u32 total = BPF_CORE_READ(task, mm, arg_end) - start;
  for (int part = 0; part < ARGUMENT_PARTS; part++) {
    if (!submit_part(scratch, start, part * ARGUMENT_BYTES, total)) break;
  }
  return total;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task, int old_pid, struct linux_binprm *binary) {
  struct tag *tag = tag_of(task);
  if (!tag) return 0;
  struct scratch *scratch = scratch_of(SLOT_EXEC);
  if (!scratch) return 0;
  tag->begun = 1;
  tag->commands++;
  describe(&scratch->head, RECORD_ARGUMENTS, task, tag->session);
  __u32 total = submit_arguments(scratch, task);
  scratch->head.kind = RECORD_EXEC;
  scratch->head.detail[0] = total;
  long length = bpf_probe_read_kernel_str(scratch->data, PATH_BYTES, binary->filename);
  if (length < 0 || length > PATH_BYTES) length = 0;
  scratch->head.detail[1] = length;
  scratch->used = length;
  append_file(scratch, BPF_CORE_READ(task, mm, exe_file));
  scratch->head.detail[2] = scratch->used - scratch->head.detail[1];
  append_working_directory(scratch, task);
  submit_scratch(&commands, LOST_COMMANDS, scratch);
  return 0;
}

/* What wait(2) will say of the process (kernel/exit.c, wait_task_zombie). */
static __always_inline int wait_status(struct task_struct *task) {
  if (BPF_CORE_READ(task, signal, flags) & SIGNAL_GROUP_EXIT) return BPF_CORE_READ(task, signal, group_exit_code);
  return BPF_CORE_READ(task, group_leader, exit_code);
}

/* Of the last threads two may get here at once; one of them tells. */
static __always_inline int tells_end(struct task_struct *task, struct tag *tag) {
  return tag->commands > 0 && BPF_CORE_READ(task, signal, live.counter) == 0 &&
         __sync_lock_test_and_set(&tag->ended, 1) == 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task) {
  struct tag *tag = tag_of(task);
  if (!tag) return 0;
  if (tells_end(task, tag)) {
    struct record_head head = {};
    describe(&head, RECORD_EXIT, task, tag->session);
    head.result = wait_status(task);
    submit(&commands, LOST_COMMANDS, &head, sizeof head);
  }
  /* A worker of io_uring is a thread that nobody has forked, and has no tag of its own. */
  struct tag *own = bpf_task_storage_get(&tags, task, 0, 0);
  if (!own) return 0;
  struct session_state *state = bpf_map_lookup_elem(&sessions, &own->session);
  if (state) __sync_fetch_and_add(&state->tasks, -1);
  return 0;
}
