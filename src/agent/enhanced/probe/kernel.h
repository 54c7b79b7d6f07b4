/*
 * What the probe reads of the kernel's structures. Only the fields that it uses are here; where they are in the running
 * kernel, its BTF tells when the probe is loaded (CO-RE), so that one build serves every kernel.
 */
#pragma once

typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;
typedef signed short __s16;
typedef signed int __s32;
typedef signed long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;

enum bpf_map_type {
  BPF_MAP_TYPE_HASH = 1,
  BPF_MAP_TYPE_PERCPU_ARRAY = 6,
  BPF_MAP_TYPE_LRU_HASH = 9,
  BPF_MAP_TYPE_RINGBUF = 27,
  BPF_MAP_TYPE_TASK_STORAGE = 29,
};

#define BPF_F_NO_PREALLOC 1
#define BPF_LOCAL_STORAGE_GET_F_CREATE 1
#define BPF_ANY 0
#define BPF_RB_AVAIL_DATA 0
#define BPF_RB_RING_SIZE 1

#define SIGNAL_GROUP_EXIT 4
#define TS_COMPAT 2

#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define AF_NETLINK 16
#define SOCK_STREAM 1
#define IPPROTO_TCP 6
#define TCP_ESTABLISHED 1
#define TCP_SYN_SENT 2
#define TCP_CLOSE 7

#define EBADF 9
#define EFAULT 14
#define ENOTSOCK 88
#define EISCONN 106
#define EINPROGRESS 115
#define EALREADY 114
#define ECANCELED 125

/* Of the kernel alone: from the one to the other, of a system call that was interrupted. */
#define ERESTARTSYS 512
#define ERESTART_RESTARTBLOCK 516

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
  __u32 val;
} kuid_t;

typedef struct {
  int counter;
} atomic_t;

struct qstr {
  const unsigned char *name;
};
struct dentry {
  struct dentry *d_parent;
  struct qstr d_name;
};
struct vfsmount {
  struct dentry *mnt_root;
};
struct mount {
  struct mount *mnt_parent;
  struct dentry *mnt_mountpoint;
  struct vfsmount mnt;
};
struct path {
  struct vfsmount *mnt;
  struct dentry *dentry;
};
struct file {
  unsigned int f_flags;
  struct path f_path;
  void *private_data;
};
struct fdtable {
  unsigned int max_fds;
  struct file **fd;
};
struct files_struct {
  struct fdtable *fdt;
};
struct fs_struct {
  struct path pwd;
};
struct mm_struct {
  unsigned long arg_start, arg_end;
  struct file *exe_file;
};
struct cred {
  kuid_t uid, euid;
};
struct signal_struct {
  atomic_t live;
  unsigned int flags;
  int group_exit_code;
};
struct thread_info {
  __u32 status;
};
struct task_struct {
  struct thread_info thread_info;
  int pid, tgid, exit_code;
  struct task_struct *real_parent, *group_leader;
  struct mm_struct *mm;
  struct files_struct *files;
  struct fs_struct *fs;
  struct signal_struct *signal;
  const struct cred *cred;
};
struct linux_binprm {
  const char *filename;
};

struct in6_addr {
  __u8 in6_u[16];
};
struct sock_common {
  __u16 skc_family;
  __be32 skc_daddr, skc_rcv_saddr;
  __be16 skc_dport;
  __u16 skc_num;
  struct in6_addr skc_v6_daddr, skc_v6_rcv_saddr;
};
struct sock {
  struct sock_common __sk_common;
  __u16 sk_protocol, sk_type;
  int sk_err;
};
struct socket {
  struct sock *sk;
};
struct sockaddr_un {
  __u16 sun_family;
  char sun_path[108];
};
struct unix_address {
  int len;
  struct sockaddr_un name[];
};
struct unix_sock {
  struct unix_address *addr;
  struct sock *peer;
};

struct io_kiocb {
  __u8 opcode;
};

/* x86-64 */
struct pt_regs {
  unsigned long bp, bx, r10, r9, r8, ax, cx, dx, si, di, orig_ax;
};

#pragma clang attribute pop
