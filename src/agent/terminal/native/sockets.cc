// Sockets as a login user: each function takes the credentials of that user, or undefined where the agent is no other, and
// does its work with them, so that the kernel decides as if the user had asked: who may bind a port below 1024 or reach a
// unix socket, and whose the connection is to firewalls (xt_owner), SO_PEERCRED and /proc/net. Functions are synchronous
// and never wait; descriptors are non-blocking and close-on-exec.
//
// Credentials belong to threads, and only glibc changes those of all: the system calls here change this thread's, which runs
// nothing else until they are back. That they cannot be given back is no error to report but the end of the process.

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <node_api.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <string>
#include <vector>

namespace {

constexpr size_t kMaxArguments = 3;
constexpr int kBacklog = 128;

struct Arguments {
  napi_env env;
  napi_value values[kMaxArguments] = {};
  Arguments(napi_env env, napi_callback_info info) : env(env) {
    size_t count = kMaxArguments;
    napi_get_cb_info(env, info, &count, values, nullptr, nullptr);
  }
  int32_t integer(size_t index) const {
    int32_t value = -1;
    if (values[index] != nullptr) napi_get_value_int32(env, values[index], &value);
    return value;
  }
  std::string text(size_t index) const {
    size_t length = 0;
    if (values[index] == nullptr || napi_get_value_string_utf8(env, values[index], nullptr, 0, &length) != napi_ok) return "";
    std::string value(length, '\0');
    napi_get_value_string_utf8(env, values[index], value.data(), length + 1, &length);
    return value;
  }
};

// Throws an error whose `code` is the system's name of it, as Node's own have.
napi_value failed(napi_env env, const char* call, int reason) {
  char message[160];
  snprintf(message, sizeof message, "%s: %s", call, strerror(reason));
  const char* name = strerrorname_np(reason);
  napi_throw_error(env, name == nullptr ? "EUNKNOWN" : name, message);
  return nullptr;
}

struct Credentials {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;
};

uint32_t number(napi_env env, napi_value object, const char* name) {
  napi_value value = nullptr;
  uint32_t result = UINT32_MAX;
  napi_get_named_property(env, object, name, &value);
  napi_get_value_uint32(env, value, &result);
  return result;
}

// Reads { uid, gid, groups }; false where there is nothing to change to.
bool read(napi_env env, napi_value value, Credentials* credentials) {
  napi_valuetype type = napi_undefined;
  napi_typeof(env, value, &type);
  if (type != napi_object) return false;
  credentials->uid = number(env, value, "uid");
  credentials->gid = number(env, value, "gid");
  napi_value groups = nullptr;
  uint32_t count = 0;
  napi_get_named_property(env, value, "groups", &groups);
  napi_get_array_length(env, groups, &count);
  for (uint32_t index = 0; index < count; index++) {
    napi_value group = nullptr;
    uint32_t id = UINT32_MAX;
    napi_get_element(env, groups, index, &group);
    napi_get_value_uint32(env, group, &id);
    credentials->groups.push_back(id);
  }
  return true;
}

// This thread is the user while it lives. `errno` is left alone at the end.
class AsUser {
 public:
  AsUser(napi_env env, napi_value value) {
    Credentials user;
    if (!read(env, value, &user)) return;
    groups_.resize(syscall(SYS_getgroups, 0, nullptr));
    syscall(SYS_getgroups, groups_.size(), groups_.data());
    uid_t real, saved;
    gid_t realGroup, savedGroup;
    getresuid(&real, &uid_, &saved);
    getresgid(&realGroup, &gid_, &savedGroup);
    changed_ = true;
    if (syscall(SYS_setgroups, user.groups.size(), user.groups.data()) != 0 ||
        syscall(SYS_setresgid, -1, user.gid, -1) != 0 || syscall(SYS_setresuid, -1, user.uid, -1) != 0 ||
        geteuid() != user.uid || getegid() != user.gid) {
      reason_ = errno == 0 ? EPERM : errno;
    }
  }
  ~AsUser() {
    if (!changed_) return;
    const int reason = errno;
    if (syscall(SYS_setresuid, -1, uid_, -1) != 0 || syscall(SYS_setresgid, -1, gid_, -1) != 0 ||
        syscall(SYS_setgroups, groups_.size(), groups_.data()) != 0) {
      fprintf(stderr, "mezd: the agent's own credentials cannot be taken back\n");
      abort();
    }
    errno = reason;
  }
  AsUser(const AsUser&) = delete;
  AsUser& operator=(const AsUser&) = delete;

  // Why the user's credentials could not be taken; 0 where they were.
  int reason() const { return reason_; }

 private:
  bool changed_ = false;
  int reason_ = 0;
  uid_t uid_ = 0;
  gid_t gid_ = 0;
  std::vector<gid_t> groups_;
};

napi_value result(napi_env env, int32_t value) {
  napi_value converted = nullptr;
  napi_create_int32(env, value, &converted);
  return converted;
}

int streamSocket(int family) { return socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); }

napi_value closed(napi_env env, const char* call, int fd) {
  const int reason = errno;
  if (fd >= 0) close(fd);
  return failed(env, call, reason);
}

// tcp(user, family) -> fd, not connected yet; family is 4 or 6
napi_value Tcp(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  const AsUser user(env, arguments.values[0]);
  if (user.reason() != 0) return failed(env, "setresuid", user.reason());
  const int fd = streamSocket(arguments.integer(1) == 6 ? AF_INET6 : AF_INET);
  return fd < 0 ? closed(env, "socket", fd) : result(env, fd);
}

// listenTcp(user, address, port) -> fd; the address is a numeric one
napi_value ListenTcp(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  const std::string address = arguments.text(1);
  const uint16_t port = htons(static_cast<uint16_t>(arguments.integer(2)));
  sockaddr_in ipv4 = {};
  sockaddr_in6 ipv6 = {};
  ipv4.sin_family = AF_INET;
  ipv4.sin_port = port;
  ipv6.sin6_family = AF_INET6;
  ipv6.sin6_port = port;
  const bool isIpv4 = inet_pton(AF_INET, address.c_str(), &ipv4.sin_addr) == 1;
  if (!isIpv4 && inet_pton(AF_INET6, address.c_str(), &ipv6.sin6_addr) != 1) return failed(env, "inet_pton", EINVAL);

  const AsUser user(env, arguments.values[0]);
  if (user.reason() != 0) return failed(env, "setresuid", user.reason());
  const int on = 1;
  const int fd = streamSocket(isIpv4 ? AF_INET : AF_INET6);
  if (fd < 0) return closed(env, "socket", fd);
  if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) return closed(env, "SO_REUSEADDR", fd);
  if (!isIpv4 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) != 0) return closed(env, "IPV6_V6ONLY", fd);
  const sockaddr* at = isIpv4 ? reinterpret_cast<sockaddr*>(&ipv4) : reinterpret_cast<sockaddr*>(&ipv6);
  if (bind(fd, at, isIpv4 ? sizeof ipv4 : sizeof ipv6) != 0) return closed(env, "bind", fd);
  return listen(fd, kBacklog) == 0 ? result(env, fd) : closed(env, "listen", fd);
}

bool unixAddress(const std::string& path, sockaddr_un* address) {
  if (path.empty() || path.size() >= sizeof address->sun_path || path.find('\0') != std::string::npos) return false;
  *address = {};
  address->sun_family = AF_UNIX;
  memcpy(address->sun_path, path.c_str(), path.size());
  return true;
}

// connectUnix(user, path) -> fd, connected
napi_value ConnectUnix(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  sockaddr_un address;
  if (!unixAddress(arguments.text(1), &address)) return failed(env, "connect", ENAMETOOLONG);
  const AsUser user(env, arguments.values[0]);
  if (user.reason() != 0) return failed(env, "setresuid", user.reason());
  const int fd = streamSocket(AF_UNIX);
  if (fd < 0 || connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return closed(env, "connect", fd);
  return result(env, fd);
}

// listenUnix(user, path) -> fd; nobody but the user may connect
napi_value ListenUnix(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  sockaddr_un address;
  if (!unixAddress(arguments.text(1), &address)) return failed(env, "bind", ENAMETOOLONG);
  const AsUser user(env, arguments.values[0]);
  if (user.reason() != 0) return failed(env, "setresuid", user.reason());
  const int fd = streamSocket(AF_UNIX);
  if (fd < 0 || fchmod(fd, 0600) != 0) return closed(env, "socket", fd);
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return closed(env, "bind", fd);
  return listen(fd, kBacklog) == 0 ? result(env, fd) : closed(env, "listen", fd);
}

// privateDirectory(user, prefix) -> the path of a new directory of the user's alone
napi_value PrivateDirectory(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  std::string path = arguments.text(1) + "XXXXXX";
  const AsUser user(env, arguments.values[0]);
  if (user.reason() != 0) return failed(env, "setresuid", user.reason());
  if (mkdtemp(path.data()) == nullptr) return failed(env, "mkdtemp", errno);
  napi_value made = nullptr;
  napi_create_string_utf8(env, path.c_str(), path.size(), &made);
  return made;
}

// remove(user, path): a file, or a directory that is empty
napi_value Remove(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  const std::string path = arguments.text(1);
  const AsUser user(env, arguments.values[0]);
  if (user.reason() != 0) return failed(env, "setresuid", user.reason());
  return remove(path.c_str()) == 0 ? nullptr : failed(env, "remove", errno);
}

void provide(napi_env env, napi_value exports, const char* name, napi_callback callback) {
  napi_value function = nullptr;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, nullptr, &function);
  napi_set_named_property(env, exports, name, function);
}

napi_value Initialise(napi_env env, napi_value exports) {
  provide(env, exports, "tcp", Tcp);
  provide(env, exports, "listenTcp", ListenTcp);
  provide(env, exports, "connectUnix", ConnectUnix);
  provide(env, exports, "listenUnix", ListenUnix);
  provide(env, exports, "privateDirectory", PrivateDirectory);
  provide(env, exports, "remove", Remove);
  return exports;
}

}  // namespace

NAPI_MODULE(mezite_sockets, Initialise)
