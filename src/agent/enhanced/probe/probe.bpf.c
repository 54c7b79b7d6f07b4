/*
 * The part of the probe that runs in the kernel: it follows the processes that descend from those of recorded sessions, and
 * tells what they run, which files they open and whom they connect to. It hooks into tracepoints by their BTF types alone,
 * and changes nothing. What it sends is described in wire.h.
 */
#include "kernel.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#include "shared.h"

#include "sessions.bpf.h"

#include "paths.bpf.h"

#include "connections.bpf.h"
#include "processes.bpf.h"
#include "syscalls.h"

#define O_ACCMODE 3
#define O_WRONLY_CREAT_TRUNC 01101

/* A system call that has returned. */
struct returned {
  __u64 arguments[6];
  long result;
  enum call call;
  int narrow; /* its structures are those of a 32-bit program */
};

static __always_inline void read_socketcall(struct returned *returned) {
  __u32 words[6] = {};
  bpf_probe_read_user(words, sizeof words, (void *)(unsigned long)returned->arguments[1]);
  returned->call = call_of_socketcall(returned->arguments[0]);
  for (int index = 0; index < 6; index++) returned->arguments[index] = words[index];
}

static __always_inline void read_call(struct returned *returned, struct pt_regs *regs, int compat) {
  __u64 *arguments = returned->arguments;
  if (compat) {
    arguments[0] = (__u32)regs->bx;
    arguments[1] = (__u32)regs->cx;
    arguments[2] = (__u32)regs->dx;
    arguments[3] = (__u32)regs->si;
    arguments[4] = (__u32)regs->di;
    arguments[5] = (__u32)regs->bp;
  } else {
    arguments[0] = regs->di;
    arguments[1] = regs->si;
    arguments[2] = regs->dx;
    arguments[3] = regs->r10;
    arguments[4] = regs->r8;
    arguments[5] = regs->r9;
  }
  if (returned->call == CALL_SOCKETCALL) read_socketcall(returned);
}

/* The flags that a file was to be opened with. Those of openat2(2) another thread may have changed since. */
static __always_inline __u32 flags_asked(struct returned *returned) {
  __u64 how = 0;
  switch (returned->call) {
    case CALL_OPEN: return returned->arguments[1];
    case CALL_CREAT: return O_WRONLY_CREAT_TRUNC;
    case CALL_OPENAT2: bpf_probe_read_user(&how, sizeof how, (void *)(unsigned long)returned->arguments[2]); return how;
    default: return returned->arguments[2];
  }
}

static __noinline int open_returned(struct scratch *scratch, struct task_struct *task, struct returned *returned) {
  struct file *file = returned->result >= 0 ? file_of(task, returned->result) : 0;
  __u32 flags = flags_asked(returned);
  scratch->head.detail[0] = flags;
  if (file) {
    scratch->head.kind = RECORD_OPEN;
    scratch->head.detail[0] = (flags & ~O_ACCMODE) | (BPF_CORE_READ(file, f_flags) & O_ACCMODE);
    append_file(scratch, file);
  } else {
    scratch->head.kind = RECORD_OPEN_ASKED;
    scratch->head.result = returned->result < 0 ? -returned->result : 0;
    if (returned->call == CALL_OPEN || returned->call == CALL_CREAT) {
      append_asked(scratch, task, returned->arguments[0], AT_FDCWD);
    } else if (returned->call != CALL_OPEN_HANDLE) {
      append_asked(scratch, task, returned->arguments[1], returned->arguments[0]);
    }
  }
  submit_scratch(&files, LOST_FILES, scratch);
  return 0;
}

/* Only one that failed: one that succeeded returns into another program, of which on_exec has told. */
static __noinline int exec_returned(struct scratch *scratch, struct task_struct *task, struct returned *returned) {
  if (returned->result >= 0) return 0;
  scratch->head.kind = RECORD_EXEC_FAILED;
  scratch->head.result = -returned->result;
  if (returned->call == CALL_EXECVE) append_asked(scratch, task, returned->arguments[0], AT_FDCWD);
  else append_asked(scratch, task, returned->arguments[1], returned->arguments[0]);
  submit_scratch(&commands, LOST_COMMANDS, scratch);
  return 0;
}

static __always_inline void call_returned(struct scratch *scratch, struct task_struct *task, struct returned *returned) {
  __u64 *arguments = returned->arguments;
  switch (returned->call) {
    case CALL_OPEN:
    case CALL_CREAT:
    case CALL_OPENAT:
    case CALL_OPENAT2:
    case CALL_OPEN_HANDLE: open_returned(scratch, task, returned); break;
    case CALL_EXECVE:
    case CALL_EXECVEAT: exec_returned(scratch, task, returned); break;
    case CALL_CONNECT: connect_returned(scratch, task, arguments, returned->result); break;
    case CALL_ACCEPT: accept_returned(scratch, task, returned->result); break;
    case CALL_SENDTO:
      if (returned->result >= 0) datagram_sent(scratch, task, arguments[0], arguments[4]);
      break;
    case CALL_SENDMSG: messages_sent(scratch, task, arguments, returned->result >= 0, returned->narrow); break;
    case CALL_SENDMMSG: messages_sent(scratch, task, arguments, returned->result, returned->narrow); break;
    default: break;
  }
}

/* It did nothing, and is called again, or fails with EINTR. */
static __always_inline int is_interrupted(long result) {
  return result <= -ERESTARTSYS && result >= -ERESTART_RESTARTBLOCK;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(on_sys_exit, struct pt_regs *regs, long result) {
  struct task_struct *task = bpf_get_current_task_btf();
  int compat = task->thread_info.status & TS_COMPAT;
  __u32 number = regs->orig_ax;
  struct returned returned = {.result = result, .narrow = compat || (number & X32_BIT) != 0};
  returned.call = compat ? call_of_32(number) : call_of_64(number);
  if (returned.call == CALL_NONE || is_interrupted(result)) return 0;
  struct tag *tag = begun_tag_of(task);
  if (!tag) return 0;
  struct scratch *scratch = scratch_of(SLOT_CALL);
  if (!scratch) return 0;
  read_call(&returned, regs, compat);
  describe(&scratch->head, 0, task, tag->session);
  call_returned(scratch, task, &returned);
  return 0;
}

/* Those of io_uring's that open a file or talk to somebody. */
static __always_inline int is_uring_unseen(__u8 operation) {
  switch (operation) {
    case 9:  /* SENDMSG */
    case 13: /* ACCEPT */
    case 16: /* CONNECT */
    case 18: /* OPENAT */
    case 26: /* SEND */
    case 28: /* OPENAT2 */
    case 47: /* SEND_ZC */
    case 48: /* SENDMSG_ZC */
      return 1;
  }
  return 0;
}

/* What a program has io_uring do for it makes no system call; that it did is all that is told. */
static __always_inline int uring_submitted(struct io_kiocb *request) {
  __u8 operation = request->opcode;
  if (!is_uring_unseen(operation)) return 0;
  struct task_struct *task = bpf_get_current_task_btf();
  struct tag *tag = begun_tag_of(task);
  if (!tag) return 0;
  struct record_head head = {};
  describe(&head, RECORD_IO_URING, task, tag->session);
  head.detail[0] = operation;
  submit(&files, LOST_FILES, &head, sizeof head);
  return 0;
}

/* Its name since Linux 6.3; the loader chooses. */
SEC("?tp_btf/io_uring_submit_req")
int BPF_PROG(on_uring_request, struct io_kiocb *request) {
  return uring_submitted(request);
}

SEC("?tp_btf/io_uring_submit_sqe")
int BPF_PROG(on_uring_entry, struct io_kiocb *request) {
  return uring_submitted(request);
}

/* The kernel lends the functions that read its memory only to programs whose licence goes with its own. */
char LICENSE[] SEC("license") = "Dual BSD/GPL";
