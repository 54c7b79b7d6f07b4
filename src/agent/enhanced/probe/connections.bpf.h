/* Connections: whom a session talks to. */
#pragma once

#define IPPROTO_MPTCP 262
#define UNIX_PATH_BYTES 108
#define FLOW_NS 60000000000ULL
#define MESSAGES 16 /* of one sendmmsg(2) */

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 16384);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, __u64); /* the socket */
  __type(value, struct pending);
} pending_connections SEC(".maps");

/* Whom a process has lately sent datagrams to; not each of them is told. */
struct flow {
  __u32 pid;
  __u32 protocol;
  __u8 address[28];
};

struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 16384);
  __type(key, struct flow);
  __type(value, __u64);
} flows SEC(".maps");

static __u32 connection_count;

/* Both ends of an internet socket, as the kernel has them. */
static __always_inline void read_ends(struct endpoint *end, const struct sock *sock) {
  __builtin_memset(end, 0, sizeof *end);
  end->family = BPF_CORE_READ(sock, __sk_common.skc_family);
  end->type = BPF_CORE_READ(sock, sk_type);
  end->protocol = BPF_CORE_READ(sock, sk_protocol);
  if (end->family != AF_INET && end->family != AF_INET6) return;
  end->local_port = BPF_CORE_READ(sock, __sk_common.skc_num);
  end->remote_port = __builtin_bswap16(BPF_CORE_READ(sock, __sk_common.skc_dport));
  if (end->family == AF_INET) {
    bpf_core_read(end->local, 4, &sock->__sk_common.skc_rcv_saddr);
    bpf_core_read(end->remote, 4, &sock->__sk_common.skc_daddr);
  } else {
    bpf_core_read(end->local, 16, &sock->__sk_common.skc_v6_rcv_saddr);
    bpf_core_read(end->remote, 16, &sock->__sk_common.skc_v6_daddr);
  }
}

/* connect(2) makes a TCP socket SYN_SENT, in the context of who called it. */
static __always_inline void connection_begins(const struct sock *sock, __u64 key) {
  struct task_struct *task = bpf_get_current_task_btf();
  struct tag *tag = begun_tag_of(task);
  if (!tag) return;
  struct connection_record record = {};
  describe(&record.head, RECORD_CONNECT, task, tag->session);
  record.head.result = EINPROGRESS;
  record.head.detail[0] = WAY_CONNECT;
  record.head.detail[1] = __sync_fetch_and_add(&connection_count, 1);
  read_ends(&record.end, sock);
  struct tag *own = bpf_task_storage_get(&tags, task, 0, 0);
  if (own) own->connecting = key;
  struct pending pending = {.since_ns = record.head.time_ns, .head = record.head};
  if (bpf_map_update_elem(&pending_connections, &key, &pending, BPF_ANY) != 0) {
    count_lost(tag->session, LOST_CONNECTIONS);
  }
  submit(&connections, LOST_CONNECTIONS, &record.head, sizeof record);
}

static __always_inline void connection_ends(const struct sock *sock, __u64 key, int state) {
  struct pending *pending = bpf_map_lookup_elem(&pending_connections, &key);
  if (!pending) return;
  struct connection_record record = {.head = pending->head};
  bpf_map_delete_elem(&pending_connections, &key);
  int error = BPF_CORE_READ(sock, sk_err);
  record.head.kind = RECORD_CONNECTED;
  record.head.time_ns = bpf_ktime_get_ns();
  record.head.result = state == TCP_ESTABLISHED ? 0 : error != 0 ? error : ECANCELED;
  read_ends(&record.end, sock);
  submit(&connections, LOST_CONNECTIONS, &record.head, sizeof record);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(on_socket_state, const struct sock *sock, int old_state, int new_state) {
  __u64 key = (__u64)sock;
  if (new_state == TCP_SYN_SENT) connection_begins(sock, key);
  else if (new_state == TCP_ESTABLISHED || new_state == TCP_CLOSE) connection_ends(sock, key, new_state);
  return 0;
}

static __always_inline struct sock *socket_of(struct task_struct *task, __u32 descriptor) {
  struct socket *socket = BPF_CORE_READ(file_of(task, descriptor), private_data);
  return BPF_CORE_READ(socket, sk);
}

/* The remote address as a program gave it: another of its threads may have changed it since. */
static __always_inline void read_asked(struct endpoint *end, unsigned long address) {
  struct {
    __u16 family;
    __u16 port;
    __u8 rest[24];
  } asked = {};
  bpf_probe_read_user(&asked, 8, (void *)address);
  if (asked.family == AF_INET6) bpf_probe_read_user(&asked, sizeof asked, (void *)address);
  if (asked.family != AF_INET && asked.family != AF_INET6) return;
  end->family = asked.family;
  end->remote_port = __builtin_bswap16(asked.port);
  __builtin_memset(end->remote, 0, sizeof end->remote);
  if (asked.family == AF_INET) __builtin_memcpy(end->remote, asked.rest, 4);
  else __builtin_memcpy(end->remote, asked.rest + 4, 16);
}

/* Appends whom a socket of AF_UNIX is connected to, or was to be, as in sockaddr_un.sun_path. */
static __always_inline void append_unix(struct scratch *scratch, const struct sock *sock, unsigned long asked, __u32 bytes) {
  struct unix_sock *peer = (void *)BPF_CORE_READ((struct unix_sock *)sock, peer);
  struct unix_address *address = BPF_CORE_READ(peer, addr);
  char *target = scratch->data + sizeof(struct endpoint);
  __u32 length = address ? BPF_CORE_READ(address, len) : bytes;
  if (length <= 2) return;
  length -= 2;
  if (length > UNIX_PATH_BYTES) length = UNIX_PATH_BYTES;
  long failed = address ? bpf_probe_read_kernel(target, length, (char *)address + bpf_core_field_offset(struct unix_address, name) + 2)
                        : bpf_probe_read_user(target, length, (void *)(asked + 2));
  if (failed) scratch->head.flags |= FLAG_CUT;
  else scratch->used += length;
}

/* connect(2) has returned: tells of it, unless the change of the socket's state has. */
static __noinline int connect_returned(struct scratch *scratch, struct task_struct *task, __u64 *arguments, long result) {
  if (result == -EBADF || result == -ENOTSOCK || result == -EISCONN || result == -EALREADY) return 0;
  struct endpoint *end = (void *)scratch->data;
  struct sock *sock = socket_of(task, arguments[0]);
  struct tag *own = bpf_task_storage_get(&tags, task, 0, 0);
  __u64 begun = own ? own->connecting : 0;
  if (own) own->connecting = 0;
  read_ends(end, sock);
  if (end->family == AF_NETLINK) return 0;
  if (end->protocol == IPPROTO_TCP || end->protocol == IPPROTO_MPTCP) {
    if (result == 0 || result == -EINPROGRESS) return 0;
    if (begun == (__u64)sock || (begun != 0 && end->protocol == IPPROTO_MPTCP)) return 0;
  }
  scratch->head.kind = RECORD_CONNECT;
  scratch->head.result = -result;
  scratch->head.detail[0] = WAY_CONNECT;
  scratch->head.detail[1] = __sync_fetch_and_add(&connection_count, 1);
  scratch->used = sizeof *end;
  if (end->family == AF_UNIX) append_unix(scratch, sock, arguments[1], arguments[2]);
  else if (result != 0) read_asked(end, arguments[1]);
  submit_scratch(&connections, LOST_CONNECTIONS, scratch);
  return 0;
}

static __noinline int accept_returned(struct scratch *scratch, struct task_struct *task, long result) {
  if (result < 0) return 0;
  struct endpoint *end = (void *)scratch->data;
  read_ends(end, socket_of(task, result));
  if (end->family != AF_INET && end->family != AF_INET6) return 0;
  scratch->head.kind = RECORD_CONNECT;
  scratch->head.detail[0] = WAY_ACCEPT;
  scratch->head.detail[1] = __sync_fetch_and_add(&connection_count, 1);
  scratch->used = sizeof *end;
  submit_scratch(&connections, LOST_CONNECTIONS, scratch);
  return 0;
}

/* A datagram was sent to an address: tells of the first from a process to there, and again after a minute. */
static __noinline int datagram_sent(struct scratch *scratch, struct task_struct *task, __u32 descriptor, unsigned long address) {
  if (address == 0) return 0;
  struct endpoint *end = (void *)scratch->data;
  read_ends(end, socket_of(task, descriptor));
  if (end->family != AF_INET && end->family != AF_INET6) return 0;
  /* Of TCP the change of the socket's state tells, unless root makes up its packets by itself. */
  if (end->protocol == IPPROTO_TCP && end->type == SOCK_STREAM) return 0;
  read_asked(end, address);
  struct flow flow = {.pid = scratch->head.pid, .protocol = end->protocol};
  __builtin_memcpy(flow.address, end->remote, 16);
  flow.address[16] = end->remote_port >> 8;
  flow.address[17] = end->remote_port;
  __u64 now = scratch->head.time_ns;
  __u64 *last = bpf_map_lookup_elem(&flows, &flow);
  if (last && now - *last < FLOW_NS) return 0;
  bpf_map_update_elem(&flows, &flow, &now, BPF_ANY);
  scratch->head.kind = RECORD_CONNECT;
  scratch->head.detail[0] = WAY_DATAGRAM;
  scratch->head.detail[1] = __sync_fetch_and_add(&connection_count, 1);
  scratch->used = sizeof *end;
  submit_scratch(&connections, LOST_CONNECTIONS, scratch);
  return 0;
}

/* The address in a msghdr, which in the memory of 32-bit programs has shorter pointers. */
static __always_inline unsigned long message_address(unsigned long message, int narrow) {
  __u64 wide = 0;
  __u32 short_one = 0;
  if (narrow) {
    bpf_probe_read_user(&short_one, sizeof short_one, (void *)message);
    return short_one;
  }
  bpf_probe_read_user(&wide, sizeof wide, (void *)message);
  return wide;
}

static __noinline int messages_sent(struct scratch *scratch, struct task_struct *task, __u64 *arguments, long count, int narrow) {
  for (int index = 0; index < MESSAGES; index++) {
    if (index >= count) return 0;
    unsigned long message = arguments[1] + index * (narrow ? 32 : 64);
    datagram_sent(scratch, task, arguments[0], message_address(message, narrow));
  }
  if (count > MESSAGES) count_lost(scratch->head.session, LOST_CONNECTIONS);
  return 0;
}
