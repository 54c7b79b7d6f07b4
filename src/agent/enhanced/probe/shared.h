/* What the two halves of the probe share: the values of maps. */
#pragma once

#include "wire.h"

/*
 * What a task inherits when it is forked, and keeps whatever it does: a new session, another parent, other credentials,
 * namespaces or cgroups change nothing. It is the leader of a thread group that is asked; each thread has a tag too, for
 * one that calls execve(2) becomes the leader, and its predecessor's tag goes with that.
 */
struct tag {
  __u64 session;
  __u64 connecting; /* the socket whose connection this thread has begun within the current system call */
  __u32 begun;      /* the session's first program was started, and what is done is its doing, not the agent's */
  __u32 commands;   /* how many programs this process has started */
  __u32 ended;      /* whether its end was told */
};

/* What a session has had of a ring that others need too: so many bytes within a second of 2^30 ns. */
struct share {
  __u64 second;
  __u64 bytes;
};

struct session_state {
  __u64 lost[LOST_KINDS];
  struct share shares[LOST_KINDS];
  __s64 tasks; /* that have a tag of this session */
};

/* A TCP connection that is being made: its outcome comes in a context that has nothing to do with who asked for it. */
struct pending {
  __u64 since_ns;
  struct record_head head;
};
