/*
 * What the probe and the agent say to each other.
 *
 * The agent writes lines to the probe's standard input:
 *
 *   track PID SESSION    follow this process, and all that descend from it from now on; answered by RECORD_TRACKED
 *   sync SESSION         answered by RECORD_SYNCED, after every record of what had happened before
 *
 * The probe writes records to its standard output, each a record_head and its data. Numbers are little endian. A record's
 * length is that of head and data together, and needs no alignment. The probe ends when its standard input does.
 *
 * "Names" are a path's names from its last to its first, each ended by a NUL; those of "/" are empty.
 */
#pragma once

#define WIRE_VERSION 1

#define NAME_BYTES 256
#define PATH_BYTES 4096
#define ARGUMENT_BYTES 16384 /* in one RECORD_ARGUMENTS */
#define ARGUMENT_PARTS 128   /* of one command: arguments of 2 MiB together */
#define DATA_BYTES 28672

enum record_kind {
  /* All is attached. detail[0]: WIRE_VERSION, which both must agree on. */
  RECORD_READY = 1,
  /* The answer to "track". result: 0, or the errno. What the process does before its first execve(2) is not told. */
  RECORD_TRACKED = 2,
  /* The answer to "sync". */
  RECORD_SYNCED = 3,
  /* No process of this session is left; nothing more comes of it. */
  RECORD_ENDED = 4,
  /* How much of this session was lost since it began: a number of 64 bits for each lost_kind. */
  RECORD_LOST = 5,
  /*
   * A part of the arguments of the next RECORD_EXEC of this process, which has the same time. detail[0]: where it begins.
   * data: the part.
   */
  RECORD_ARGUMENTS = 6,
  /*
   * A program was started by execve(2) or execveat(2). detail[0]: bytes of its arguments together, each ended by a NUL.
   * data: detail[1] bytes, the file as it was asked for; detail[2] bytes, the names of what runs; the names of the
   * current directory.
   */
  RECORD_EXEC = 7,
  /* A process that had started a program has ended. result: as wait(2) tells it. */
  RECORD_EXIT = 8,
  /* A program could not be started. result: the errno. data: detail[1] bytes, the file; the names of the directory. */
  RECORD_EXEC_FAILED = 9,
  /* A file was opened. detail[0]: the flags of open(2). data: its names. */
  RECORD_OPEN = 10,
  /* A file could not be opened, or was gone before it could be looked at (result: 0). Data as in RECORD_EXEC_FAILED. */
  RECORD_OPEN_ASKED = 11,
  /*
   * A connection was asked for, or is there: connect(2), accept(2), a first datagram. detail[0]: a connection_way.
   * result: 0, the errno, or EINPROGRESS where RECORD_CONNECTED follows. detail[1]: the number that both have.
   * data: an endpoint, and after one of AF_UNIX the address.
   */
  RECORD_CONNECT = 12,
  /*
   * What became of it. result: 0 or the errno, ECANCELED where the socket was closed before, ENODATA where nobody knows.
   * detail[1]: as before. data: an endpoint.
   */
  RECORD_CONNECTED = 13,
  /* io_uring did something that the probe has no eyes for. detail[0]: the opcode. */
  RECORD_IO_URING = 14,
};

enum record_flag {
  /* Data is cut short: it was longer than fits, or could not be read. */
  FLAG_CUT = 1,
};

enum connection_way { WAY_CONNECT = 1, WAY_ACCEPT = 2, WAY_DATAGRAM = 3 };

/* What a record that found no room is counted as. */
enum lost_kind { LOST_COMMANDS, LOST_FILES, LOST_CONNECTIONS, LOST_PROCESSES, LOST_KINDS };

struct record_head {
  __u32 length;
  __u16 kind;  /* record_kind */
  __u16 flags; /* record_flag */
  __u64 time_ns; /* CLOCK_MONOTONIC */
  __u64 session;
  __u32 pid;
  __u32 parent_pid;
  __u32 uid;
  __u32 effective_uid;
  __s32 result;
  __u32 detail[3];
  char name[16]; /* the thread's, as in /proc/PID/comm */
};

struct endpoint {
  __u16 family; /* AF_INET, AF_INET6, AF_UNIX or another */
  __u16 type;   /* SOCK_STREAM, SOCK_DGRAM … */
  __u16 protocol; /* IPPROTO_TCP … */
  __u16 local_port;
  __u16 remote_port;
  __u16 reserved[3];
  __u8 local[16]; /* of AF_INET the first four */
  __u8 remote[16];
};

struct connection_record {
  struct record_head head;
  struct endpoint end;
};

_Static_assert(sizeof(struct record_head) == 72, "the decoder reads 72 bytes");
_Static_assert(sizeof(struct endpoint) == 48, "the decoder reads 48 bytes");
