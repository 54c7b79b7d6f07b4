/*
 * Which system calls matter, by their numbers in the three tables of x86-64: its own, that of 32-bit programs (and of
 * `int 0x80`, from whatever program), and x32, which adds a bit to the first and has some of its own.
 */
#pragma once

#define X32_BIT 0x40000000u

enum call {
  CALL_NONE,
  CALL_OPEN,      /* (path, flags) */
  CALL_CREAT,     /* (path) */
  CALL_OPENAT,    /* (directory, path, flags) */
  CALL_OPENAT2,   /* (directory, path, how) */
  CALL_OPEN_HANDLE, /* (mount, handle, flags) */
  CALL_EXECVE,    /* (path, …) */
  CALL_EXECVEAT,  /* (directory, path, …) */
  CALL_CONNECT,   /* (socket, address, bytes) */
  CALL_ACCEPT,    /* (socket, …) */
  CALL_SENDTO,    /* (socket, data, bytes, flags, address, bytes) */
  CALL_SENDMSG,   /* (socket, message, flags) */
  CALL_SENDMMSG,  /* (socket, messages, count, flags) */
  CALL_SOCKETCALL /* (which, arguments): how 32-bit programs make most of those above */
};

static __always_inline enum call call_of_64(__u32 number) {
  switch (number & ~X32_BIT) {
    case 2: return CALL_OPEN;
    case 85: return CALL_CREAT;
    case 257: return CALL_OPENAT;
    case 437: return CALL_OPENAT2;
    case 304: return CALL_OPEN_HANDLE;
    case 59:
    case 520: return CALL_EXECVE;
    case 322:
    case 545: return CALL_EXECVEAT;
    case 42: return CALL_CONNECT;
    case 43:
    case 288: return CALL_ACCEPT;
    case 44: return CALL_SENDTO;
    case 46:
    case 518: return CALL_SENDMSG;
    case 307:
    case 538: return CALL_SENDMMSG;
  }
  return CALL_NONE;
}

static __always_inline enum call call_of_32(__u32 number) {
  switch (number) {
    case 5: return CALL_OPEN;
    case 8: return CALL_CREAT;
    case 295: return CALL_OPENAT;
    case 437: return CALL_OPENAT2;
    case 342: return CALL_OPEN_HANDLE;
    case 11: return CALL_EXECVE;
    case 358: return CALL_EXECVEAT;
    case 362: return CALL_CONNECT;
    case 364: return CALL_ACCEPT;
    case 369: return CALL_SENDTO;
    case 370: return CALL_SENDMSG;
    case 345: return CALL_SENDMMSG;
    case 102: return CALL_SOCKETCALL;
  }
  return CALL_NONE;
}

/* What the first argument of socketcall(2) means. */
static __always_inline enum call call_of_socketcall(__u32 number) {
  switch (number) {
    case 3: return CALL_CONNECT;
    case 5:
    case 18: return CALL_ACCEPT;
    case 11: return CALL_SENDTO;
    case 16: return CALL_SENDMSG;
    case 20: return CALL_SENDMMSG;
  }
  return CALL_NONE;
}
